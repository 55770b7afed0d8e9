//! Any JSON, and any damage to a manifest, gives a manifest or an error that names the field.

use std::sync::LazyLock;

use lode::manifest::{Document, Expect, Tombstone};
use lode::{Checksum, Dataset, DatasetId, Error, HiveLayout, SnapshotId, Store, metadata};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::records::{Keyed, Status};
use super::strategies;
use super::{block_on, config};

/// Manifests that lode has written, with everything that one can have; and a tombstone.
static MANIFESTS: LazyLock<Vec<Value>> = LazyLock::new(|| block_on(written()));

async fn written() -> Vec<Value> {
    let store = Store::memory();
    let records: Vec<Keyed> = (0..3)
        .map(|n| Keyed {
            text: "a/b".to_owned(),
            maybe: None,
            number: n,
            flag: false,
            date: chrono::NaiveDate::default(),
            status: Some(Status::Late),
            at: chrono::DateTime::from_timestamp(n, 1).unwrap(),
            value: 0.5,
        })
        .collect();
    let dataset = Dataset::<Keyed>::new(&store, "d").unwrap().layout(HiveLayout);
    let metadata = metadata! { "a": [1, { "b": 2.5 }], "c": "text" };
    dataset.write(&records, metadata).idempotency_key("key").await.unwrap();
    let other = dataset.clone().checksum(Checksum::Md5);
    let newest = other.append(&records, metadata! {}).await.unwrap();
    let ids = [1, newest.id().get()];
    let mut manifests = Vec::new();
    for id in ids {
        let snapshot = dataset.snapshot(SnapshotId::new(id).unwrap()).await.unwrap();
        manifests.push(serde_json::from_slice(&snapshot.manifest().to_json().unwrap()).unwrap());
    }
    let mut tombstone: Value = Value::clone(&manifests[0]);
    let object = tombstone.as_object_mut().unwrap();
    let files = object.insert("files".to_owned(), json!("expired")).unwrap();
    object.insert("expired_files".to_owned(), files);
    object.insert("expired_at".to_owned(), json!("2030-01-01T00:00:00Z"));
    object.insert("format_version".to_owned(), json!("2.0.0"));
    manifests.push(tombstone);
    manifests
}

fn expect(dataset: &DatasetId, id: u64) -> Expect<'_> {
    Expect { dataset, id: SnapshotId::new(id).unwrap(), prefix: "datasets/d/" }
}

/// Parses; a manifest says the same again, an error names the object and a field.
fn check(bytes: &[u8], id: u64) -> Option<Document> {
    let dataset = DatasetId::new("d").unwrap();
    let path = "datasets/d/segments/x/manifest.json";
    match Document::parse(path, &expect(&dataset, id), bytes) {
        Ok(document) => {
            assert_eq!(document.snapshot_id().get(), id);
            let again = match &document {
                Document::Live(manifest) => manifest.to_json().unwrap(),
                Document::Tombstone(tombstone) => Tombstone::to_json(tombstone).unwrap(),
            };
            let parsed = Document::parse(path, &expect(&dataset, id), &again).unwrap();
            assert_eq!(parsed, document, "{}", String::from_utf8_lossy(&again));
            Some(document)
        }
        Err(Error::ManifestInvalid { path: found, field, reason }) => {
            assert_eq!(found, path);
            assert!(!field.is_empty() && !reason.is_empty());
            None
        }
        Err(Error::UnsupportedVersion { path: found, .. }) => {
            assert_eq!(found, path);
            None
        }
        Err(other) => panic!("{other}"),
    }
}

/// Every place in a document, as JSON pointers.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            places(value, format!("{at}/{key}"), found);
        }),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| places(value, format!("{at}/{i}"), found))
        }
        _ => {}
    }
    found.push(at);
}

/// What is put in a place: anything, or what is almost right.
fn replacement() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => strategies::json(),
        1 => prop::sample::select(vec![
            json!(null), json!(""), json!(-1), json!(0), json!(1.5), json!(u64::MAX), json!([]),
            json!({}), json!("2.0.0"), json!("1.9.9"), json!("3.0.0"), json!("1.0.0"),
            json!("datasets/d/../e/x"), json!("/datasets/d/x"), json!("datasets/d/data/x"),
            json!("9223372036854775807"), json!("0000000000000000001"), json!("mixed"),
            json!("2013-01-01T00:00:00Z"), json!("0000-01-01T00:00:00Z"), json!("expired"),
            json!("9999-12-31T23:59:60Z"), json!("hive"), json!({"list": {"list": "int8"}}),
        ]),
    ]
}

#[test]
fn what_is_written_parses() {
    for (manifest, id) in MANIFESTS.iter().zip([1, 2, 1]) {
        let bytes = serde_json::to_vec(manifest).unwrap();
        assert!(check(&bytes, id).is_some(), "{manifest:#}");
    }
}

/// An error inside a key without a name still names something.
#[test]
fn damage_under_a_key_without_a_name() {
    assert!(check(br#"{"": [}"#, 1).is_none());
    assert!(check(br#"{"metadata": {"": 1e999}}"#, 1).is_none());
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_json(json in strategies::json()) {
        prop_assert!(check(&serde_json::to_vec(&json).unwrap(), 1).is_none());
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..64)) {
        prop_assert!(check(&bytes, 1).is_none());
    }

    #[test]
    fn any_values_replaced(
        which in 0..3_usize,
        changes in vec((any::<Index>(), prop::option::weighted(0.8, replacement())), 1..3),
    ) {
        let mut manifest = MANIFESTS[which].clone();
        for (at, replacement) in changes {
            let mut found = Vec::new();
            places(&manifest, String::new(), &mut found);
            let pointer = at.get(&found);
            match (replacement, pointer.rsplit_once('/')) {
                (Some(value), _) => *manifest.pointer_mut(pointer).unwrap() = value,
                (None, Some((parent, key))) => match manifest.pointer_mut(parent) {
                    Some(Value::Object(object)) => {
                        object.remove(&key.replace("~1", "/").replace("~0", "~"));
                    }
                    Some(Value::Array(list)) => drop(list.pop()),
                    _ => {}
                },
                (None, None) => {}
            }
        }
        let id = [1, 2, 1][which];
        check(&serde_json::to_vec(&manifest).unwrap(), id);
    }

    #[test]
    fn any_byte_changed_or_cut(which in 0..3_usize, at: Index, to in any::<Option<u8>>()) {
        let mut bytes = serde_json::to_vec_pretty(&MANIFESTS[which]).unwrap();
        let at = at.index(bytes.len());
        let id = [1, 2, 1][which];
        match to {
            Some(byte) => {
                bytes[at] = byte;
                check(&bytes, id);
            }
            None => {
                bytes.truncate(at);
                prop_assert!(check(&bytes, id).is_none());
            }
        }
    }
}
