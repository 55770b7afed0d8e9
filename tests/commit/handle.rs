//! What a handle must notice about the world around it: its runtime, and a dataset that was
//! replaced behind its back.

use std::sync::Arc;

use lode::{Dataset, Error, Limits, Store, metadata};
use object_store::ObjectStore;

use crate::support::rows::numbers;
use crate::support::{Row, contents, lode_store, memory, rows};

/// A commit may have to wait; it must not be lost, after it happened, for want of a timer.
#[test]
fn a_runtime_without_a_timer_is_noticed_before_anything_is_written() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let dataset = Dataset::<Row>::new(&lode_store(Arc::clone(&inner)), "d").unwrap();
        let error = dataset.append(&rows(0..1), metadata! {}).await.unwrap_err();
        assert!(matches!(error, Error::Task { .. }), "{error}");
        assert!(contents(&*inner).await.is_empty());
    });
}

/// A remembered head is not taken for another dataset's of the same number.
#[tokio::test]
async fn a_dataset_that_was_replaced_is_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local(dir.path()).unwrap();
    let handle = Dataset::<Row>::new(&store, "d").unwrap();
    for n in 0..3 {
        handle.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    assert_eq!(handle.latest().await.unwrap().unwrap().row_count(), 3);

    std::fs::remove_dir_all(dir.path().join("datasets/d")).unwrap();
    assert_eq!(handle.latest().await.unwrap(), None);

    let other = Dataset::<Row>::new(&store, "d").unwrap();
    for n in 10..13 {
        handle.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    assert_eq!(handle.latest().await.unwrap().unwrap().id().get(), 3);
    std::fs::remove_dir_all(dir.path().join("datasets/d")).unwrap();
    for n in 20..23 {
        other.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    let head = handle.append(&rows(30..31), metadata! {}).await.unwrap();
    assert_eq!(numbers(&handle, &head).await.unwrap(), [20, 21, 22, 30]);
}

/// Another writer's manifest above this handle's limit is another's, not an unclear answer.
#[tokio::test]
async fn a_manifest_above_the_limit_that_won_the_race_is_told() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(Arc::clone(&inner));
    let limits = Limits { max_manifest_bytes: 2000, ..Limits::default() };
    let small = Dataset::<Row>::new(&store, "d").unwrap().limits(limits);
    let large = Dataset::<Row>::new(&store, "d").unwrap();
    let mut writer = small.record_writer(metadata! {}).append().await.unwrap();
    writer.push(&rows(0..1)[0]).await.unwrap();
    large.write(&rows(1..2), metadata! { "long": "x".repeat(4000) }).await.unwrap();
    let error = writer.commit().await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 2000, .. }), "{error}");
}
