//! Objects that are not what the manifest says, and stores that lie.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::TryStreamExt;

use super::support::*;
use crate::checksum::Checksum;
use crate::error::Error;
use crate::manifest::BlockRef;
use crate::volume::state::Committed;
use crate::volume::{Volume, VolumeLimits};

fn flipped(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    bytes.into()
}

/// The errors of reading all of a volume in every way there is.
async fn every_way(volume: &Volume<Committed>) -> Vec<Error> {
    let len = volume.total_length();
    let mut errors = vec![volume.read_at(0..len).await.unwrap_err()];
    let mut buffer = vec![0; usize::try_from(len).unwrap().min(1 << 20)];
    if buffer.len() as u64 == len {
        errors.push(volume.read_at_into(0, &mut buffer).await.unwrap_err());
    }
    errors.push(volume.stream(0..len).try_collect::<Vec<_>>().await.unwrap_err());
    let error = tokio::io::copy(&mut volume.reader(), &mut tokio::io::sink()).await.unwrap_err();
    errors.push(*error.into_inner().unwrap().downcast().unwrap());
    errors
}

fn assert_corrupt(error: &Error, part: &str) {
    assert!(error.is_corrupt(), "{error}");
    let text = error.to_string();
    assert!(text.contains(&key("a")) && text.contains(part), "{text}");
}

#[tokio::test]
async fn a_block_read_whole_is_verified_and_a_part_is_not() {
    for size in [1, 1000, 40_000, 500_000] {
        let bytes = noise(3, size);
        for (algorithm, name) in [(Checksum::Xxh3_128, None), (Checksum::Md5, Some("md5"))] {
            let mut disk = Disk::new();
            disk.blocks = vec![BlockRef {
                checksum: Some(algorithm.of(&bytes)),
                checksum_algorithm: name.map(str::to_owned),
                ..whole(0, "a", &bytes)
            }];
            let limits = VolumeLimits { read_ahead_bytes: 200_000, ..VolumeLimits::default() };
            let volume = disk.limited(size as u64, limits);
            disk.object("a", bytes.clone()).await;
            assert_eq!(volume.read_at(0..size as u64).await.unwrap(), bytes);

            disk.object("a", flipped(&bytes)).await;
            for error in every_way(&volume).await {
                assert_corrupt(&error, &algorithm.of(&bytes));
            }
            let part = volume.read_at(0..size as u64 - 1).await.unwrap();
            assert_eq!(part, bytes.slice(..size - 1));
        }
    }
}

#[cfg(feature = "local")]
#[tokio::test]
async fn a_file_read_whole_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    for mut disk in Disk::on_files(dir.path()) {
        let bytes = noise(3, 700_000);
        disk.block(0, "a", bytes.clone()).await;
        let volume = disk.volume(700_000);
        assert_eq!(volume.read_at(0..700_000).await.unwrap(), bytes);
        assert_eq!(volume.read_at(9..600_000).await.unwrap(), bytes.slice(9..600_000));
        disk.object("a", flipped(&bytes)).await;
        for error in every_way(&volume).await {
            assert_corrupt(&error, "its xxh3-128 is");
        }
        disk.object("a", bytes.slice(1..)).await;
        for error in every_way(&volume).await {
            assert_corrupt(&error, "699999");
        }
        let file = dir.path().join(key("a"));
        std::fs::remove_file(&file).unwrap();
        for error in every_way(&volume).await {
            assert_corrupt(&error, "it is missing");
        }
        std::fs::create_dir(&file).unwrap();
        for error in every_way(&volume).await {
            assert_corrupt(&error, "it is missing");
        }
        std::fs::remove_dir(&file).unwrap();
    }
}

/// A file is no file of its own name below another.
#[cfg(feature = "local")]
#[tokio::test]
async fn a_file_that_cannot_be_opened_is_an_error_of_the_store() {
    let dir = tempfile::tempdir().unwrap();
    for mut disk in Disk::on_files(dir.path()) {
        disk.block(0, "a", noise(3, 1000)).await;
        disk.blocks[0].path = format!("{}/below", key("a"));
        for error in every_way(&disk.volume(1000)).await {
            assert!(matches!(error, Error::Storage { operation: "get", .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn the_error_of_a_large_block_is_its_last_piece() {
    let bytes = noise(3, 1_000_000);
    let mut disk = Disk::new();
    disk.block(0, "a", bytes.clone()).await;
    disk.block(1_000_000, "b", "after").await;
    disk.object("a", flipped(&bytes)).await;
    let limits = VolumeLimits { read_ahead_bytes: 400_000, ..VolumeLimits::default() };
    let volume = disk.limited(1_000_005, limits);

    let mut stream = volume.stream(0..1_000_005);
    let mut read = Vec::new();
    let error = loop {
        match stream.try_next().await {
            Ok(chunk) => read.extend(chunk.expect("the damage was not told")),
            Err(error) => break error,
        }
    };
    assert_corrupt(&error, "its xxh3-128 is");
    assert!(stream.try_next().await.unwrap().is_none());
    assert_eq!(read, bytes[..read.len()]);
    assert!((800_000..1_000_000).contains(&read.len()), "{}", read.len());

    let part: Vec<_> = volume.stream(1..1_000_005).try_collect().await.unwrap();
    assert_eq!(part.concat().len(), 1_000_004);
}

#[tokio::test]
async fn a_checksum_that_is_not_known_matters_where_it_is_needed() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(1, 300_000)).await;
    disk.blocks[0].checksum_algorithm = Some("crc-9000".to_owned());
    let limits = VolumeLimits { read_ahead_bytes: 200_000, ..VolumeLimits::default() };
    for error in every_way(&disk.limited(300_000, limits)).await {
        assert!(matches!(&error, Error::CodecUnavailable { codec, .. } if codec == "crc-9000"));
    }
    disk.volume(300_000).read_at(1..300_000).await.unwrap();
    disk.blocks[0].checksum = None;
    disk.volume(300_000).read_at(0..300_000).await.unwrap();
}

#[tokio::test]
async fn an_object_of_another_size_is_corrupt_wherever_it_is_read() {
    let bytes = noise(3, 1000);
    let mut disk = Disk::new();
    disk.block(0, "a", bytes.clone()).await;
    let volume = disk.volume(1000);
    for found in [bytes.slice(..500), bytes.slice(..0), [&bytes[..], b"!"].concat().into()] {
        disk.object("a", found.clone()).await;
        for error in every_way(&volume).await {
            assert_corrupt(
                &error,
                &format!("it has {} bytes, and the manifest says 1000", found.len()),
            );
        }
        for range in [0..10, 700..1000] {
            let error = volume.read_at(range).await.unwrap_err();
            assert_corrupt(&error, &format!("{} bytes", found.len()));
        }
    }
}

#[tokio::test]
async fn a_store_that_lies_is_found_out() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(3, 1000)).await;
    let volume = disk.volume(1000);
    let watch = &disk.watch;
    // What is stored may be well: only the answer is wrong.
    let lies = [
        (&watch.cuts, "the answer has 999 of 1000 bytes", "the answer has 9 of 10 bytes"),
        (&watch.adds, "the answer has more than 1000 bytes", "the answer has more than 10 bytes"),
        (
            &watch.shifts,
            "bytes 1..1001 came for bytes 0..1000",
            "bytes 11..21 came for bytes 10..20",
        ),
    ];
    let assert_said = |error: Error, said: &str| {
        assert!(error.is_retryable(), "{error}");
        let Error::Storage { path, source, .. } = &error else { panic!("{error:?}") };
        assert!(*path == key("a") && source.to_string().contains(said), "{source}");
    };
    for (lie, of_all, of_some) in lies {
        lie.store(true, Ordering::SeqCst);
        for error in every_way(&volume).await {
            assert_said(error, of_all);
        }
        assert_said(volume.read_at(10..20).await.unwrap_err(), of_some);
        lie.store(false, Ordering::SeqCst);
    }
    watch.is_down.store(true, Ordering::SeqCst);
    for error in every_way(&volume).await {
        assert!(matches!(&error, Error::Storage { path, .. } if *path == key("a")), "{error}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_manifest_that_claims_too_much_costs_nothing() {
    let mut disk = Disk::new();
    disk.object("a", "small").await;
    let huge = 1 << 62;
    disk.blocks = vec![
        BlockRef { length: huge, object_length: huge, ..whole(0, "a", b"small") },
        BlockRef { length: huge - 1, object_length: huge - 1, ..whole(huge, "a", b"small") },
    ];
    for error in every_way(&disk.volume(2 * huge - 1)).await {
        assert_corrupt(&error, "it has 5 bytes");
    }
}

#[tokio::test]
async fn a_missing_object_is_corrupt() {
    let mut disk = Disk::new();
    disk.block(0, "a", noise(3, 1000)).await;
    let volume = disk.volume(1000);
    disk.store.delete(&key("a")).await.unwrap();
    for error in every_way(&volume).await {
        assert_corrupt(&error, "it is missing");
    }
    assert_corrupt(&volume.read_at(1..2).await.unwrap_err(), "it is missing");

    // Whether the snapshot has expired cannot be told without the store.
    disk.watch.is_down.store(true, Ordering::SeqCst);
    let error = volume.read_at(1..2).await.unwrap_err();
    assert!(matches!(error, Error::Storage { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_object_of_an_expired_snapshot_tells_so() {
    let mut disk = Disk::new();
    let bytes = noise(3, 1000);
    disk.blocks = vec![whole(0, "a", &bytes)];
    let volume = disk.volume(1000);
    let tombstone = format!(
        r#"{{"schema_name": "lode-volume-manifest", "format_version": "2.0.0", "volume_id": "disk",
        "snapshot_id": "0000000000000000001", "created_at": "2026-01-01T00:00:00.000000000Z",
        "metadata": {{}}, "total_length": 1000, "blocks": "expired",
        "checksum_algorithm": "xxh3-128", "write_id": "019a3c5e7b2d7c1f8a90b1c2d3e4f506",
        "operation": "commit", "writer": "lode-rs/0.1.0",
        "expired_at": "2026-01-02T00:00:00.000000000Z", "expired_blocks":
        [{{"offset": 0, "length": 1000, "path": "{}", "checksum": "{}"}}]}}"#,
        key("a"),
        Checksum::Xxh3_128.of(&bytes),
    );
    let manifest = "volumes/disk/snapshots/0000000000000000001/manifest.json";
    disk.store.put(manifest, tombstone.into_bytes().into()).await.unwrap();
    for error in every_way(&volume).await {
        assert!(matches!(&error, Error::Expired { id, .. } if id.get() == 1), "{error:?}");
    }
}
