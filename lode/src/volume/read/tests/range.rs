use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures::TryStreamExt;

use super::support::*;
use proptest::prelude::*;

use crate::error::Error;
use crate::progress::Progress;
use crate::volume::VolumeLimits;

#[tokio::test]
async fn a_range_of_one_block_is_one_request_and_no_copy() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 100_000)).await;
    let volume = disk.volume(200_000);
    let stored = disk.store.get_bytes(&key("a"), u64::MAX, None).await.unwrap().unwrap();
    let before = disk.watch.requests();

    let bytes = volume.read_at(5000..9096).await.unwrap();
    assert_eq!(bytes, stored.slice(5000..9096));
    assert_eq!(bytes.as_ptr(), stored[5000..].as_ptr());
    assert_eq!(disk.watch.requests(), before + 1);

    assert_eq!(volume.read_at(0..100_000).await.unwrap(), stored);
    assert_eq!(volume.read_at(7..7).await.unwrap(), "");
    assert_eq!(volume.read_at(200_000..200_000).await.unwrap(), "");
    assert_eq!(disk.watch.requests(), before + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_can_be_spawned() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 10)).await;
    disk.block(10, "b", noise(2, 10)).await;
    let volume = disk.volume(20);
    let read = tokio::spawn({
        let volume = volume.clone();
        async move { volume.read_at(5..15).await }
    });
    let into = tokio::spawn(async move {
        let mut buffer = [0; 10];
        volume.read_at_into(5, &mut buffer).await.map(|()| buffer)
    });
    assert_eq!(read.await.unwrap().unwrap(), into.await.unwrap().unwrap()[..]);
}

#[tokio::test]
async fn several_blocks_are_read_at_once_up_to_the_limit() {
    let mut disk = Disk::new();
    for i in 0..40 {
        disk.block(i * 10, &i.to_string(), noise(i, 10)).await;
    }
    let limits = VolumeLimits { reads_in_flight: 5, ..VolumeLimits::default() };
    let volume = disk.limited(400, limits);
    let expected = (0..40).flat_map(|i| noise(i, 10)).collect::<Vec<u8>>();

    assert_eq!(volume.read_at(3..397).await.unwrap(), expected[3..397]);
    assert_eq!(disk.watch.most_in_flight.swap(0, Ordering::SeqCst), 5);
    assert_eq!(disk.watch.requests(), 40);

    let mut buffer = vec![0; 394];
    volume.read_at_into(3, &mut buffer).await.unwrap();
    assert_eq!(buffer, expected[3..397]);
    assert_eq!(disk.watch.most_in_flight.load(Ordering::SeqCst), 5);

    let none = VolumeLimits { reads_in_flight: 0, read_ahead_bytes: 0, ..VolumeLimits::default() };
    let volume = disk.limited(400, none);
    assert_eq!(volume.read_at(0..400).await.unwrap(), expected);
    let streamed: Vec<_> = volume.stream(0..400).try_collect().await.unwrap();
    assert_eq!(streamed.concat(), expected);
}

#[tokio::test]
async fn neighbours_of_one_object_are_one_request() {
    let mut disk = Disk::new();
    let bytes = noise(1, 300);
    let block = whole(0, "a", &bytes);
    disk.object("a", bytes.clone()).await;
    disk.object("b", noise(2, 50)).await;
    let other = whole(300, "b", &noise(2, 50));
    disk.blocks = vec![
        part(&block, 0, 0..100),
        part(&block, 100, 100..150),
        part(&block, 150, 150..300),
        part(&other, 300, 0..50),
        // Not neighbours in the object.
        part(&block, 350, 10..20),
        part(&block, 360, 30..40),
    ];
    let volume = disk.volume(370);
    let asked = |from: usize| disk.watch.asked.lock().unwrap()[from..].to_vec();

    assert_eq!(volume.read_at(0..300).await.unwrap(), bytes);
    assert_eq!(asked(0), [(key("a"), 0..300)]);
    assert_eq!(volume.read_at(90..160).await.unwrap(), bytes.slice(90..160));
    assert_eq!(asked(1), [(key("a"), 90..160)]);
    let all = volume.read_at(0..370).await.unwrap();
    assert_eq!(all.slice(350..370), [&bytes[10..20], &bytes[30..40]].concat());
    let mut requests = asked(2);
    requests.sort_by_key(|(path, range)| (path.clone(), range.end));
    let expected = [(key("a"), 10..20), (key("a"), 30..40), (key("a"), 0..300), (key("b"), 0..50)];
    assert_eq!(requests, expected);
}

#[tokio::test]
async fn what_is_not_there_is_told_before_anything_is_asked() {
    let mut disk = Disk::new();
    disk.block(10, "a", noise(1, 10)).await;
    disk.block(30, "b", noise(2, 10)).await;
    let volume = disk.volume(50);
    let mut buffer = [0; 45];
    let errors = [
        volume.read_at(5..50).await.unwrap_err(),
        volume.read_at_into(5, &mut buffer).await.unwrap_err(),
        volume.stream(5..50).try_next().await.unwrap_err(),
    ];
    for error in errors {
        let Error::RangeMissing { volume, snapshot, gaps } = error else { panic!("{error}") };
        assert_eq!((volume.as_str(), snapshot.get()), ("disk", 1));
        assert_eq!(gaps, [5..10, 20..30, 40..50]);
    }
    #[allow(clippy::reversed_empty_ranges)]
    for range in [49..51, 51..51, 20..10, 0..u64::MAX, u64::MAX..u64::MAX] {
        let errors = [
            volume.read_at(range.clone()).await.unwrap_err(),
            volume.stream(range.clone()).try_next().await.unwrap_err(),
            volume.gaps_in(range.clone()).unwrap_err(),
        ];
        for error in errors {
            let Error::OutOfBounds { range: found, len: 50, .. } = error else { panic!("{error}") };
            assert_eq!(found, range);
        }
    }
    for offset in [6, 50, u64::MAX - 10, u64::MAX] {
        let error = volume.read_at_into(offset, &mut buffer).await.unwrap_err();
        assert!(matches!(error, Error::OutOfBounds { .. }), "{error}");
    }
    assert_eq!(disk.watch.requests(), 0);

    assert_eq!(volume.coverage(), [10..20, 30..40]);
    assert_eq!(volume.gaps(), [0..10, 20..30, 40..50]);
    assert_eq!(volume.gaps_in(12..35).unwrap(), [20..30]);
    assert_eq!((volume.covered_bytes(), volume.is_complete()), (20, false));
    assert_eq!(volume.runs().count(), 5);
    disk.blocks = vec![whole(0, "a", &noise(1, 10)), whole(10, "b", &noise(2, 10))];
    assert!(disk.volume(20).is_complete());
}

#[tokio::test]
async fn progress_is_told() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 100)).await;
    disk.block(100, "b", noise(2, 300_000)).await;
    let mut volume = disk.volume(300_100);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    volume.context.progress = Some(Arc::new(move |p: Progress| tell.lock().unwrap().push(p)));
    let last = || *told.lock().unwrap().last().unwrap();

    volume.read_at(0..200).await.unwrap();
    assert_eq!((last().bytes, last().files, last().records), (200, 1, 0));
    for window in [100_000, 8 << 20] {
        volume.context.limits.read_ahead_bytes = window;
        volume.stream(0..300_100).try_collect::<Vec<_>>().await.unwrap();
        assert_eq!((last().bytes, last().files), (300_100, 2));
    }
}

proptest! {
    #[test]
    fn every_range_reads_as_the_model_says(
        plan in plans(200),
        ends in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 8),
    ) {
        run(async {
            let (disk, map) = plan.build().await;
            let volume = disk.volume(map.len() as u64);
            for (a, b) in ends {
                let (a, b) = (a.index(map.len() + 1), b.index(map.len() + 1));
                let range = a.min(b)..a.max(b);
                let place = range.start as u64..range.end as u64;
                let missing = gaps(&map, range.clone());
                let mut buffer = vec![0; range.len()];
                let read = volume.read_at(place.clone()).await;
                let into = volume.read_at_into(place.start, &mut buffer).await;
                let streamed: Result<Vec<_>, _> = volume.stream(place).try_collect().await;
                if missing.is_empty() {
                    let expected: Vec<u8> = map[range].iter().map(|byte| byte.unwrap()).collect();
                    assert_eq!(read.unwrap(), expected);
                    into.unwrap();
                    assert_eq!(buffer, expected);
                    assert_eq!(streamed.unwrap().concat(), expected);
                } else {
                    for error in [read.unwrap_err(), into.unwrap_err(), streamed.unwrap_err()] {
                        let Error::RangeMissing { gaps, .. } = error else { panic!("{error}") };
                        assert_eq!(gaps, missing);
                    }
                }
            }
        });
    }
}
