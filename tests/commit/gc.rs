//! The writer's half of a clean-up: `format.md` §9. Its commits and lists are written by hand.

use std::sync::Arc;

use lode::{Blob, Dataset, Error, HiveLayout, SnapshotId, metadata};
use object_store::ObjectStore;
use serde_json::json;

use crate::support::ambient::uuid;
use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{
    Class, Fault, FaultStore, Op, Row, contents, delete, forge, lode_store, memory, put, rows,
};

async fn start() -> (FaultStore, Dataset<Row>) {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    dataset.write(&rows(0..10), metadata! {}).await.unwrap();
    faulty.clear();
    (faulty, dataset)
}

/// What a clean-up condemns.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Condemns {
    /// The data of the write that is under way.
    Ours,
    Others,
}

/// Before the next manifest is put, clean-ups are committed on these parents; the list of the first
/// is as `condemns` says.
fn clean_up(faulty: &FaultStore, parents: std::ops::Range<u64>, condemns: Condemns) {
    let log = faulty.clone();
    let inner = Arc::clone(faulty.inner());
    let gc = Fault::run(move || {
        let ours = log.calls().into_iter().filter(|call| call.class == Class::Data);
        let mut list: Vec<String> = match condemns {
            Condemns::Ours => ours.map(|call| call.path).collect(),
            Condemns::Others => vec!["datasets/d/data/0/00000.jsonl".to_owned()],
        };
        let (inner, parents) = (Arc::clone(&inner), parents.clone());
        async move {
            for parent in parents {
                forge::gc(&*inner, "d", parent, uuid(parent), &list).await;
                list.clear();
            }
        }
    });
    faulty.rule(Rule::on(Op::Create, Class::Manifest, gc));
}

async fn last_gc(faulty: &FaultStore, id: u64) -> serde_json::Value {
    forge::manifest(&**faulty.inner(), "d", id).await["last_gc"].clone()
}

#[tokio::test(start_paused = true)]
async fn every_write_carries_the_last_clean_up_forward() {
    let (faulty, dataset) = start().await;
    assert!(last_gc(&faulty, 1).await.is_null());
    forge::gc(&**faulty.inner(), "d", 1, uuid(7), &[]).await;
    let expected = json!(forge::last_gc(2, uuid(7)));
    dataset.write(&rows(0..1), metadata! {}).await.unwrap();
    dataset.append(&rows(1..2), metadata! {}).await.unwrap();
    dataset.stream_write_records(rows(0..1), metadata! {}).await.unwrap();
    dataset.stream_write_records(rows(1..2), metadata! {}).append().await.unwrap();
    for id in 2..=6 {
        assert_eq!(last_gc(&faulty, id).await, expected, "snapshot {id}");
    }
    let hive = Dataset::<Row>::new(&faulty.store(), "h").unwrap().layout(HiveLayout);
    hive.write(&rows(0..3), metadata! {}).await.unwrap();
    let key = "datasets/h/segments/0000000000000000001/manifest.json";
    let body = crate::support::get(&**faulty.inner(), key).await.unwrap();
    let mut first: serde_json::Value = serde_json::from_slice(&body).unwrap();
    first["last_gc"] = expected.clone();
    forge::put_json(&**faulty.inner(), key, &first).await;
    let hive = Dataset::<Row>::new(&faulty.store(), "h").unwrap().layout(HiveLayout);
    let replaced = hive.replace_partitions(&rows(3..4), metadata! {}).await.unwrap();
    assert_eq!(json!(replaced.manifest().last_gc.unwrap().to_string()), expected);
    let blobs = Dataset::<Blob>::new(&faulty.store(), "b").unwrap();
    blobs.write(b"one", metadata! {}).await.unwrap();
    forge::gc(&**faulty.inner(), "b", 1, uuid(7), &[]).await;
    let blob = blobs.write(b"two", metadata! {}).await.unwrap();
    assert_eq!(
        (blob.id().get(), json!(blob.manifest().last_gc.unwrap().to_string())),
        (3, expected)
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_clean_up_condemned_is_not_committed() {
    for parents in [1..2, 1..4] {
        let head = parents.end;
        let (faulty, dataset) = start().await;
        clean_up(&faulty, parents.clone(), Condemns::Ours);
        let error = dataset.append(&rows(10..13), metadata! {}).await.unwrap_err();
        let Error::Condemned { paths, .. } = &error else { panic!("{error}") };
        let put: Vec<_> = faulty.calls().into_iter().filter(|call| call.op == Op::Put).collect();
        assert_eq!(*paths, [put[0].path.as_str()]);
        assert!(error.is_retryable());
        let fresh = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
        assert_eq!(fresh.latest().await.unwrap().unwrap().id().get(), head);
        let snapshot = dataset.append(&rows(10..13), metadata! {}).await.unwrap();
        assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), (0..13).collect::<Vec<_>>());

        for expected in [None, Some(SnapshotId::new(1).unwrap())] {
            let (faulty, dataset) = start().await;
            clean_up(&faulty, parents.clone(), Condemns::Ours);
            let new = rows(10..13);
            let mut write = dataset.write(&new, metadata! {});
            if expected.is_some() {
                write = write.expect_head(expected);
            }
            let error = write.await.unwrap_err();
            assert!(matches!(error, Error::Condemned { .. }), "{error}");
            assert_eq!(dataset.latest().await.unwrap().unwrap().id().get(), head);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rebase_onto_appends_and_clean_ups_checks_all_lists() {
    let (faulty, dataset) = start().await;
    let (log, inner) = (faulty.clone(), Arc::clone(faulty.inner()));
    let meanwhile = Fault::run(move || {
        let ours = log.calls().into_iter().filter(|call| call.class == Class::Data);
        let list: Vec<String> = ours.map(|call| call.path).collect();
        let inner = Arc::clone(&inner);
        async move {
            let other = Dataset::<Row>::new(&lode_store(Arc::clone(&inner)), "d").unwrap();
            forge::gc(&*inner, "d", 1, uuid(1), &list).await;
            other.append(&rows(100..101), metadata! {}).await.unwrap();
            forge::gc(&*inner, "d", 3, uuid(2), &[]).await;
            other.append(&rows(101..102), metadata! {}).await.unwrap();
        }
    });
    faulty.rule(Rule::on(Op::Create, Class::Manifest, meanwhile));
    let error = dataset.append(&rows(10..13), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::Condemned { .. }), "{error}");
    assert_eq!(dataset.latest().await.unwrap().unwrap().id().get(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_clean_up_of_other_objects_is_no_conflict() {
    for parents in [1..2, 1..4] {
        let head = parents.end;
        let one = SnapshotId::new(1).unwrap();
        let (faulty, dataset) = start().await;
        clean_up(&faulty, parents.clone(), Condemns::Others);
        let snapshot = dataset.write(&rows(10..13), metadata! {}).await.unwrap();
        assert_eq!(snapshot.id().get(), head + 1);
        assert_eq!(faulty.counts().on(Op::Put, Class::Data), 1);
        assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [10, 11, 12]);

        let (faulty, dataset) = start().await;
        clean_up(&faulty, parents.clone(), Condemns::Others);
        let dataset = dataset.on_conflict(lode::OnConflict::Fail);
        let append = dataset.append(&rows(10..13), metadata! {}).expect_head(Some(one)).await;
        assert_eq!(append.unwrap().id().get(), head + 1);

        // It was there before the write was called.
        let (faulty, dataset) = start().await;
        for parent in parents.clone() {
            forge::gc(&**faulty.inner(), "d", parent, uuid(parent), &[]).await;
        }
        let append = dataset.append(&rows(10..13), metadata! {}).expect_head(Some(one)).await;
        assert_eq!(append.unwrap().id().get(), head + 1);
        let error = dataset.append(&rows(13..14), metadata! {}).expect_head(Some(one)).await;
        assert!(error.unwrap_err().is_conflict());
    }
}

/// Clean-ups that win the race again and again are not counted as conflicts.
#[tokio::test(start_paused = true)]
async fn clean_ups_do_not_use_up_attempts() {
    let (faulty, dataset) = start().await;
    for parent in 1..8 {
        clean_up(&faulty, parent..parent + 1, Condemns::Others);
    }
    let policy = lode::Retry { attempts: 1, ..lode::Retry::default() };
    let dataset = dataset.on_conflict(lode::OnConflict::Retry(policy));
    let snapshot = dataset.append(&rows(10..13), metadata! {}).await.unwrap();
    assert_eq!(snapshot.id().get(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_fails_the_commit() {
    #[derive(Debug, Clone, Copy)]
    enum List {
        Missing,
        Garbage,
        NoCondemned,
        Cut,
        Circle,
        Elsewhere,
        Unreachable,
    }
    use List::*;
    for list in [Missing, Garbage, NoCondemned, Cut, Circle, Elsewhere, Unreachable] {
        for replacing in [false, true] {
            let (faulty, dataset) = start().await;
            let inner = Arc::clone(faulty.inner());
            let gc = Fault::run(move || {
                let inner = Arc::clone(&inner);
                async move {
                    forge::gc(&*inner, "d", 1, uuid(1), &["x".to_owned()]).await;
                    let key = forge::gc_key("d", uuid(1));
                    let this = forge::last_gc(2, uuid(1));
                    match list {
                        Missing => delete(&*inner, &key).await,
                        Garbage => put(&*inner, &key, "no JSON").await,
                        NoCondemned => put(&*inner, &key, r#"{"previous": null}"#).await,
                        Cut => put(&*inner, &key, r#"{"previous": null, "condemned": ["#).await,
                        Circle => {
                            let list = json!({ "previous": this, "condemned": [] });
                            forge::put_json(&*inner, &key, &list).await;
                        }
                        Elsewhere => {
                            let other = forge::last_gc(1, uuid(99));
                            let list = json!({ "previous": other, "condemned": [] });
                            forge::put_json(&*inner, &key, &list).await;
                        }
                        Unreachable => {}
                    }
                }
            });
            faulty.rule(Rule::on(Op::Create, Class::Manifest, gc));
            if matches!(list, Unreachable) {
                faulty.rule(Rule::on(Op::Get, Class::GcList, Fault::Before).for_ever());
            }
            let new = rows(10..13);
            let error = match replacing {
                true => dataset.write(&new, metadata! {}).await.unwrap_err(),
                false => dataset.append(&new, metadata! {}).await.unwrap_err(),
            };
            match list {
                Unreachable => assert!(matches!(error, Error::Storage { .. }), "{error}"),
                _ => assert!(matches!(error, Error::ManifestInvalid { .. }), "{list:?}: {error}"),
            }
            let named = error.to_string();
            assert!(named.contains("/gc/") || named.contains("last_gc"), "{list:?}: {named}");
            faulty.heal();
            let fresh = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
            let head = fresh.latest().await.unwrap().unwrap();
            assert_eq!((head.id().get(), head.row_count()), (2, 10), "{list:?}");
            // Whoever starts from here has nothing to look up.
            let next = fresh.append(&rows(10..13), metadata! {}).await.unwrap();
            assert_eq!(next.id().get(), 3);
        }
    }
}

/// A base that was cleaned up before: the chain of lists ends there.
#[tokio::test(start_paused = true)]
async fn lists_are_followed_only_back_to_the_base() {
    let (faulty, dataset) = start().await;
    forge::gc(&**faulty.inner(), "d", 1, uuid(1), &[]).await;
    // The list of the first is gone, which must not matter: the base has seen it.
    delete(&**faulty.inner(), &forge::gc_key("d", uuid(1))).await;
    clean_up(&faulty, 2..4, Condemns::Others);
    let snapshot = dataset.append(&rows(10..13), metadata! {}).await.unwrap();
    assert_eq!(snapshot.id().get(), 5);
    assert_eq!(faulty.counts().on(Op::Get, Class::GcList), 2);
}

/// Reads take a clean-up's commit as any other.
#[tokio::test(start_paused = true)]
async fn a_clean_up_is_a_snapshot_with_the_same_content() {
    let (faulty, dataset) = start().await;
    forge::gc(&**faulty.inner(), "d", 1, uuid(1), &[]).await;
    let before = contents(&**faulty.inner() as &dyn ObjectStore).await;
    let head = dataset.latest().await.unwrap().unwrap();
    assert_eq!(head.id().get(), 2);
    assert_eq!(numbers(&dataset, &head).await.unwrap(), (0..10).collect::<Vec<_>>());
    let one = dataset.snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
    let added = dataset.stream_added(&one).await.unwrap();
    assert_eq!(added.snapshot, head);
    assert_eq!(futures::StreamExt::count(added.records).await, 0);
    assert_eq!(contents(&**faulty.inner()).await, before);
}
