//! A directory of the local disk, which has nothing in flight once it has answered.

use std::fs;
use std::future::IntoFuture;
use std::time::Duration;

use lode::{Dataset, Durability, Error, Store, metadata};

use crate::support::rows::numbers;
use crate::support::{Row, rows};

fn start(home: &tempfile::TempDir) -> Dataset<Row> {
    let store = Store::local_with(home.path(), Durability::None).unwrap();
    Dataset::<Row>::new(&store, "d").unwrap()
}

#[tokio::test]
async fn a_hint_that_cannot_be_written_is_no_failure() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("datasets/d/latest/occupied")).unwrap();
    for n in 0..3 {
        let dataset = start(&home);
        let snapshot = dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
        assert_eq!(snapshot.id().get(), n + 1);
        assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), (0..=n).collect::<Vec<_>>());
    }
    assert_eq!(start(&home).latest().await.unwrap().unwrap().id().get(), 3);
}

/// There is nothing to wait for: the error is certain, and comes at once.
#[cfg(unix)]
#[tokio::test]
async fn a_manifest_that_cannot_be_put_is_not_committed() {
    let home = tempfile::tempdir().unwrap();
    start(&home).write(&rows(0..3), metadata! {}).await.unwrap();
    // The next snapshot's folder can't be made: a link to nowhere stands there.
    let blocked = home.path().join("datasets/d/snapshots/0000000000000000002");
    std::os::unix::fs::symlink(home.path().join("nowhere"), &blocked).unwrap();
    let write = rows(3..6);
    let dataset = start(&home);
    let append = dataset.append(&write, metadata! {});
    let result = tokio::time::timeout(Duration::from_secs(5), append.into_future()).await;
    let error = result.expect("it settles what is settled").unwrap_err();
    assert!(matches!(error, Error::Storage { operation: "put", .. }), "{error}");
    fs::remove_file(&blocked).unwrap();
    let head = start(&home).latest().await.unwrap().unwrap();
    assert_eq!((head.id().get(), head.row_count()), (1, 3));
    let next = start(&home).append(&write, metadata! {}).await.unwrap();
    assert_eq!((next.id().get(), next.row_count()), (2, 6));
}

#[tokio::test]
async fn data_that_cannot_be_put_leave_nothing() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("datasets/d")).unwrap();
    let blocked = home.path().join("datasets/d/data");
    fs::write(&blocked, "").unwrap();
    let error = start(&home).write(&rows(0..3), metadata! {}).await.unwrap_err();
    assert!(matches!(&error, Error::Storage { path, .. } if path.starts_with("datasets/d/data/")));
    fs::remove_file(&blocked).unwrap();
    assert!(start(&home).latest().await.unwrap().is_none());
    start(&home).write(&rows(0..3), metadata! {}).await.unwrap();
}

/// What a killed process leaves beside the objects is nobody's.
#[tokio::test]
async fn leftovers_of_a_killed_writer_do_not_matter() {
    let home = tempfile::tempdir().unwrap();
    start(&home).write(&rows(0..3), metadata! {}).await.unwrap();
    let dataset = home.path().join("datasets/d");
    for (folder, name) in [
        ("snapshots/0000000000000000002", "manifest.json#1"),
        ("snapshots/0000000000000000009", "manifest.json#7"),
        ("data/0123", "00000.jsonl#1"),
        ("", "latest#3"),
        ("snapshots/0000000000000000077", "other"),
    ] {
        fs::create_dir_all(dataset.join(folder)).unwrap();
        fs::write(dataset.join(folder).join(name), "torn").unwrap();
    }
    assert_eq!(start(&home).snapshots().await.unwrap().len(), 1);
    let two = start(&home).append(&rows(3..4), metadata! {}).await.unwrap();
    assert_eq!(two.id().get(), 2);
    fs::remove_file(dataset.join("latest")).unwrap();
    assert_eq!(start(&home).latest().await.unwrap().unwrap(), two);
}
