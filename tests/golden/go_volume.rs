//! Go Lode's volume `disk`: `format.md` §11. It is read, and goes on with lode's commits.

use std::fs;
use std::ops::Range;
use std::path::Path;

use futures::TryStreamExt;
use lode::{Committed, Error, OnConflict, Store, Volume, VolumeSnapshotId, metadata};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::{copy, folder};
use crate::support::contents;

const LEN: u64 = 1 << 20;

/// Its snapshots, and what each added.
const SNAPSHOTS: [(u64, [Range<u64>; 2]); 3] = [
    (1_795_334_699_773_626_758, [0..4096, 65_536..131_072]),
    (1_795_334_699_774_799_695, [4096..8192, 524_288..525_288]),
    (1_795_334_699_775_611_480, [1_048_064..1_048_576, 200_000..212_345]),
];

/// The gaps of each of them.
fn gaps() -> [Vec<Range<u64>>; 3] {
    [
        vec![4096..65_536, 131_072..LEN],
        vec![8192..65_536, 131_072..524_288, 525_288..LEN],
        vec![8192..65_536, 131_072..200_000, 212_345..524_288, 525_288..1_048_064],
    ]
}

fn id(number: u64) -> VolumeSnapshotId {
    VolumeSnapshotId::new(number).unwrap()
}

async fn disk(store: &Store) -> Volume<Committed> {
    Volume::open(store, "disk").await.unwrap()
}

fn block_file(root: &Path, range: &Range<u64>) -> std::path::PathBuf {
    let length = range.end - range.start;
    root.join(format!("volumes/disk/data/{}-{length}.bin", range.start))
}

fn manifest(root: &Path, id: VolumeSnapshotId) -> Value {
    let path = format!("volumes/disk/snapshots/{:019}/manifest.json", id.get());
    serde_json::from_slice(&fs::read(root.join(path)).unwrap()).unwrap()
}

/// Every snapshot of Go's, byte for byte, in every way there is.
async fn assert_as_go_wrote(root: &Path) {
    let store = Store::local(root).unwrap();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for ((number, added), gaps) in SNAPSHOTS.iter().zip(gaps()) {
        let volume = Volume::open_at(&store, "disk", id(*number)).await.unwrap();
        assert_eq!((volume.snapshot_id(), volume.total_length()), (id(*number), LEN));
        ranges.extend(added.iter().cloned());
        ranges.sort_by_key(|range| range.start);
        let found: Vec<_> = volume.blocks().iter().map(lode::manifest::BlockRef::range).collect();
        assert_eq!(found, ranges);
        assert_eq!(volume.gaps(), gaps);
        for gap in gaps {
            let error = volume.read_at(gap.start - 1..gap.start + 2).await.unwrap_err();
            let Error::RangeMissing { gaps, .. } = &error else { panic!("{error:?}") };
            assert_eq!(gaps[..], [gap.start..gap.start + 2]);
        }
        for range in &ranges {
            let expected = fs::read(block_file(root, range)).unwrap();
            assert_eq!(volume.read_at(range.clone()).await.unwrap(), expected);
            let streamed: Vec<_> = volume.stream(range.clone()).try_collect().await.unwrap();
            assert_eq!(streamed.concat(), expected);
            let mut reader = volume.reader();
            reader.seek(std::io::SeekFrom::Start(range.start + 7)).await.unwrap();
            let mut buffer = [0; 100];
            reader.read_exact(&mut buffer).await.unwrap();
            assert_eq!(buffer, expected[7..107]);
        }
    }
}

#[tokio::test]
async fn every_snapshot_reads_back_with_its_gaps() {
    let root = folder("go-lode");
    let store = Store::local(&root).unwrap();
    let before = contents(&**store.object_store()).await;
    assert_as_go_wrote(&root).await;
    let newest = disk(&store).await;
    let ids: Vec<_> = SNAPSHOTS.iter().map(|(number, _)| id(*number)).collect();
    assert_eq!(newest.snapshots().await.unwrap(), ids);
    assert!(newest.manifest().is_foreign());
    let mut history: Vec<_> = newest.history().try_collect().await.unwrap();
    history.reverse();
    for (n, volume) in history.iter().enumerate() {
        assert_eq!(
            (volume.snapshot_id(), volume.metadata().get("commit")),
            (ids[n], Some(&n.into()))
        );
        assert_eq!(volume.parent(), n.checked_sub(1).map(|n| ids[n]));
        let then = newest.as_of(volume.created_at()).await.unwrap().unwrap();
        assert_eq!(then.snapshot_id(), ids[n]);
    }
    // Go's blocks are nobody's session.
    assert!(newest.sessions().await.unwrap().is_empty());
    assert_eq!(contents(&**store.object_store()).await, before, "readers never write");
}

/// A byte of each block is changed: its md5 tells, whenever the whole block is read.
#[tokio::test]
async fn every_md5_is_verified() {
    let copy = copy("go-lode");
    let volume = disk(&Store::local(copy.path()).unwrap()).await;
    assert_eq!(volume.blocks().len(), 6);
    for block in volume.blocks() {
        let path = copy.path().join(&block.path);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 3] ^= 0x40;
        fs::write(&path, bad).unwrap();
        let read = volume.read_at(block.range()).await.map(drop);
        let streamed = volume.stream(block.range()).try_collect::<Vec<_>>().await.map(drop);
        for result in [read, streamed] {
            let error = result.unwrap_err();
            let is_it = matches!(&error, Error::Corrupt { path, .. } if *path == block.path);
            assert!(is_it, "{error:?}");
        }
        fs::write(&path, &good[1..]).unwrap();
        let error = volume.read_at(block.range()).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
        fs::write(&path, good).unwrap();
        volume.read_at(block.range()).await.unwrap();
    }
}

#[tokio::test]
async fn the_head_is_found_whatever_the_hint_says() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let hint = copy.path().join("volumes/disk/latest");
    let newest = id(SNAPSHOTS[2].0);
    for text in [SNAPSHOTS[0].0.to_string(), "1".into(), String::new(), "x".into()] {
        fs::write(&hint, &text).unwrap();
        assert_eq!(disk(&store).await.snapshot_id(), newest, "{text:?}");
    }
    fs::remove_file(&hint).unwrap();
    assert_eq!(disk(&store).await.snapshot_id(), newest);
}

/// Go's blocks stay what they are, and Go can read what comes.
#[tokio::test]
async fn it_is_continued() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let old = disk(&store).await;
    let error = old.stage_write_at(8000, [1; 400]).await.unwrap_err();
    assert!(matches!(&error, Error::Overlap { found, .. } if *found == (4096..8192)), "{error:?}");
    let staged = old.stage_write_at(8192, [1; 1000]).await.unwrap();
    let one = staged.commit(metadata! { "by": "lode" }).await.unwrap();
    assert_eq!(one.snapshot_id().get(), SNAPSHOTS[2].0 + 1);
    assert_eq!(one.parent(), Some(old.snapshot_id()));
    assert!(one.created_at() > old.created_at());
    assert_eq!((one.blocks().len(), one.manifest().format_version.major), (7, 1));
    assert_eq!(one.read_at(8192..9192).await.unwrap(), [1; 1000][..]);
    let json = manifest(copy.path(), one.snapshot_id());
    assert_eq!(json["operation"], "commit");
    assert!(json["writer"].as_str().unwrap().starts_with("lode-rs/"));
    assert!(json["write_id"].is_string() && json["blocks"][0]["path"].is_string());
    let algorithm = |block: &Value| {
        let own = block["checksum_algorithm"].as_str();
        own.unwrap_or(json["checksum_algorithm"].as_str().unwrap()).to_owned()
    };
    for block in json["blocks"].as_array().unwrap() {
        let expected = if block["offset"] == 8192 { "xxh3-128" } else { "md5" };
        assert_eq!(algorithm(block), expected, "{block}");
    }

    // Over the middle of one of Go's blocks, and over its neighbour's end.
    let staged = one.stage_overwrite_at(4000, [2; 200]).await.unwrap();
    staged.stage_overwrite_at(100_000, [3; 10]).await.unwrap();
    let two = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(two.snapshot_id().get(), SNAPSHOTS[2].0 + 2);
    assert_eq!(two.manifest().format_version.major, 2);
    let go = |range: Range<u64>| fs::read(block_file(copy.path(), &range)).unwrap();
    let mut expected = [go(0..4096), go(4096..8192)].concat();
    expected[4000..4200].fill(2);
    assert_eq!(two.read_at(0..8192).await.unwrap(), expected);
    let mut expected = go(65_536..131_072);
    expected[34_464..34_474].fill(3);
    assert_eq!(two.read_at(65_536..131_072).await.unwrap(), expected);
    assert_eq!(two.gaps()[0], 9192..65_536);

    // Cold, whatever the hint says, lode's commits are found; Go's snapshots read as before.
    let hint = copy.path().join("volumes/disk/latest");
    let hints = [SNAPSHOTS[0].0, SNAPSHOTS[2].0, one.snapshot_id().get(), two.snapshot_id().get()];
    for text in hints.map(|number| Some(number.to_string())).into_iter().chain([None]) {
        match &text {
            Some(text) => fs::write(&hint, text).unwrap(),
            None => fs::remove_file(&hint).unwrap(),
        }
        let found = disk(&Store::local(copy.path()).unwrap()).await;
        assert_eq!(found.manifest(), two.manifest(), "hint {text:?}");
    }
    assert_as_go_wrote(copy.path()).await;
    assert_eq!(two.snapshots().await.unwrap().len(), 5);
}

/// From a handle that still reads one of Go's snapshots.
#[tokio::test]
async fn it_is_continued_from_an_old_snapshot() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let first = Volume::open_at(&store, "disk", id(SNAPSHOTS[0].0)).await.unwrap();
    // What Go committed since is not in sight of the stage, but of the commit.
    let staged = first.stage_write_at(4096, [9; 10]).await.unwrap();
    let session = staged.session();
    let failed = staged.commit(metadata! {}).await;
    let error = failed.unwrap_err().source;
    assert!(matches!(&error, Error::Overlap { found, .. } if *found == (4096..8192)), "{error:?}");
    let other = first.stage_write_at(10_000, [7; 10]).await.unwrap();
    let failed = other.on_conflict(OnConflict::Fail).commit(metadata! {}).await.unwrap_err();
    let Error::Conflict { expected, found, .. } = &failed.source else { panic!("{failed:?}") };
    assert_eq!(expected.unwrap().get(), SNAPSHOTS[0].0);
    assert_eq!(found.unwrap().get(), SNAPSHOTS[2].0);
    let other = failed.staged.on_conflict(OnConflict::default());
    let merged = other.commit(metadata! {}).await.unwrap();
    assert_eq!(merged.snapshot_id().get(), SNAPSHOTS[2].0 + 1);
    assert_eq!(merged.covered_bytes(), disk_bytes() + 10);
    assert_eq!(merged.sessions().await.unwrap()[0].id, session);
    assert_as_go_wrote(copy.path()).await;
}

fn disk_bytes() -> u64 {
    SNAPSHOTS.iter().flat_map(|(_, added)| added).map(|range| range.end - range.start).sum()
}
