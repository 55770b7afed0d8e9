//! How many calls each operation makes.

use std::sync::Arc;

use futures::TryStreamExt;
use lode::{Blob, Dataset, HiveLayout, SnapshotId, metadata};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::support::forge::hint_key;
use crate::support::{Class, FaultStore, Op, Row, delete, memory, put, rows};

/// A history of this many snapshots, made by hand from the second on.
async fn history(length: u64) -> Arc<InMemory> {
    let inner = memory();
    let store = lode::Store::from(Arc::clone(&inner) as Arc<dyn ObjectStore>);
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    for n in 0..length {
        dataset.write(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    inner
}

fn fresh(inner: &Arc<InMemory>) -> (FaultStore, Dataset<Row>) {
    let counting = FaultStore::new(Arc::clone(inner) as Arc<dyn ObjectStore>);
    let dataset = Dataset::<Row>::new(&counting.store(), "d").unwrap();
    (counting, dataset)
}

#[tokio::test]
async fn a_warm_small_write_is_three_puts_and_no_listing() {
    let counting = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&counting.store(), "d").unwrap();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    for n in 1..10 {
        counting.clear();
        match n % 2 {
            0 => dataset.write(&rows(0..3), metadata! {}).await.unwrap(),
            _ => dataset.append(&rows(3 * n..3 * n + 3), metadata! {}).await.unwrap(),
        };
        let counts = counting.counts();
        assert_eq!((counts.puts(), counts.lists()), (3, 0), "{counts:?}");
        assert_eq!(counts.on(Op::Put, Class::Data), 1);
        assert_eq!(counts.on(Op::Create, Class::Manifest), 1);
        assert_eq!(counts.on(Op::Put, Class::Hint), 1);
        // And the look for a newer head: two existence probes.
        assert_eq!(counts.on(Op::Head, Class::Manifest), 2, "{counts:?}");
        assert_eq!(counts.total(), 5, "{counts:?}");
    }
}

#[tokio::test]
async fn other_warm_small_writes_cost_the_same() {
    let counting = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&counting.store(), "d").unwrap();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    counting.clear();
    dataset.stream_write_records(rows(0..3), metadata! {}).await.unwrap();
    assert_eq!(counting.counts().total(), 5, "{:?}", counting.counts());

    let blobs = Dataset::<Blob>::new(&counting.store(), "b").unwrap();
    blobs.write(b"one", metadata! {}).await.unwrap();
    counting.clear();
    blobs.write(b"two", metadata! {}).await.unwrap();
    assert_eq!(counting.counts().total(), 5, "{:?}", counting.counts());

    // One more put for each partition.
    let hive = Dataset::<Row>::new(&counting.store(), "h").unwrap().layout(HiveLayout);
    hive.write(&rows(0..3), metadata! {}).await.unwrap();
    counting.clear();
    hive.replace_partitions(&rows(3..6), metadata! {}).await.unwrap();
    let counts = counting.counts();
    assert_eq!((counts.puts(), counts.lists(), counts.total()), (5, 0, 7), "{counts:?}");
}

#[tokio::test]
async fn a_cold_latest_is_three_requests_at_any_length() {
    for length in [1, 10, 1000] {
        let inner = history(length).await;
        let (counting, dataset) = fresh(&inner);
        let latest = dataset.latest().await.unwrap().unwrap();
        assert_eq!(latest.id().get(), length);
        let counts = counting.counts();
        assert_eq!((counts.total(), counts.lists()), (3, 0), "{counts:?}");
        // Warm: two probes.
        counting.clear();
        assert_eq!(dataset.latest().await.unwrap().unwrap(), latest);
        assert_eq!(counting.counts().total(), 2, "{:?}", counting.counts());

        // Without a hint: the hint, manifest 1, gallop and bisect, and the head's manifest.
        let log = 64 - length.leading_zeros() as usize;
        delete(&*inner, &hint_key("d")).await;
        let (counting, dataset) = fresh(&inner);
        assert_eq!(dataset.latest().await.unwrap().unwrap(), latest);
        let counts = counting.counts();
        assert!(counts.total() <= 4 + 2 * log, "{length}: {counts:?}");
        assert_eq!(counts.lists(), 0, "{counts:?}");

        // With a hint that lies behind: O(log of the distance), wherever it lies.
        for behind in [1, 2, 3, 8, 9, 100, 999] {
            if behind >= length {
                continue;
            }
            put(&*inner, &hint_key("d"), format!("{:019}", length - behind)).await;
            let (counting, dataset) = fresh(&inner);
            assert_eq!(dataset.latest().await.unwrap().unwrap(), latest);
            let log = 64 - behind.leading_zeros() as usize;
            let counts = counting.counts();
            assert!(counts.total() <= 4 + 2 * log, "{length}, {behind} behind: {counts:?}");
            assert_eq!(counts.lists(), 0, "{counts:?}");
        }
    }
}

#[tokio::test]
async fn a_snapshot_is_one_request_and_each_of_its_files_one_more() {
    let inner = history(1).await;
    let (counting, dataset) = fresh(&inner);
    for n in 1..4 {
        dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    counting.clear();
    let snapshot = dataset.snapshot(SnapshotId::new(4).unwrap()).await.unwrap();
    assert_eq!(counting.counts().total(), 1);
    for _ in 0..2 {
        counting.clear();
        dataset.read(&snapshot).await.unwrap();
        let counts = counting.counts();
        assert_eq!((counts.total(), counts.on(Op::Get, Class::Data)), (4, 4), "{counts:?}");
        counting.clear();
        let _: Vec<Row> = dataset.stream(&snapshot).try_collect().await.unwrap();
        assert_eq!(counting.counts().total(), 4);
    }
    // A history loads each manifest once, a time travel a few.
    counting.clear();
    let _: Vec<_> = dataset.history().try_collect().await.unwrap();
    assert_eq!(counting.counts().total(), 1 + 4);
    counting.clear();
    dataset.as_of(snapshot.created_at()).await.unwrap().unwrap();
    assert!(counting.counts().total() <= 1 + 3, "{:?}", counting.counts());

    let blobs = Dataset::<Blob>::new(&counting.store(), "b").unwrap();
    let blob = blobs.write(&vec![7; 100_000], metadata! {}).await.unwrap();
    counting.clear();
    blobs.read_blob(&blob).await.unwrap();
    blobs.read_blob_range(&blob, 10..20).await.unwrap();
    blobs.read_blob_range(&blob, 10..10).await.unwrap();
    assert_eq!(counting.counts().total(), 2);
}

#[tokio::test]
async fn only_matching_partitions_are_opened() {
    let counting = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&counting.store(), "h").unwrap().layout(HiveLayout);
    let snapshot = dataset.write(&rows(0..30), metadata! {}).await.unwrap();
    counting.clear();
    let red = dataset.read(&snapshot).partition("kind", "red").await.unwrap();
    assert_eq!(red.len(), 10);
    assert_eq!(counting.counts().total(), 1);
}

#[tokio::test]
async fn readers_never_write() {
    let inner = history(5).await;
    put(&*inner, &hint_key("d"), "garbage").await;
    let (counting, dataset) = fresh(&inner);
    let latest = dataset.latest().await.unwrap().unwrap();
    dataset.read(&latest).await.unwrap();
    let _: Vec<_> = dataset.history().try_collect().await.unwrap();
    dataset.snapshots().await.unwrap();
    dataset.as_of(latest.created_at()).await.unwrap();
    let reads = counting.counts().ops(&[Op::Get, Op::Head, Op::List]);
    assert_eq!(counting.counts().total(), reads);
}
