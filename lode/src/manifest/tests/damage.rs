//! Whatever is done to a manifest, reading it gives a valid one or a precise error.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Checks that the outcome is a manifest that obeys the rules, or an error that names the object
/// and a field.
fn check(paths: Paths, manifest: &Manifest, json: &[u8]) {
    match parse_as(paths, manifest, json) {
        Ok(document) => {
            let text = match &document {
                Document::Live(back) => back.to_json().unwrap(),
                Document::Tombstone(back) => back.to_json().unwrap(),
            };
            assert_eq!(parse_as(paths, manifest, &text).unwrap(), document);
        }
        Err(Error::ManifestInvalid { path, field, reason }) => {
            assert_eq!(path, paths.manifest(&manifest.dataset_id, manifest.snapshot_id));
            assert!(!field.is_empty() && !reason.is_empty());
        }
        Err(Error::UnsupportedVersion { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

/// The JSON pointers of everything in `value`.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    let mut inner = |key: &str, value: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(value, &pointer, all);
        all.push(pointer);
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| inner(key, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| inner(&i.to_string(), value));
        }
        _ => {}
    }
}

fn remove(document: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(entries) => {
            entries.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(items) => {
            items.remove(key.parse().unwrap());
        }
        _ => unreachable!(),
    }
}

/// The document with anything in it left out, or replaced by something odd.
pub(in crate::manifest) fn damaged(json: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let document: Value = serde_json::from_slice(json).unwrap();
    let mut all = Vec::new();
    pointers(&document, "", &mut all);
    let odd = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("expired"),
        json!("../../x"),
        json!("9.0.0"),
        json!([]),
        json!({}),
        json!([{}]),
    ];
    all.into_iter().flat_map(move |pointer| {
        let mut without = document.clone();
        remove(&mut without, &pointer);
        let replaced = odd.iter().map(|odd| {
            let mut damaged = document.clone();
            *damaged.pointer_mut(&pointer).unwrap() = odd.clone();
            damaged
        });
        let all: Vec<_> = replaced.chain([without]).collect();
        all.into_iter().map(|damaged| serde_json::to_vec(&damaged).unwrap())
    })
}

fn damage_everywhere(paths: Paths, manifest: &Manifest, json: &[u8]) {
    damaged(json).for_each(|json| check(paths, manifest, &json));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_field_dropped_or_replaced((paths, manifest) in arbitrary::manifest()) {
        damage_everywhere(paths, &manifest, &manifest.to_json().unwrap());
        let tombstone = manifest.expire(paths, manifest.created_at).unwrap();
        damage_everywhere(paths, &manifest, &tombstone.to_json().unwrap());
    }

    #[test]
    fn cut_at_any_byte((paths, manifest) in arbitrary::manifest()) {
        let json = manifest.to_json().unwrap();
        for end in 0..json.len() {
            match parse_as(paths, &manifest, &json[..end]) {
                Err(Error::ManifestInvalid { field, .. }) => prop_assert!(!field.is_empty()),
                other => panic!("cut at {end}: {other:?}"),
            }
        }
    }

    #[test]
    fn bytes_changed(
        (paths, manifest) in arbitrary::manifest(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
    ) {
        let json = manifest.to_json().unwrap();
        for (at, byte) in changes {
            let mut damaged = json.clone();
            damaged[at.index(json.len())] = byte;
            check(paths, &manifest, &damaged);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        let (paths, manifest) = sample();
        prop_assert!(parse_as(paths, &manifest, &bytes).is_err());
    }

    #[test]
    fn any_json_like_text(text in r#"[\[\]{}:,"a-z0-9.\\ -]{0,200}"#) {
        let (paths, manifest) = sample();
        prop_assert!(parse_as(paths, &manifest, text.as_bytes()).is_err());
    }
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let (paths, manifest) = sample();
    for open in ["[", "{\"a\":", "{\"metadata\":", "{\"files\":[", "{\"unknown\":"] {
        let error = parse_as(paths, &manifest, open.repeat(200_000).as_bytes()).unwrap_err();
        assert!(matches!(error, Error::ManifestInvalid { .. }), "{error}");
    }
}
