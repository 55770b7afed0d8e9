use std::io::{self, SeekFrom};

use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt};

use super::support::*;
use crate::error::Error;
use crate::volume::{VolumeLimits, VolumeReader};

fn is_portable(_: &(impl Send + Unpin + 'static)) {}

fn gaps_of(error: io::Error) -> Vec<std::ops::Range<u64>> {
    assert_eq!(error.kind(), io::ErrorKind::Other);
    match error.into_inner().unwrap().downcast().map(|error| *error) {
        Ok(Error::RangeMissing { gaps, .. }) => gaps,
        other => panic!("{other:?}"),
    }
}

/// Reads a volume of blocks of many sizes in every way, with much and little ahead.
async fn read_to_the_end(mut disk: Disk, is_watched: bool) {
    let mut expected = Vec::new();
    let sizes = [100, 3_000_000, 1, 70_000, 500_000, 500_000, 500_000, 400_000, 17];
    for (i, size) in sizes.into_iter().enumerate() {
        let bytes = noise(i as u64, size);
        disk.block(expected.len() as u64, &i.to_string(), bytes.clone()).await;
        expected.extend(bytes);
    }
    for read_ahead_bytes in [0, 100_000, 8 << 20] {
        let limits = VolumeLimits { read_ahead_bytes, ..VolumeLimits::default() };
        let mut reader = disk.limited(expected.len() as u64, limits).reader();
        is_portable(&reader);
        let mut read = Vec::new();
        let asked = disk.watch.bytes_asked();
        reader.read_to_end(&mut read).await.unwrap();
        assert!(read == expected);
        if is_watched {
            assert_eq!(disk.watch.bytes_asked() - asked, expected.len() as u64);
        }
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);

        let mut copied = Vec::new();
        reader.seek(SeekFrom::Start(50)).await.unwrap();
        tokio::io::copy_buf(&mut reader, &mut copied).await.unwrap();
        assert!(copied == expected[50..]);
    }
}

#[tokio::test]
async fn a_volume_is_read_to_its_end() {
    read_to_the_end(Disk::new(), true).await;
}

#[cfg(feature = "local")]
#[tokio::test]
async fn a_volume_on_disk_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let [files, behind] = Disk::on_files(dir.path());
    read_to_the_end(files, false).await;
    read_to_the_end(behind, true).await;
}

#[tokio::test]
async fn consuming_more_than_there_is_passes_nothing() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 10)).await;
    disk.block(10, "b", noise(2, 10)).await;
    let mut reader = disk.volume(20).reader();
    assert_eq!(reader.fill_buf().await.unwrap(), noise(1, 10));
    reader.consume(1000);
    assert_eq!(reader.fill_buf().await.unwrap(), noise(2, 10));
}

#[tokio::test]
async fn a_gap_is_told_after_the_bytes_before_it() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 10)).await;
    disk.block(20, "b", noise(2, 10)).await;
    let mut reader = disk.volume(35).reader();
    let mut buffer = [0; 64];

    assert_eq!(reader.read(&mut buffer).await.unwrap(), 10);
    assert_eq!(buffer[..10], noise(1, 10));
    for _ in 0..2 {
        assert_eq!(gaps_of(reader.read(&mut buffer).await.unwrap_err()), [10..20]);
        assert_eq!(reader.stream_position().await.unwrap(), 10);
    }
    reader.seek(SeekFrom::Start(12)).await.unwrap();
    assert_eq!(gaps_of(reader.read(&mut buffer).await.unwrap_err()), [12..20]);
    reader.seek(SeekFrom::Current(10)).await.unwrap();
    assert_eq!(reader.read(&mut buffer).await.unwrap(), 8);
    assert_eq!(buffer[..8], noise(2, 10)[2..]);
    assert_eq!(gaps_of(reader.read(&mut buffer).await.unwrap_err()), [30..35]);
    reader.seek(SeekFrom::End(0)).await.unwrap();
    assert_eq!(reader.read(&mut buffer).await.unwrap(), 0);
}

#[tokio::test]
async fn a_position_that_cannot_be_is_refused_and_the_old_one_kept() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 10)).await;
    let mut reader = disk.volume(10).reader();
    reader.seek(SeekFrom::Start(4)).await.unwrap();
    for to in [SeekFrom::Current(-5), SeekFrom::End(-11), SeekFrom::End(i64::MIN)] {
        let error = reader.seek(to).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(reader.stream_position().await.unwrap(), 4);
    }
    reader.seek(SeekFrom::Start(u64::MAX)).await.unwrap();
    assert_eq!(reader.read(&mut [0; 4]).await.unwrap(), 0);
    assert!(reader.seek(SeekFrom::Current(1)).await.is_err());
    reader.seek(SeekFrom::End(-1)).await.unwrap();
    assert_eq!(reader.read_u8().await.unwrap(), noise(1, 10)[9]);
}

#[tokio::test]
async fn a_reader_that_jumps_does_not_fetch_all_between() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 4 << 20)).await;
    let mut reader = disk.volume(4 << 20).reader();
    for i in 0..10 {
        reader.seek(SeekFrom::Start(i * 400_000)).await.unwrap();
        let mut buffer = [0; 4096];
        reader.read_exact(&mut buffer).await.unwrap();
    }
    assert!(disk.watch.bytes_asked() < 10 * 256 * 1024, "{}", disk.watch.bytes_asked());
    // Back and forth in what was just read: nothing is asked.
    let asked = disk.watch.requests();
    for by in [-4096, 100, -50] {
        reader.seek(SeekFrom::Current(by)).await.unwrap();
        reader.read_u8().await.unwrap();
    }
    assert_eq!(disk.watch.requests(), asked);
}

#[derive(Debug, Clone)]
enum Step {
    Read(usize),
    Start(prop::sample::Index),
    Current(i64),
    End(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..200_000_usize).prop_map(Step::Read),
        1 => any::<prop::sample::Index>().prop_map(Step::Start),
        2 => (-100_000..100_000_i64).prop_map(Step::Current),
        1 => (-300_000..10_i64).prop_map(Step::End),
    ];
    prop::collection::vec(step, 1..25)
}

async fn step(reader: &mut VolumeReader, map: &Bytemap, at: &mut u64, step: Step) {
    let to = match step {
        Step::Read(wanted) => return read(reader, map, at, wanted).await,
        Step::Start(to) => SeekFrom::Start(to.index(map.len() + 2) as u64),
        Step::Current(by) => SeekFrom::Current(by),
        Step::End(by) => SeekFrom::End(by),
    };
    let expected = match to {
        SeekFrom::Start(to) => Some(to),
        SeekFrom::Current(by) => at.checked_add_signed(by),
        SeekFrom::End(by) => (map.len() as u64).checked_add_signed(by),
    };
    let found = reader.seek(to).await;
    assert_eq!(found.ok(), expected);
    *at = expected.unwrap_or(*at);
}

async fn read(reader: &mut VolumeReader, map: &Bytemap, at: &mut u64, wanted: usize) {
    let mut buffer = vec![0; wanted];
    let from = usize::try_from(*at).unwrap();
    match reader.read(&mut buffer).await {
        Ok(0) => assert!(wanted == 0 || from >= map.len(), "nothing was read at {from}"),
        Ok(n) => {
            for (i, byte) in buffer[..n].iter().enumerate() {
                assert_eq!(map[from + i], Some(*byte), "at {}", from + i);
            }
            *at += n as u64;
        }
        Err(error) => {
            assert_eq!(gaps_of(error), gaps(map, from..map.len())[..1]);
            assert_eq!(map[from], None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn reads_and_seeks_are_those_of_a_file(
        plan in plans(300_000),
        steps in steps(),
        read_ahead_bytes in 0..700_000_usize,
    ) {
        run(async {
            let (disk, map) = plan.build().await;
            let limits = VolumeLimits { read_ahead_bytes, ..VolumeLimits::default() };
            let mut reader = disk.limited(map.len() as u64, limits).reader();
            let mut at = 0;
            for next in steps {
                step(&mut reader, &map, &mut at, next).await;
            }
        });
    }
}
