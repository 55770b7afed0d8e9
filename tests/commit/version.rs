//! Manifests from the future.

use std::sync::Arc;

use futures::TryStreamExt;
use lode::{Blob, Dataset, Error, HiveLayout, SnapshotId, metadata};
use object_store::ObjectStore;
use serde_json::json;

use crate::support::ambient::uuid;
use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{
    Class, Fault, FaultStore, Op, Row, contents, forge, lode_store, memory, rows,
};

async fn start() -> (FaultStore, Dataset<Row>) {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    (faulty, dataset)
}

#[tokio::test(start_paused = true)]
async fn a_newer_minor_is_read_and_not_built_upon() {
    for version in ["1.9.0", "2.7.3"] {
        let (faulty, dataset) = start().await;
        forge::child(&**faulty.inner(), "d", 1, uuid(1), |value| {
            value["format_version"] = json!(version);
            value["operation"] = json!("compact");
            value["from_the_future"] = json!({ "a": [1] });
        })
        .await;
        let before = contents(&**faulty.inner()).await;
        for fresh in [dataset.clone(), Dataset::<Row>::new(&faulty.store(), "d").unwrap()] {
            let head = fresh.latest().await.unwrap().unwrap();
            assert_eq!(head.id().get(), 2);
            assert_eq!(numbers(&fresh, &head).await.unwrap(), [0, 1, 2]);
            for error in [
                fresh.write(&rows(0..1), metadata! {}).await.unwrap_err(),
                fresh.append(&rows(0..1), metadata! {}).await.unwrap_err(),
                fresh.stream_write_records(rows(0..1), metadata! {}).await.unwrap_err(),
                fresh.record_writer(metadata! {}).await.unwrap_err(),
            ] {
                let is_it =
                    matches!(&error, Error::UnsupportedVersion { found, .. } if found == version);
                assert!(is_it, "{error}");
            }
        }
        assert_eq!(contents(&**faulty.inner()).await, before, "nothing was written");
    }
    let store = lode_store(memory() as Arc<dyn ObjectStore>);
    let blobs = Dataset::<Blob>::new(&store, "d").unwrap();
    blobs.write(b"one", metadata! {}).await.unwrap();
    forge::edit(&**store.object_store(), "d", 1, |v| v["format_version"] = json!("1.3.0")).await;
    let fresh = Dataset::<Blob>::new(&store, "d").unwrap();
    let head = fresh.latest().await.unwrap().unwrap();
    assert_eq!(fresh.read_blob(&head).await.unwrap(), "one");
    let error = fresh.stream_write(metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::UnsupportedVersion { .. }), "{error}");
}

/// 'Rebases refuse every manifest of a newer minor': also one that is not the head any more.
#[tokio::test(start_paused = true)]
async fn a_rebase_over_a_newer_minor_is_refused() {
    for last in ["1.9.0", "1.1.0"] {
        let (faulty, dataset) = start().await;
        let inner = Arc::clone(faulty.inner());
        let meanwhile = Fault::run(move || {
            let inner = Arc::clone(&inner);
            async move {
                forge::child(&*inner, "d", 1, uuid(1), |value| {
                    value["format_version"] = json!("1.9.0");
                })
                .await;
                forge::child(&*inner, "d", 2, uuid(2), |value| {
                    value["format_version"] = json!(last);
                })
                .await;
            }
        });
        faulty.rule(Rule::on(Op::Create, Class::Manifest, meanwhile));
        let error = dataset.append(&rows(5..6), metadata! {}).await.unwrap_err();
        assert!(matches!(error, Error::UnsupportedVersion { .. }), "{last}: {error}");
        let head = dataset.latest().await.unwrap().unwrap();
        assert_eq!(head.id().get(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_major_is_refused_by_all_and_harms_no_other() {
    let (faulty, dataset) = start().await;
    forge::child(&**faulty.inner(), "d", 1, uuid(1), |value| {
        value["format_version"] = json!("3.0.0");
        value["files"] = json!({ "packed": "abc" });
    })
    .await;
    let before = contents(&**faulty.inner()).await;
    let two = SnapshotId::new(2).unwrap();
    for fresh in [dataset.clone(), Dataset::<Row>::new(&faulty.store(), "d").unwrap()] {
        for error in [
            fresh.latest().await.unwrap_err(),
            fresh.snapshot(two).await.unwrap_err(),
            fresh.write(&rows(0..1), metadata! {}).await.unwrap_err(),
            fresh.append(&rows(0..1), metadata! {}).await.unwrap_err(),
        ] {
            let Error::UnsupportedVersion { path, found, .. } = &error else { panic!("{error}") };
            assert_eq!((path.as_str(), found.as_str()), (&*forge::manifest_key("d", 2), "3.0.0"));
        }
        let one = fresh.snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
        assert_eq!(numbers(&fresh, &one).await.unwrap(), [0, 1, 2]);
        let history: Vec<_> = futures::StreamExt::collect(fresh.history()).await;
        assert_eq!(history.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
    }
    assert_eq!(contents(&**faulty.inner()).await, before, "nothing was written");
}

/// An old one in the middle of the history does not stop the head.
#[tokio::test(start_paused = true)]
async fn replacing_partitions_refuses_a_newer_minor() {
    let store = lode_store(memory() as Arc<dyn ObjectStore>);
    let hive = Dataset::<Row>::new(&store, "d").unwrap().layout(HiveLayout);
    hive.write(&rows(0..9), metadata! {}).await.unwrap();
    let key = "datasets/d/segments/0000000000000000001/manifest.json";
    let body = crate::support::get(&**store.object_store(), key).await.unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&body).unwrap();
    value["format_version"] = json!("1.4.0");
    forge::put_json(&**store.object_store(), key, &value).await;
    let fresh = Dataset::<Row>::new(&store, "d").unwrap().layout(HiveLayout);
    let error = fresh.replace_partitions(&rows(9..10), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::UnsupportedVersion { .. }), "{error}");
    let head = fresh.latest().await.unwrap().unwrap();
    let read: Vec<Row> = fresh.stream(&head).try_collect().await.unwrap();
    assert_eq!(read.len(), 9);
}
