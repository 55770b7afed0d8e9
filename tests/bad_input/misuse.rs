//! What a caller can get wrong at run time.

use std::collections::BTreeMap;
use std::path::Path;

use lode::codec::{Jsonl, Parquet, StreamingCodec};
use lode::{Dataset, Error, HiveLayout, Record, SnapshotId, Store, metadata};

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

/// JSON so deep that its field, of all that a record can hold, is told from others.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Deep {
    #[lode(json)]
    payload: serde_json::Value,
    #[lode(json)]
    tree: Option<Node>,
    lists: Fifteen<Fifteen<Held>>,
}

type Five<T> = Vec<Vec<Vec<Vec<Vec<T>>>>>;

type Fifteen<T> = Five<Five<Five<T>>>;

/// As deep in a record as a field can be.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Held {
    #[lode(json)]
    payload: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
enum Node {
    Leaf,
    Inner { children: Vec<Node> },
}

fn arrays(levels: usize) -> serde_json::Value {
    (1..levels).fold(serde_json::json!([]), |inner, _| serde_json::json!([inner]))
}

/// An inner node is three levels: the name, its fields, and their list.
fn tree(levels: usize) -> Option<Node> {
    let leaf = Node::Inner { children: vec![] };
    Some((1..levels / 3).fold(leaf, |inner, _| Node::Inner { children: vec![Node::Leaf, inner] }))
}

fn deep(payload: usize, tree_of: usize, held: usize) -> Deep {
    fn five<T>(inner: T) -> Five<T> {
        vec![vec![vec![vec![vec![inner]]]]]
    }
    let held = Held { payload: arrays(held) };
    let lists = five(five(five(five(five(five(held))))));
    Deep { payload: arrays(payload), tree: tree(tree_of), lists }
}

async fn no_deeper_than_can_be_read<C: StreamingCodec<Deep>>(codec: C) {
    let counting = FaultStore::new(memory());
    let dataset = Dataset::<Deep>::new(&counting.store(), "d").unwrap().codec(codec);
    let place = ["[0]"; 30].concat();
    for (record, bad) in [
        (deep(96, 3, 1), "payload".to_owned()),
        (deep(1000, 3, 1), "payload".to_owned()),
        (deep(1, 96, 1), "tree".to_owned()),
        (deep(1, 3, 96), format!("lists{place}.payload")),
    ] {
        let records = [deep(1, 3, 1), record];
        for error in [
            dataset.write(&records, metadata! {}).await.unwrap_err(),
            dataset.stream_write_records(records.clone(), metadata! {}).await.unwrap_err(),
        ] {
            let Error::Encode { row: 1, field, source, .. } = &error else { panic!("{error}") };
            assert_eq!(*field, bad);
            assert!(source.to_string().contains("95 levels"), "{source}");
        }
    }
    assert!(contents(&**counting.inner()).await.is_empty());

    let deepest = [deep(95, 93, 95)];
    let snapshot = dataset.write(&deepest, metadata! {}).await.unwrap();
    assert_eq!(dataset.read(&snapshot).await.unwrap(), deepest);
}

#[tokio::test]
async fn json_too_deep_to_be_read_again_leaves_nothing() {
    no_deeper_than_can_be_read(Jsonl::new()).await;
    no_deeper_than_can_be_read(Parquet::new()).await;
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Counts {
    #[lode(json)]
    by_number: BTreeMap<u128, f64>,
}

/// serde_json's values hold no integers of 128 bits; its texts do.
#[tokio::test]
async fn a_float_under_a_long_number_is_found() {
    async fn check<C: StreamingCodec<Counts>>(codec: C) {
        let dataset = Dataset::<Counts>::new(&Store::memory(), "d").unwrap().codec(codec);
        let counts = |count| [Counts { by_number: BTreeMap::from([(1, 0.0), (u128::MAX, count)]) }];
        let error = dataset.write(&counts(f64::NAN), metadata! {}).await.unwrap_err();
        let Error::Encode { row: 0, field, .. } = &error else { panic!("{error}") };
        assert_eq!(field, r#"by_number["340282366920938463463374607431768211455"]"#);
        let snapshot = dataset.write(&counts(0.5), metadata! {}).await.unwrap();
        assert_eq!(dataset.read(&snapshot).await.unwrap(), counts(0.5));
    }
    check(Jsonl::new()).await;
    check(Parquet::new()).await;
}
