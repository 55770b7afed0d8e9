//! Tests of metadata.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::metadata;

fn entry(value: impl Serialize) -> Result<Value> {
    let built = metadata! { "key": value }.build()?;
    Ok(built.get("key").unwrap().clone())
}

/// The path and reason of the error.
fn refused<T: fmt::Debug>(result: Result<T>) -> (String, String) {
    match result {
        Err(Error::InvalidMetadata { path, reason }) => (path, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_macro_writes_json() {
    const KEY: &str = "constant";
    let name = String::from("x");
    let made = metadata! {
        "text": "a",
        "number": -1 + 2,
        "float": 1.5,
        "truth": true,
        "nothing": null,
        "none": None::<u8>,
        KEY: name.len(),
        (format!("key-{name}")): name,
        "object": { "a": { "b": null }, "empty": {}, },
        "array": [1, null, [true, "x"], { "y": [] }, 1 + 1,],
        "block": [1, 2].len(),
        "map": HashMap::from([(1, 2)]),
    };
    let expected = json!({
        "text": "a",
        "number": 1,
        "float": 1.5,
        "truth": true,
        "nothing": null,
        "none": null,
        "constant": 1,
        "key-x": "x",
        "object": { "a": { "b": null }, "empty": {} },
        "array": [1, null, [true, "x"], { "y": [] }, 2],
        "block": 2,
        "map": { "1": 2 },
    });
    assert_eq!(serde_json::to_value(made.build().unwrap()).unwrap(), expected);
    // It borrows its values.
    assert_eq!(name, "x");
    assert_eq!(metadata! {}.build().unwrap(), Metadata::empty());
}

#[test]
fn keys_are_sorted_at_every_depth() {
    let built = metadata! { "b": { "z": 1, "a": [{ "d": 1, "c": 2 }] }, "a": 1 }.build().unwrap();
    assert_eq!(built.to_string(), r#"{"a":1,"b":{"a":[{"c":2,"d":1}],"z":1}}"#);
    assert_eq!(built.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((built.len(), built.is_empty()), (2, false));
}

#[test]
fn floats_that_are_no_numbers_are_refused_with_their_path() {
    #[derive(Serialize)]
    enum Kind {
        Unit,
        New(f32),
        Pair(u8, f64),
        Named { limit: f64 },
    }
    #[derive(Serialize)]
    struct Deep {
        kinds: Vec<Kind>,
        map: BTreeMap<String, Option<f64>>,
    }
    let deep = |kind: Kind, float: f64| Deep {
        kinds: vec![Kind::Unit, kind],
        map: BTreeMap::from([("x y".to_owned(), Some(float))]),
    };
    let of = |kind: Kind| refused(Metadata::of(&deep(kind, 1.0))).0;
    assert_eq!(of(Kind::New(f32::NAN)), "kinds[1].New");
    assert_eq!(of(Kind::Pair(1, f64::INFINITY)), "kinds[1].Pair[1]");
    assert_eq!(of(Kind::Named { limit: f64::NEG_INFINITY }), "kinds[1].Named.limit");
    let (path, reason) = refused(Metadata::of(&deep(Kind::Unit, f64::NAN)));
    assert_eq!((path.as_str(), reason.as_str()), ("map.x y", "NaN is not a JSON number"));
    assert!(Metadata::of(&deep(Kind::Named { limit: -0.0 }, f64::MAX)).is_ok());

    let (path, _) =
        refused(metadata! { "a": { "b": [1, deep(Kind::New(f32::NAN), 0.0)] } }.build());
    assert_eq!(path, "a.b[1].kinds[1].New");
    let (path, _) = refused(metadata! { "scores": [0.5, f64::NAN] }.build());
    assert_eq!(path, "scores[1]");
    let (path, _) = refused(metadata! { "scores": [vec![0.5, f64::NAN]] }.build());
    assert_eq!(path, "scores[0][1]");
}

#[test]
fn integers_are_exact_or_refused() {
    assert_eq!(entry(u64::MAX).unwrap().as_u64(), Some(u64::MAX));
    assert_eq!(entry(i64::MIN).unwrap().as_i64(), Some(i64::MIN));
    assert_eq!(entry(i128::from(u64::MAX)).unwrap().as_u64(), Some(u64::MAX));
    let (path, reason) = refused(entry(u128::MAX));
    assert_eq!(path, "key");
    assert!(reason.contains("64 bits"), "{reason}");
    assert_eq!(refused(entry(vec![i128::MIN])).0, "key[0]");
}

#[test]
fn only_objects_are_metadata() {
    #[derive(Serialize)]
    struct Unit;
    for (result, kind) in [
        (Metadata::of(&Unit), "null"),
        (Metadata::of(&1), "a number"),
        (Metadata::of("x"), "a string"),
        (Metadata::of(&[1]), "an array"),
        (Metadata::of(&None::<Metadata>), "null"),
    ] {
        let (path, reason) = refused(result);
        assert_eq!((path.as_str(), reason), ("", format!("must be a JSON object, not {kind}")));
    }
    assert!(serde_json::from_str::<Metadata>("null").is_err());
    assert!(serde_json::from_str::<Metadata>("[]").is_err());
    assert!(Metadata::of(&HashMap::from([((1, 2), 3)])).is_err());
}

#[test]
fn a_key_given_twice_is_refused() {
    let (path, reason) = refused(metadata! { "a": { "b": 1, "b": 1 } }.build());
    assert_eq!((path.as_str(), reason.as_str()), ("a.b", "is given twice"));
}

/// `levels` objects, one in the other.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }))
}

#[test]
fn metadata_is_not_deeper_than_can_be_read() {
    let text = |levels| serde_json::to_string(&nested(levels)).unwrap();
    assert!(Metadata::of(&nested(100)).is_ok());
    let (path, reason) = refused(Metadata::of(&nested(101)));
    assert_eq!(path, "a");
    assert!(reason.contains("100 levels") && reason.ends_with("or as a text"), "{reason}");
    assert!(serde_json::from_str::<Metadata>(&text(100)).is_ok());
    assert!(serde_json::from_str::<Metadata>(&text(101)).is_err());
    assert!(metadata! { "a": nested(99) }.build().is_ok());
    assert!(metadata! { "a": nested(100) }.build().is_err());
    assert!(metadata! { "a": [nested(98)] }.build().is_ok());
    assert!(metadata! { "a": [nested(99)] }.build().is_err());

    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq([Self])
        }
    }
    assert!(refused(entry(Endless)).1.contains("100 levels"));
}

/// Not all of it is told to a serializer as it stands in JSON.
#[test]
fn bytes_and_texts_of_json_are_no_deeper_either() {
    /// Bytes, in so many lists.
    struct Bytes(usize);
    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                0 => serializer.serialize_bytes(&[1, 2]),
                lists => [Self(lists - 1)].serialize(serializer),
            }
        }
    }
    let raw = |lists| RawValue::from_string("[".repeat(lists) + &"]".repeat(lists)).unwrap();
    let check = |it: Result<Metadata>, other: Result<Metadata>| {
        let text = serde_json::to_string(&it.unwrap()).unwrap();
        assert!(serde_json::from_str::<Metadata>(&text).is_ok());
        assert!(refused(other).1.contains("100 levels"));
    };
    let of_bytes = |lists| Metadata::of(&BTreeMap::from([("a", Bytes(lists))]));
    check(of_bytes(98), of_bytes(99));
    let of_raw = |lists| Metadata::of(&BTreeMap::from([("a", raw(lists))]));
    check(of_raw(99), of_raw(100));
}

#[test]
fn entries_become_a_struct() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Run {
        source: String,
        limits: Vec<u64>,
    }
    let run = Run { source: "bts".to_owned(), limits: vec![u64::MAX] };
    let metadata = Metadata::of(&run).unwrap();
    assert_eq!(metadata.parse_as::<Run>().unwrap(), run);

    let other = metadata! { "source": "bts", "limits": [1, -1] }.build().unwrap();
    let (path, reason) = refused(other.parse_as::<Run>());
    assert_eq!(path, "limits[1]");
    assert!(reason.contains("expected u64"), "{reason}");
    let (path, reason) = refused(Metadata::empty().parse_as::<Run>());
    assert_eq!(path, "");
    assert!(reason.contains("missing field `source`"), "{reason}");
}

proptest! {
    #[test]
    fn any_metadata_comes_back(metadata in crate::manifest::arbitrary::metadata()) {
        let text = serde_json::to_string(&metadata).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Metadata>(&text).unwrap(), &metadata);
        prop_assert_eq!(&metadata.to_string(), &text);
        prop_assert_eq!(&Metadata::of(&metadata).unwrap(), &metadata);
        prop_assert_eq!(&(&metadata).into_metadata().unwrap(), &metadata);
        let entries = metadata.parse_as::<BTreeMap<String, Value>>().unwrap();
        prop_assert_eq!(&Metadata::of(&entries).unwrap(), &metadata);
    }

    #[test]
    fn any_float_comes_back_or_is_refused(bits: u64) {
        let float = f64::from_bits(bits);
        match entry(float) {
            Ok(value) => {
                let text = serde_json::to_string(&value).unwrap();
                let back: f64 = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(back.to_bits(), bits);
            }
            Err(_) => prop_assert!(!float.is_finite()),
        }
    }
}

#[test]
fn an_error_of_the_whole_names_no_place() {
    let error = |path: &str| invalid(path, "is wrong").to_string();
    assert_eq!(error(""), "metadata: is wrong");
    assert_eq!(error("a.b"), "metadata at `a.b`: is wrong");
}
