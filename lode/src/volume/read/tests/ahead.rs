//! What is read ahead: in bounds, and for as long as it is wanted.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::TryStreamExt;
use proptest::prelude::*;

use super::support::*;
use crate::volume::VolumeLimits;

/// Lets every task that can run do so.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_more_is_held_than_may_be_read_ahead() {
    // Blocks that are read whole, in pieces, and many at once.
    for (count, size) in [(40, 100_000), (2, 3_000_000), (3000, 1000)] {
        let mut disk = Disk::new();
        for i in 0..count {
            disk.block(i * size, &i.to_string(), noise(i, size as usize)).await;
        }
        let total = count * size;
        let limits = VolumeLimits {
            read_ahead_bytes: 500_000,
            reads_in_flight: 1000,
            ..VolumeLimits::default()
        };
        let volume = disk.limited(total, limits);
        let mut stream = volume.stream(0..total);
        let (mut given, mut most) = (0, 0);
        settle().await;
        assert_eq!(disk.watch.requests(), 0, "nothing is asked before it is wanted");
        while let Some(chunk) = stream.try_next().await.unwrap() {
            given += chunk.len() as u64;
            settle().await;
            let held = disk.watch.bytes_asked() - given;
            assert!(held <= 500_000, "{held} bytes are held");
            most = most.max(held);
        }
        assert_eq!(given, total);
        assert_eq!(disk.watch.bytes_asked(), total, "bytes were fetched twice");
        assert!(most >= 375_000, "only {most} bytes were read ahead");
    }
}

#[tokio::test]
async fn no_more_requests_are_made_at_once_than_allowed() {
    let mut disk = Disk::new();
    for i in 0..100 {
        disk.block(i * 10, &i.to_string(), noise(i, 10)).await;
    }
    let limits = VolumeLimits { reads_in_flight: 3, ..VolumeLimits::default() };
    let volume = disk.limited(1000, limits);
    volume.stream(0..1000).try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(disk.watch.most_in_flight.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_stream_that_is_dropped_asks_for_nothing_more() {
    let mut disk = Disk::new();
    for i in 0..100 {
        disk.block(i * 1000, &i.to_string(), noise(i, 1000)).await;
    }
    let volume = disk.volume(100_000);
    let mut stream = volume.stream(0..100_000);
    stream.try_next().await.unwrap();
    drop(stream);
    settle().await;
    let asked = disk.watch.requests();
    assert!(asked < 40, "{asked} requests");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(disk.watch.requests(), asked);
}

#[tokio::test]
async fn small_blocks_are_given_only_once_they_are_verified() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 1000)).await;
    disk.block(1000, "b", noise(2, 200_000)).await;
    disk.object("b", noise(3, 200_000)).await;
    let volume = disk.volume(201_000);
    let mut stream = volume.stream(0..201_000);
    assert_eq!(stream.try_next().await.unwrap().unwrap(), noise(1, 1000));
    assert!(stream.try_next().await.unwrap_err().is_corrupt());
    assert!(stream.try_next().await.unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Objects around the sizes at which they are cut.
    #[test]
    fn pieces_make_up_the_range(plan in plans(400_000), read_ahead_bytes in 0..700_000_usize) {
        run(async {
            let (disk, map) = plan.build().await;
            let limits = VolumeLimits { read_ahead_bytes, ..VolumeLimits::default() };
            let volume = disk.limited(map.len() as u64, limits);
            for range in volume.coverage() {
                let streamed: Vec<_> = volume.stream(range.clone()).try_collect().await.unwrap();
                let expected = &map[range.start as usize..range.end as usize];
                let expected: Vec<u8> = expected.iter().map(|byte| byte.unwrap()).collect();
                assert!(streamed.concat() == expected, "{range:?} reads differently");
                assert!(streamed.iter().all(|chunk| !chunk.is_empty()));
            }
        });
    }
}
