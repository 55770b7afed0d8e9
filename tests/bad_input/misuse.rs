//! What a caller can get wrong at run time.

use std::path::Path;

use lode::{Dataset, Error, HiveLayout, SnapshotId, Store, metadata};

use super::Shelf;
use crate::support::{FaultStore, Row, contents, memory, rows};

#[test]
fn a_missing_directory_is_not_created() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("missing");
    let error = Store::local(&missing).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.to_string().contains(&*missing.to_string_lossy()), "{error}");
    assert!(!missing.exists());
    let file = home.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = Store::local(&file).unwrap_err();
    assert!(matches!(&error, Error::StoreUnavailable { path, .. } if *path == file), "{error}");
    let error = Store::open("file:///no/such/directory").unwrap_err();
    let is_it = |path: &Path| path == Path::new("/no/such/directory");
    assert!(matches!(&error, Error::StoreUnavailable { path, .. } if is_it(path)), "{error}");
}

#[tokio::test]
async fn a_directory_that_vanishes_is_an_error_and_is_not_created() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("store");
    std::fs::create_dir(&directory).unwrap();
    let store = Store::local(&directory).unwrap();
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(dataset.latest().await.is_ok_and(|latest| latest.is_none()));
    assert!(!directory.exists(), "a reader made a directory");
}

#[tokio::test]
async fn an_unknown_snapshot_is_not_found() {
    let shelf = Shelf::new().await;
    let dataset = Dataset::<Row>::new(&shelf.store, "plain").unwrap();
    for number in [3, 99, i64::MAX as u64] {
        let id = SnapshotId::new(number).unwrap();
        let error = dataset.snapshot(id).await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        let text = format!("dataset `plain` has no snapshot {number}");
        assert_eq!(error.to_string(), text);
    }
    // Another dataset's snapshot of the same type.
    let other = Dataset::<Row>::new(&shelf.store, "zstd").unwrap();
    let snapshot = other.latest().await.unwrap().unwrap();
    let error = dataset.read(&snapshot).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(
        Dataset::<Row>::new(&shelf.store, "nothing").unwrap().latest().await.unwrap().is_none()
    );
    shelf.assert_untouched().await;
}

#[test]
fn ids_that_storage_could_not_hold_are_refused() {
    let store = Store::memory();
    let long = "x".repeat(256);
    for id in ["", "a/b", "../x", "..", ".", ".hidden", "a b", "ä", "datasets", "Volumes", &long] {
        let error = Dataset::<Row>::new(&store, id).unwrap_err();
        assert!(matches!(&error, Error::InvalidId { id: found, .. } if found == id), "{error}");
    }
}

/// What cannot be written fails before the first object is.
#[tokio::test]
async fn what_cannot_be_written_leaves_nothing() {
    let counting = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&counting.store(), "d").unwrap();
    let hive = Dataset::<Row>::new(&counting.store(), "h").unwrap().layout(HiveLayout);
    let with_kind = |kind: &str| Row { kind: kind.to_owned(), ..rows(7..8).remove(0) };

    let error = dataset.write(&rows(0..3), metadata! { "x": f64::NAN }).await.unwrap_err();
    assert!(matches!(&error, Error::InvalidMetadata { path, .. } if path == "x"), "{error}");
    let mut bad = rows(0..3);
    bad.push(with_kind("__HIVE_DEFAULT_PARTITION__"));
    let error = hive.write(&bad, metadata! {}).await.unwrap_err();
    let is_it = matches!(&error, Error::InvalidPartition { row: 3, key, .. } if key == "kind");
    assert!(is_it, "{error}");
    bad[3] = with_kind(&"x".repeat(251));
    let error = hive.append(&bad, metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::InvalidPartition { row: 3, .. }), "{error}");
    assert_eq!(counting.counts().puts(), 0, "{:?}", counting.counts());

    // A stream's bad record fails before its manifest; its data are removed.
    let error = hive.stream_write_records(bad, metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::InvalidPartition { row: 3, .. }), "{error}");
    assert!(contents(&**counting.inner()).await.is_empty());
    assert!(hive.latest().await.unwrap().is_none());
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, lode::Record)]
struct Number {
    value: f64,
}

#[tokio::test]
async fn a_float_that_json_has_not_leaves_nothing() {
    let counting = FaultStore::new(memory());
    let dataset = Dataset::<Number>::new(&counting.store(), "d").unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let records: Vec<Number> = [1.0, value].map(|value| Number { value }).into();
        for error in [
            dataset.write(&records, metadata! {}).await.unwrap_err(),
            dataset.append(&records, metadata! {}).await.unwrap_err(),
            dataset.stream_write_records(records.clone(), metadata! {}).await.unwrap_err(),
        ] {
            let is_it = matches!(&error, Error::Encode { row: 1, field, .. } if field == "value");
            assert!(is_it, "{error}");
        }
    }
    assert!(contents(&**counting.inner()).await.is_empty());
}
