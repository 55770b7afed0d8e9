//! Tombstones: `format.md` §8.

use std::sync::Arc;

use futures::TryStreamExt;
use lode::{Blob, Dataset, Error, SnapshotId, Store, metadata};
use object_store::ObjectStore;

use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{
    Class, Fault, FaultStore, Op, Row, delete, forge, lode_store, memory, put, rows,
};

fn id(number: u64) -> SnapshotId {
    SnapshotId::new(number).unwrap()
}

async fn start() -> (Arc<dyn ObjectStore>, Store, Dataset<Row>) {
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(Arc::clone(&inner));
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    for n in 0..5 {
        dataset.write(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    (inner, store, dataset)
}

fn expired<T: std::fmt::Debug>(result: Result<T, Error>) -> u64 {
    match result {
        Err(Error::Expired { id, owner }) => {
            assert_eq!(owner.to_string(), "dataset `d`");
            id.get()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_expired_snapshot_is_said_to_be() {
    let (inner, _, dataset) = start().await;
    let times: Vec<_> = {
        let all: Vec<_> = dataset.history().try_collect().await.unwrap();
        all.iter().rev().map(lode::Snapshot::created_at).collect()
    };
    for gone in [1, 2, 4] {
        forge::expire(&*inner, "d", gone).await;
    }
    for gone in [1, 2, 4] {
        assert_eq!(expired(dataset.snapshot(id(gone)).await), gone);
        assert_eq!(expired(dataset.as_of(times[gone as usize - 1]).await), gone);
    }
    for live in [3, 5] {
        let snapshot = dataset.snapshot(id(live)).await.unwrap();
        assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [live - 1]);
        assert_eq!(dataset.as_of(times[live as usize - 1]).await.unwrap(), Some(snapshot));
    }
    let before = times[0] - chrono::TimeDelta::nanoseconds(1);
    assert_eq!(dataset.as_of(before).await.unwrap(), None);
    let history: Vec<_> = dataset.history().try_collect().await.unwrap();
    assert_eq!(history.iter().map(|s| s.id().get()).collect::<Vec<_>>(), [5, 3]);
    assert_eq!(dataset.snapshots().await.unwrap().len(), 5);
}

#[tokio::test]
async fn an_opened_snapshot_reads_on_until_its_data_are_gone() {
    let (inner, store, dataset) = start().await;
    let snapshot = dataset.snapshot(id(2)).await.unwrap();
    forge::expire(&*inner, "d", 2).await;
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [1]);
    delete(&*inner, &snapshot.files()[0].path).await;
    assert_eq!(expired(dataset.read(&snapshot).await), 2);
    assert_eq!(expired(dataset.stream(&snapshot).try_collect::<Vec<_>>().await), 2);

    // Without a tombstone it is damage, of this object.
    let snapshot = dataset.snapshot(id(3)).await.unwrap();
    let path = snapshot.files()[0].path.clone();
    delete(&*inner, &path).await;
    for error in [
        dataset.read(&snapshot).await.unwrap_err(),
        dataset.stream(&snapshot).try_collect::<Vec<_>>().await.unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Corrupt { path: found, .. } if *found == path), "{error}");
    }

    let blobs = Dataset::<Blob>::new(&store, "d2").unwrap();
    let one = blobs.write(b"one two three", metadata! {}).await.unwrap();
    blobs.write(b"two", metadata! {}).await.unwrap();
    delete(&*inner, &one.files()[0].path).await;
    for error in [
        blobs.read_blob(&one).await.unwrap_err(),
        blobs.read_blob_range(&one, 1..3).await.unwrap_err(),
        blobs.stream_blob(&one).try_collect::<Vec<_>>().await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    }
    forge::expire(&*inner, "d2", 1).await;
    for error in [
        blobs.read_blob(&one).await.unwrap_err(),
        blobs.read_blob_range(&one, 1..3).await.unwrap_err(),
        blobs.stream_blob(&one).try_collect::<Vec<_>>().await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Expired { .. }), "{error}");
    }
}

/// Whether a missing file has expired cannot be told while the manifest cannot be read: that is
/// not damage.
#[tokio::test]
async fn a_store_that_fails_is_not_taken_for_damage() {
    let (inner, _, dataset) = start().await;
    let snapshot = dataset.snapshot(id(2)).await.unwrap();
    delete(&*inner, &snapshot.files()[0].path).await;
    let faulty = FaultStore::new(inner);
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Before).for_ever());
    let error = dataset.read(&snapshot).await.unwrap_err();
    assert!(matches!(error, Error::Storage { .. }), "{error}");
}

/// The hint and the floor of a handle lead past tombstones.
#[tokio::test]
async fn the_head_is_found_past_tombstones() {
    let (inner, store, dataset) = start().await;
    for gone in 1..5 {
        forge::expire(&*inner, "d", gone).await;
        for hint in 1..=5_u64 {
            crate::support::put(&*inner, &forge::hint_key("d"), format!("{hint:019}")).await;
            let fresh = Dataset::<Row>::new(&store, "d").unwrap();
            assert_eq!(fresh.latest().await.unwrap().unwrap().id().get(), 5);
        }
    }
    delete(&*inner, &forge::hint_key("d")).await;
    let fresh = Dataset::<Row>::new(&store, "d").unwrap();
    assert_eq!(fresh.latest().await.unwrap().unwrap().id().get(), 5);
    let next = dataset.append(&rows(10..11), metadata! {}).await.unwrap();
    assert_eq!(numbers(&dataset, &next).await.unwrap(), [4, 10]);
}

/// A slow writer cannot commit at the id of an expired snapshot, and rebases past it.
#[tokio::test(start_paused = true)]
async fn a_slow_writer_goes_past_tombstones() {
    for replacing in [false, true] {
        let (inner, _, _) = start().await;
        let faulty = FaultStore::new(Arc::clone(&inner));
        let meanwhile = Fault::run(move || {
            let inner = Arc::clone(&inner);
            async move {
                let other = Dataset::<Row>::new(&lode_store(Arc::clone(&inner)), "d").unwrap();
                other.append(&rows(5..6), metadata! {}).await.unwrap();
                other.append(&rows(6..7), metadata! {}).await.unwrap();
                forge::expire(&*inner, "d", 6).await;
            }
        });
        faulty.rule(Rule::on(Op::Create, Class::Manifest, meanwhile));
        let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
        if replacing {
            let error = dataset.write(&rows(9..10), metadata! {}).await.unwrap_err();
            assert!(error.is_conflict(), "{error}");
        } else {
            let snapshot = dataset.append(&rows(9..10), metadata! {}).await.unwrap();
            assert_eq!(snapshot.id().get(), 8);
            assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [4, 5, 6, 9]);
        }
    }
}

/// A commit whose reply was lost, and that has expired when it is looked for.
#[tokio::test(start_paused = true)]
async fn an_unknown_commit_that_has_expired_since_is_told() {
    let (inner, _, _) = start().await;
    let faulty = FaultStore::new(Arc::clone(&inner));
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::After));
    let meanwhile = Fault::run(move || {
        let inner = Arc::clone(&inner);
        async move {
            let other = Dataset::<Row>::new(&lode_store(Arc::clone(&inner)), "d").unwrap();
            other.append(&rows(5..6), metadata! {}).await.unwrap();
            forge::expire(&*inner, "d", 6).await;
        }
    });
    faulty.rule(Rule::on(Op::Get, Class::Manifest, meanwhile).skip(1));
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    assert_eq!(expired(dataset.append(&rows(9..10), metadata! {}).await), 6);
    assert_eq!(dataset.latest().await.unwrap().unwrap().id().get(), 7);
}

/// The head that the hint names expires while it is looked at, since there is a newer one by then.
#[tokio::test]
async fn a_head_that_expires_meanwhile_is_not_the_head() {
    for hinted in [true, false] {
        let (inner, _, _) = start().await;
        if !hinted {
            // As where Go wrote: the manifests are listed.
            put(&*inner, &forge::hint_key("d"), "9").await;
            delete(&*inner, &forge::manifest_key("d", 1)).await;
        }
        let faulty = FaultStore::new(Arc::clone(&inner));
        let meanwhile = Fault::run(move || {
            let inner = Arc::clone(&inner);
            async move {
                let other = Dataset::<Row>::new(&lode_store(Arc::clone(&inner)), "d").unwrap();
                other.append(&rows(5..6), metadata! {}).await.unwrap();
                forge::expire(&*inner, "d", 5).await;
            }
        });
        let looks = if hinted { 0 } else { 2 };
        faulty.rule(Rule::on(Op::Get, Class::Manifest, meanwhile).skip(looks));
        let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
        assert_eq!(dataset.latest().await.unwrap().unwrap().id().get(), 6);
        assert_eq!(faulty.fired(), 1);
    }
}
