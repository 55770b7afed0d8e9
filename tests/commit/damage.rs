//! A damaged manifest harms no other snapshot (L19), and stops what would build on it.

use std::sync::Arc;

use futures::StreamExt;
use lode::{Dataset, Error, Limits, SnapshotId, metadata};
use object_store::ObjectStore;

use crate::support::rows::numbers;
use crate::support::{Row, contents, delete, forge, lode_store, memory, put, rows};

#[tokio::test]
async fn only_a_damaged_head_is_an_error() {
    for hint in [None, Some(1), Some(2), Some(3), Some(5)] {
        for damaged in 1..=5 {
            let inner = memory() as Arc<dyn ObjectStore>;
            let store = lode_store(Arc::clone(&inner));
            let dataset = Dataset::<Row>::new(&store, "d").unwrap();
            for n in 0..5 {
                dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
            }
            let key = forge::manifest_key("d", damaged);
            put(&*inner, &key, "{}").await;
            match hint {
                Some(hint) => put(&*inner, &forge::hint_key("d"), format!("{hint:019}")).await,
                None => delete(&*inner, &forge::hint_key("d")).await,
            }
            let before = contents(&*inner).await;
            let fresh = Dataset::<Row>::new(&store, "d").unwrap();
            let what = format!("{damaged} is damaged, the hint is {hint:?}");
            match fresh.latest().await {
                Ok(head) => {
                    assert!(damaged < 5, "{what}");
                    assert_eq!(head.unwrap().id().get(), 5, "{what}");
                }
                Err(error) => {
                    assert_eq!(damaged, 5, "{what}: {error}");
                    let is_it =
                        matches!(&error, Error::ManifestInvalid { path, .. } if *path == key);
                    assert!(is_it && error.is_corrupt(), "{what}: {error}");
                    let error = fresh.append(&rows(9..10), metadata! {}).await.unwrap_err();
                    assert!(error.is_corrupt(), "{what}: {error}");
                    assert_eq!(contents(&*inner).await, before, "nothing was written");
                }
            }
            for id in (1..=5).filter(|&id| id != damaged) {
                let snapshot = fresh.snapshot(SnapshotId::new(id).unwrap()).await.unwrap();
                assert_eq!(numbers(&fresh, &snapshot).await.unwrap().len() as u64, id);
            }
            let history: Vec<_> = fresh.history().collect().await;
            let fine: Vec<bool> = history.iter().rev().map(Result::is_ok).collect();
            assert_eq!(fine, (1..=5).map(|id| id != damaged).collect::<Vec<_>>());
            assert_eq!(fresh.snapshots().await.unwrap().len(), 5);
            if damaged < 5 {
                let next = fresh.append(&rows(9..10), metadata! {}).await.unwrap();
                assert_eq!(next.id().get(), 6, "{what}");
            }
        }
    }
}

/// The same limits hold for writing and reading: a manifest that the handle could not read is not
/// committed.
#[tokio::test]
async fn a_manifest_that_could_not_be_read_is_not_written() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(Arc::clone(&inner));
    let limits = Limits { max_manifest_bytes: 9000, ..Limits::default() };
    let dataset = Dataset::<Row>::new(&store, "d").unwrap().limits(limits);
    dataset.append(&rows(0..1), metadata! {}).await.unwrap();
    let before = contents(&*inner).await;
    let error =
        dataset.append(&rows(1..2), metadata! { "long": "x".repeat(9000) }).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 9000, .. }), "{error}");
    assert_eq!(contents(&*inner).await, before, "what it had written is removed");
    let head = dataset.latest().await.unwrap().unwrap();
    assert_eq!(head.id().get(), 1);
    assert_eq!(dataset.append(&rows(1..2), metadata! {}).await.unwrap().id().get(), 2);
}

/// `as_of` looks at a few snapshots only; a damaged one among them matters only if it may be the
/// answer.
#[tokio::test]
async fn a_damaged_snapshot_matters_to_as_of_only_where_it_may_be_the_answer() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let dataset = Dataset::<Row>::new(&lode_store(Arc::clone(&inner)), "d").unwrap();
    let mut times = Vec::new();
    for n in 0..9 {
        let snapshot = dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
        times.push(snapshot.created_at());
    }
    for damaged in [vec![1], vec![5], vec![4, 5, 6], vec![9], vec![1, 2, 3, 4, 5]] {
        let before = contents(&*inner).await;
        for &id in &damaged {
            put(&*inner, &forge::manifest_key("d", id), "{}").await;
        }
        for id in 1..=9_u64 {
            let found = dataset.as_of(times[id as usize - 1]).await;
            let what = format!("{damaged:?} are damaged, asked for {id}");
            // The last before a damaged one cannot be told from it: its time is not known.
            match damaged.contains(&id) || damaged.contains(&(id + 1)) {
                true => assert!(found.unwrap_err().is_corrupt(), "{what}"),
                false => assert_eq!(found.unwrap().unwrap().id().get(), id, "{what}"),
            }
        }
        for (key, bytes) in before {
            put(&*inner, &key, bytes).await;
        }
    }
}
