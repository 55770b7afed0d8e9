//! How many calls each operation makes.

use std::sync::Arc;

use futures::TryStreamExt;
use lode::{Committed, Volume, VolumeLimits, metadata};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::io::AsyncReadExt;

use super::{LEN, bytes, committed, new, open, snapshot, stage};
use crate::support::{Class, FaultStore, Op, lode_store, memory, put};

/// A volume of this many snapshots, each a block more.
async fn history(length: u64) -> Arc<InMemory> {
    let inner = memory();
    let store = lode_store(inner.clone());
    let mut volume = committed(&store, "disk", &[0..4]).await;
    for n in 1..length {
        volume = stage(&volume, 0, &[4 * n..4 * n + 4]).await.commit(metadata! {}).await.unwrap();
    }
    inner
}

async fn counted(inner: &Arc<InMemory>) -> (FaultStore, Volume<Committed>) {
    let counting = FaultStore::new(Arc::clone(inner) as Arc<dyn ObjectStore>);
    let volume = open(&counting.store(), "disk").await;
    (counting, volume)
}

#[tokio::test]
async fn staging_is_one_put_a_block() {
    let counting = FaultStore::new(memory());
    let volume = new(&counting.store(), "disk");
    let staged = volume.stage_write_at(0, bytes(0, 0..10)).await.unwrap();
    assert_eq!((counting.counts().on(Op::Put, Class::Data), counting.counts().total()), (1, 1));
    counting.clear();
    staged.stage_write_at(10, bytes(0, 10..20)).await.unwrap();
    staged.stage_overwrite_at(20, bytes(0, 20..30)).await.unwrap();
    staged.stager().stage_write_at(30, bytes(0, 30..40)).await.unwrap();
    assert_eq!((counting.counts().on(Op::Put, Class::Data), counting.counts().total()), (3, 3));
    let volume = staged.commit(metadata! {}).await.unwrap();
    counting.clear();
    // Three blocks of a stream, and what is refused costs nothing.
    let limits = VolumeLimits { block_bytes: 10, ..VolumeLimits::default() };
    let staged = volume.limits(limits).stage_reader_at(50, &*bytes(0, 50..75)).await.unwrap();
    staged.stage_write_at(0, b"x").await.unwrap_err();
    assert_eq!((counting.counts().on(Op::Put, Class::Data), counting.counts().total()), (3, 3));
}

#[tokio::test]
async fn a_warm_commit_is_the_manifest_and_the_hint() {
    let counting = FaultStore::new(memory());
    let mut volume = committed(&counting.store(), "disk", &[0..10]).await;
    for n in 1..10 {
        let staged = stage(&volume, 0, &[10 * n..10 * n + 10]).await;
        counting.clear();
        volume = staged.commit(metadata! {}).await.unwrap();
        let counts = counting.counts();
        assert_eq!(counts.on(Op::Create, Class::Manifest), 1, "{counts:?}");
        assert_eq!(counts.on(Op::Put, Class::Hint), 1, "{counts:?}");
        assert_eq!(counts.total(), 2, "{counts:?}");
    }
}

/// Behind by some: the lost put, the way to the head, each manifest since, and the two puts.
#[tokio::test]
async fn a_merge_costs_little() {
    for behind in [1, 10, 100] {
        let inner = history(1).await;
        let (counting, old) = counted(&inner).await;
        let mut other = open(&lode_store(inner.clone()), "disk").await;
        for n in 1..=behind {
            other = stage(&other, 0, &[4 * n..4 * n + 4]).await.commit(metadata! {}).await.unwrap();
        }
        let staged = stage(&old, 1, &[5000..5010]).await;
        counting.clear();
        let merged = staged.commit(metadata! {}).await.unwrap();
        assert_eq!(merged.snapshot_id(), snapshot(behind + 2));
        let counts = counting.counts();
        let log = 64 - behind.leading_zeros() as usize;
        assert_eq!((counts.lists(), counts.on(Op::Put, Class::Data)), (0, 0), "{counts:?}");
        let since = behind as usize;
        assert!(counts.on(Op::Get, Class::Manifest) <= since + 2, "{behind}: {counts:?}");
        assert!(counts.total() <= since + 8 + 2 * log, "{behind}: {counts:?}");
    }
}

#[tokio::test]
async fn a_cold_open_is_three_requests_at_any_length() {
    for length in [1, 10, 300] {
        let inner = history(length).await;
        let (counting, volume) = counted(&inner).await;
        assert_eq!(volume.snapshot_id(), snapshot(length));
        let counts = counting.counts();
        assert_eq!((counts.total(), counts.lists()), (3, 0), "{counts:?}");
        // Warm: two probes.
        counting.clear();
        let _ = volume.latest().await.unwrap().unwrap();
        assert_eq!(counting.counts().total(), 2, "{:?}", counting.counts());
        // By number: its manifest.
        counting.clear();
        let _ = Volume::open_at(&counting.store(), "disk", snapshot(1)).await.unwrap();
        assert_eq!(counting.counts().total(), 1, "{:?}", counting.counts());
    }
}

/// An opened snapshot keeps its manifest.
#[tokio::test]
async fn a_read_asks_for_data_only() {
    let inner = history(20).await;
    let (counting, volume) = counted(&inner).await;
    counting.clear();
    assert_eq!(volume.read_at(4..8).await.unwrap(), bytes(0, 4..8));
    assert_eq!(volume.read_at(5..7).await.unwrap(), bytes(0, 5..7));
    assert_eq!(counting.counts().total(), 2, "{:?}", counting.calls());
    assert!(volume.read_at(7..7).await.unwrap().is_empty());
    volume.read_at(79..81).await.unwrap_err();
    volume.read_at(0..LEN + 1).await.unwrap_err();
    assert_eq!((volume.gaps(), volume.is_complete()), (vec![80..LEN], false));
    assert_eq!(counting.counts().total(), 2, "{:?}", counting.calls());

    let mut buffer = vec![0; 80];
    volume.clone().read_at_into(0, &mut buffer).await.unwrap();
    assert_eq!(buffer, bytes(0, 0..80));
    let streamed: Vec<_> = volume.stream(0..80).try_collect().await.unwrap();
    assert_eq!(streamed.concat(), buffer);
    let mut read = vec![0; 80];
    volume.reader().read_exact(&mut read).await.unwrap();
    assert_eq!(read, buffer);
    let counts = counting.counts();
    assert_eq!(counts.total(), 2 + 3 * 20, "{counts:?}");
    assert_eq!(counts.on(Op::Get, Class::Data), counts.total(), "{counts:?}");
}

#[tokio::test]
async fn sessions_are_listings_and_the_manifests_since() {
    let inner = history(30).await;
    let (counting, volume) = counted(&inner).await;
    counting.clear();
    assert!(volume.sessions().await.unwrap().is_empty());
    // Nothing is left when the head has been asked.
    let counts = counting.counts();
    assert!(counts.lists() <= 2 && counts.on(Op::Get, Class::Manifest) <= 30, "{counts:?}");
    let session = stage(&volume, 1, &[5000..5010]).await.session();
    let newer = stage(&volume, 2, &[6000..6010]).await.commit(metadata! {}).await.unwrap();
    counting.clear();
    let staged = newer.resume(session).await.unwrap();
    let counts = counting.counts();
    assert!(counts.on(Op::Get, Class::Manifest) <= 2, "{counts:?}");
    assert_eq!(counts.on(Op::Get, Class::Data), 0, "{counts:?}");
    counting.clear();
    let block = staged.stager().stage_write_at(7000, b"x").await.unwrap();
    counting.clear();
    staged.accept(block).await.unwrap();
    assert_eq!((counting.counts().on(Op::Head, Class::Data), counting.counts().total()), (1, 1));
}

#[tokio::test]
async fn readers_never_write() {
    let inner = history(5).await;
    put(&*inner, "volumes/disk/latest", "garbage").await;
    let (counting, volume) = counted(&inner).await;
    volume.read_at(0..20).await.unwrap();
    volume.latest().await.unwrap();
    volume.snapshots().await.unwrap();
    volume.sessions().await.unwrap();
    let _: Vec<_> = volume.history().try_collect().await.unwrap();
    volume.as_of(volume.created_at()).await.unwrap();
    let reads = counting.counts().ops(&[Op::Get, Op::Head, Op::List]);
    assert_eq!(counting.counts().total(), reads);
}
