//! The same of volumes: what lies in `lode-1.1-volumes/` was written once, with a fixed clock and
//! fixed ids; it is read for ever, and is written the same again.
//!
//! `LODE_BLESS=1 cargo test -p lode-tests golden::own_volume` writes the folder, if there is none.

use std::ops::Range;
use std::sync::Arc;

use futures::TryStreamExt;
use lode::{Committed, Discarded, Error, Store, Volume, VolumeLimits, VolumeSnapshotId, metadata};
use object_store::ObjectStore;
use serde_json::{Value, json};

use super::{copy, folder, golden};
use crate::support::ambient::{CountingIds, SetClock};
use crate::support::{contents, forge, get, memory};

const FOLDER: &str = "lode-1.1-volumes";
const LEN: u64 = 100_000;

fn bytes(hand: u64, range: Range<u64>) -> Vec<u8> {
    range.map(|at| (at * at / 7 + hand * 41) as u8).collect()
}

/// Who wrote what of each snapshot that is left.
fn expected(id: u64) -> Vec<(u64, Range<u64>)> {
    match id {
        2 => vec![(1, 0..1000), (2, 1000..1500), (1, 4096..6000)],
        3 => vec![
            (1, 0..400),
            (3, 400..700),
            (1, 700..1000),
            (3, 1000..1300),
            (2, 1300..1500),
            (1, 4096..6000),
            (4, 99_000..100_000),
        ],
        4 => vec![(5, 0..1500), (1, 4096..6000), (4, 99_000..100_000)],
        _ => unreachable!("{id}"),
    }
}

async fn write_all() -> Arc<dyn ObjectStore> {
    let inner = memory() as Arc<dyn ObjectStore>;
    let clock = SetClock::new((0..100).map(|n| 1_710_000_000 + 60 * n));
    let store = Store::from(Arc::clone(&inner))
        .with_clock(Arc::new(clock))
        .with_ids(Arc::new(CountingIds::from(0x1000)));
    // One block at a time, so that the numbers in their names are always the same.
    let limits = VolumeLimits { block_bytes: 600, blocks_in_flight: 1, ..VolumeLimits::default() };
    let volume = Volume::create(&store, "disk", LEN).unwrap().limits(limits);
    let staged = volume.stage_write_at(0, bytes(1, 0..1000)).await.unwrap();
    let one = staged.commit(metadata! { "step": 1, "nested": [1.5, null] }).await.unwrap();
    let staged = one.stage_write_at(1000, bytes(2, 1000..1500)).await.unwrap();
    staged.stage_reader_at(4096, &*bytes(1, 4096..6000)).await.unwrap();
    let two = staged.commit(metadata! {}).await.unwrap();
    let staged = two.stage_overwrite_at(400, bytes(3, 400..700)).await.unwrap();
    staged.stage_overwrite_at(1000, bytes(3, 1000..1300)).await.unwrap();
    staged.stage_write_at(99_000, bytes(4, 99_000..LEN)).await.unwrap();
    let three = staged.commit(metadata! { "split": true }).await.unwrap();
    let staged = three.stage_overwrite_at(0, bytes(5, 0..1500)).await.unwrap();
    let four = staged.commit(metadata! {}).await.unwrap();
    // What was staged, and is not committed: one block of two.
    let staged = four.stage_write_at(50_000, bytes(6, 50_000..50_100)).await.unwrap();
    staged.stage_write_at(60_000, bytes(6, 60_000..60_100)).await.unwrap();
    let Discarded::Staged(_staged) = staged.discard(0..55_000) else { panic!("one is left") };
    // What an expiry leaves.
    expire(&*inner, 1).await;
    inner
}

async fn expire(inner: &dyn ObjectStore, id: u64) {
    let key = format!("volumes/disk/snapshots/{id:019}/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&get(inner, &key).await.unwrap()).unwrap();
    let fields = manifest.as_object_mut().unwrap();
    for gone in ["metadata", "total_length", "checksum_algorithm"] {
        fields.remove(gone);
    }
    let blocks = fields.insert("blocks".to_owned(), json!("expired")).unwrap();
    fields.insert("expired_blocks".to_owned(), blocks);
    fields.insert("expired_at".to_owned(), json!("2040-01-01T00:00:00Z"));
    fields.insert("format_version".to_owned(), json!("2.0.0"));
    forge::put_json(inner, &key, &manifest).await;
}

async fn assert_holds(volume: &Volume<Committed>) {
    let mut covered = 0;
    for (hand, range) in expected(volume.snapshot_id().get()) {
        assert_eq!(volume.read_at(range.clone()).await.unwrap(), bytes(hand, range.clone()));
        covered += range.end - range.start;
    }
    assert_eq!(volume.covered_bytes(), covered);
}

async fn read_everything(store: &Store) {
    let newest = Volume::open(store, "disk").await.unwrap();
    assert_eq!((newest.total_length(), newest.snapshot_id().get()), (LEN, 4));
    let history: Vec<_> = newest.history().try_collect().await.unwrap();
    assert_eq!(history.len(), 3);
    for volume in &history {
        assert_holds(volume).await;
    }
    let majors: Vec<_> = history.iter().map(|at| at.manifest().format_version.major).collect();
    assert_eq!(majors, [1, 2, 1]);
    let first = VolumeSnapshotId::new(1).unwrap();
    let error = Volume::open_at(store, "disk", first).await.unwrap_err();
    assert!(matches!(error, Error::Expired { .. }), "{error:?}");
    let [session] = &newest.sessions().await.unwrap()[..] else { panic!("not one session") };
    let ranges: Vec<_> = session.blocks.iter().map(lode::StagedBlock::range).collect();
    assert_eq!(ranges, [50_000..50_100, 60_000..60_100]);
}

#[tokio::test]
async fn the_folder_reads_back() {
    let store = Store::local(folder(FOLDER)).unwrap();
    let before = contents(&**store.object_store()).await;
    read_everything(&store).await;
    assert_eq!(contents(&**store.object_store()).await, before);
}

#[tokio::test]
async fn the_folder_can_be_continued() {
    let copy = copy(FOLDER);
    let store = Store::local(copy.path()).unwrap();
    let four = Volume::open(&store, "disk").await.unwrap();
    let session = four.sessions().await.unwrap()[0].id;
    let staged = four.resume(session).verify_content().await.unwrap();
    let five = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(five.snapshot_id().get(), 5);
    assert_eq!(five.read_at(60_000..60_100).await.unwrap(), bytes(6, 60_000..60_100));
    // On a snapshot with split blocks.
    let three = four.snapshot(VolumeSnapshotId::new(3).unwrap()).await.unwrap();
    let staged = three.stage_overwrite_at(99_500, bytes(7, 99_500..LEN)).await.unwrap();
    let six = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(six.read_at(99_500..LEN).await.unwrap(), bytes(7, 99_500..LEN));
    assert_eq!(six.read_at(0..1500).await.unwrap(), bytes(5, 0..1500));
    assert_holds(&three).await;
}

/// Byte for byte, but for the name of the writer.
#[tokio::test]
async fn the_same_is_written_again() {
    let written = contents(&*write_all().await).await;
    let golden = golden(FOLDER, &written).await;
    assert_eq!(golden.len(), 1 + 4 + 12);
    for (key, bytes) in &golden {
        assert_eq!(plain(&written[key]), plain(bytes), "{key}");
    }
}

/// Without the version of lode that wrote it.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let Some((before, rest)) = text.split_once("\"lode-rs/") else { return bytes.to_vec() };
    let version = rest.find('"').unwrap();
    [before, &rest[version..]].concat().into_bytes()
}
