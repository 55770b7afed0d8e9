//! What a transaction commits.

use std::collections::BTreeSet;

use lode::codec::{Jsonl, Parquet, StreamingCodec};
use lode::compress::Zstd;
use lode::manifest::Operation;
use lode::{Dataset, Error, HiveLayout, Store, metadata};

use crate::support::rows::numbers;
use crate::support::{Row, rows};

/// Eight tasks, each with a batch and a stream.
async fn from_many_tasks<C: StreamingCodec<Row>>(codec: C) {
    let dataset = Dataset::<Row>::new(&Store::memory(), "d").unwrap().codec(codec);
    let transaction = dataset.begin(metadata! { "by": "eight" }).await.unwrap();
    let tasks = (0..8).map(|task| {
        let writer = transaction.writer();
        tokio::spawn(async move {
            let first = task * 100;
            writer.write(&rows(first..first + 40)).await?;
            writer.stream_write_records(rows(first + 40..first + 100)).await
        })
    });
    for staged in futures::future::join_all(tasks).await {
        staged.unwrap().unwrap();
    }
    assert!(dataset.latest().await.unwrap().is_none(), "nothing is visible before the commit");
    let snapshot = transaction.commit().await.unwrap();

    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), (0..800).collect::<Vec<_>>());
    assert_eq!((snapshot.id().get(), snapshot.files().len()), (1, 16));
    assert_eq!(snapshot.metadata().get("by").unwrap(), "eight");
    assert_eq!(snapshot.manifest().operation, Some(Operation::Write));
    let write_id = snapshot.manifest().write_id.unwrap().to_string();
    let mut parts = BTreeSet::new();
    for file in snapshot.files() {
        let rest = file.path.strip_prefix(&format!("datasets/d/data/{write_id}/")).unwrap();
        parts.insert(rest[..5].parse::<u32>().unwrap());
    }
    assert_eq!(parts, (0..16).collect());
    assert_eq!(dataset.latest().await.unwrap(), Some(snapshot));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_make_one_snapshot() {
    from_many_tasks(Jsonl::new()).await;
    from_many_tasks(Jsonl::new().compress(Zstd::default())).await;
    from_many_tasks(Parquet::new()).await;
}

#[tokio::test]
async fn it_replaces_or_appends_as_it_was_told() {
    let dataset = Dataset::<Row>::new(&Store::memory(), "d").unwrap();
    dataset.write(&rows(0..10), metadata! {}).await.unwrap();
    let appended = dataset.begin(metadata! {}).append().await.unwrap();
    appended.write(&rows(10..12)).await.unwrap();
    appended.stream_write_records(rows(12..14)).await.unwrap();
    let snapshot = appended.commit().await.unwrap();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), (0..14).collect::<Vec<_>>());
    assert_eq!(snapshot.manifest().operation, Some(Operation::Append));

    let replaced = dataset.begin(metadata! {}).await.unwrap();
    replaced.write(&rows(50..60)).await.unwrap();
    let snapshot = replaced.commit().await.unwrap();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), (50..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn partitions_are_written_and_replaced_by_several_writers() {
    let store = Store::memory();
    let dataset = Dataset::<Row>::new(&store, "d").unwrap().layout(HiveLayout);
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let writer = transaction.writer();
    let (one, two) = (rows(0..30), rows(30..60));
    let (one, two) = tokio::join!(transaction.write(&one), writer.stream_write_records(two));
    one.and(two).unwrap();
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!(snapshot.files().len(), 6, "three partitions by two writers");
    let reds = dataset.read(&snapshot).partition("kind", "red").await.unwrap();
    assert_eq!(reds.len(), 20);

    // Both new files of a partition replace the two old ones, and the others stay.
    let transaction = dataset.begin(metadata! {}).replace_partitions().await.unwrap();
    let red = |n: u64| rows(n..n + 1);
    transaction.write(&red(300)).await.unwrap();
    transaction.write(&red(303)).await.unwrap();
    let snapshot = transaction.commit().await.unwrap();
    let expected: Vec<u64> = (0..60).filter(|n| n % 3 != 0).chain([300, 303]).collect();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), expected);
}

#[tokio::test]
async fn nothing_staged_is_what_an_empty_write_is() {
    let dataset = Dataset::<Row>::new(&Store::memory(), "d").unwrap();
    let empty = dataset.begin(metadata! {}).await.unwrap().commit().await.unwrap();
    let written = dataset.write(&[], metadata! {}).await.unwrap();
    assert_eq!((empty.row_count(), empty.files()), (0, written.files()));
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    let same = dataset.begin(metadata! {}).append().await.unwrap().commit().await.unwrap();
    assert_eq!(numbers(&dataset, &same).await.unwrap(), [0, 1, 2]);
    // An empty batch makes no file.
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    transaction.write(&[]).await.unwrap();
    assert_eq!(transaction.commit().await.unwrap().files().len(), 0);
}

#[tokio::test]
async fn what_is_wrong_is_told_before_anything_is_stored() {
    #[derive(Debug, serde::Serialize, serde::Deserialize, lode::Record)]
    struct Other {
        n: String,
    }
    let store = Store::memory();
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    let error = dataset.begin(metadata! { "x": f64::NAN }).await.unwrap_err();
    assert!(matches!(error, Error::InvalidMetadata { .. }), "{error}");
    let other = Dataset::<Other>::new(&store, "d").unwrap();
    let error = other.begin(metadata! {}).append().await.unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { .. }), "{error}");
    let flat = Dataset::<Row>::new(&store, "d").unwrap().layout(HiveLayout);
    let error = flat.begin(metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::LayoutMismatch { .. }), "{error}");
}
