//! Columns that are missing, renamed or null.

use std::sync::Arc;

use arrow_array::{Int32Array, RecordBatch, StringArray, UInt8Array};
use arrow_schema::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};

use super::family::Scalars;
use super::{batch, columns, decode, try_decode};
use crate::Record;

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct New {
    id: u8,
    #[serde(alias = "old", alias = "older")]
    renamed: String,
    #[serde(default)]
    of_type: i32,
    #[serde(default = "seven")]
    of_function: i32,
    none: Option<i32>,
    #[serde(default = "some_seven")]
    some: Option<i32>,
    #[lode(json)]
    #[serde(default)]
    json: Vec<u8>,
    #[serde(skip, default = "seven")]
    skipped: i32,
}

fn seven() -> i32 {
    7
}

fn some_seven() -> Option<i32> {
    Some(7)
}

#[test]
fn fields_have_their_defaults_where_the_column_is_missing() {
    let batch = columns(&[
        ("older", Arc::new(StringArray::from(vec!["a"]))),
        ("other", Arc::new(StringArray::from(vec!["ignored"]))),
        ("id", Arc::new(UInt8Array::from(vec![1]))),
    ]);
    let expected = New {
        id: 1,
        renamed: "a".into(),
        of_type: 0,
        of_function: 7,
        none: None,
        some: Some(7),
        json: vec![],
        skipped: 7,
    };
    assert_eq!(decode::<New>(&batch), [expected]);
}

#[test]
fn a_name_goes_before_aliases_and_they_in_their_order() {
    let found = |names: &[&str]| {
        let text = |name: &str| Arc::new(StringArray::from(vec![name])) as _;
        let mut all = vec![("id", Arc::new(UInt8Array::from(vec![1])) as _)];
        all.extend(names.iter().map(|name| (*name, text(name))));
        decode::<New>(&columns(&all)).remove(0).renamed
    };
    assert_eq!(found(&["older", "old", "renamed"]), "renamed");
    assert_eq!(found(&["older", "old"]), "old");
}

#[test]
fn a_null_is_not_a_missing_column() {
    let id = || Arc::new(UInt8Array::from(vec![1, 1])) as _;
    let text = || Arc::new(StringArray::from(vec!["a", "b"])) as _;
    let batch = columns(&[
        ("id", id()),
        ("renamed", text()),
        ("of_type", Arc::new(Int32Array::from(vec![Some(1), None]))),
    ]);
    assert_eq!(
        try_decode::<New>(&batch).unwrap_err(),
        "row 1, field `of_type`: null, and the field is not an `Option`"
    );
    let some = Arc::new(Int32Array::from(vec![None, Some(1)])) as _;
    let batch = columns(&[("id", id()), ("renamed", text()), ("some", some)]);
    let some: Vec<_> = decode::<New>(&batch).into_iter().map(|new| new.some).collect();
    assert_eq!(some, [None, Some(1)]);
}

#[test]
fn a_missing_column_without_default_is_named() {
    let batch = columns(&[("id", Arc::new(UInt8Array::from(vec![1])))]);
    assert_eq!(try_decode::<New>(&batch).unwrap_err(), "column `renamed`: the column is missing");
    assert_eq!(
        try_decode::<Outer>(&columns(&[("inner", Arc::clone(list_of_ids().column(0)))]))
            .unwrap_err(),
        "column `inner[].missing`: the column is missing"
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Id {
    id: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Ids {
    inner: Vec<Id>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Inner {
    id: u8,
    missing: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Outer {
    inner: Vec<Inner>,
}

fn list_of_ids() -> RecordBatch {
    batch(&[Ids { inner: vec![Id { id: 1 }] }])
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
#[serde(default)]
struct Defaults {
    id: u8,
    name: String,
    #[serde(default)]
    of_type: i32,
    maybe: Option<u8>,
    #[serde(skip)]
    skipped: u8,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { id: 1, name: "nobody".into(), of_type: 2, maybe: Some(3), skipped: 4 }
    }
}

#[test]
fn a_record_can_have_a_default_for_all_fields() {
    let batch = columns(&[("id", Arc::new(UInt8Array::from(vec![9])))]);
    let expected = Defaults { id: 9, of_type: 0, ..Defaults::default() };
    assert_eq!(decode::<Defaults>(&batch), [expected]);
}

#[test]
fn nulls_are_named_with_their_path() {
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Gaps {
        legs: Vec<Option<u8>>,
        map: std::collections::BTreeMap<String, Option<u8>>,
        nested: Option<Option1>,
    }
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Option1 {
        id: Option<u8>,
    }
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Legs {
        legs: Vec<u8>,
    }
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Map {
        map: std::collections::BTreeMap<String, u8>,
    }
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Nested {
        nested: Id,
    }
    let gaps = batch(&[Gaps {
        legs: vec![Some(1), None],
        map: [("a".to_owned(), None)].into(),
        nested: Some(Option1 { id: None }),
    }]);
    let null = "null, and the field is not an `Option`";
    assert_eq!(try_decode::<Legs>(&gaps).unwrap_err(), format!("row 0, field `legs[1]`: {null}"));
    assert_eq!(
        try_decode::<Map>(&gaps).unwrap_err(),
        format!(r#"row 0, field `map["a"]`: {null}"#)
    );
    assert_eq!(
        try_decode::<Nested>(&gaps).unwrap_err(),
        format!("row 0, field `nested.id`: {null}")
    );
}

#[test]
fn two_columns_of_one_name_are_refused() {
    let field = |ty| Field::new("id", ty, false);
    let schema = Schema::new(vec![field(DataType::UInt8), field(DataType::Int32)]);
    let ids = Arc::new(UInt8Array::from(vec![1]));
    let batch =
        RecordBatch::try_new(Arc::new(schema), vec![ids, Arc::new(Int32Array::from(vec![1]))]);
    assert_eq!(
        try_decode::<Id>(&batch.unwrap()).unwrap_err(),
        "column `id`: there are two columns of this name"
    );
}

#[test]
fn a_batch_without_rows_needs_its_columns_too() {
    let empty: [Scalars; 0] = [];
    let batch = batch(&empty);
    assert_eq!(decode::<Scalars>(&batch), empty);
    assert!(try_decode::<New>(&batch).is_err());
}
