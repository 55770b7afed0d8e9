//! Every rule of evolution, both ways.

use serde::{Deserialize, Serialize};

use super::*;
use crate::record::schema::SchemaDiff;
use crate::{Enum, Record};

/// `Ok`, or the difference as text.
fn read<File: Record, T: Record>() -> Result<(), String> {
    readable(&RecordSchema::of::<File>(), &T::SCHEMA).map_err(|diff| diff.to_string())
}

macro_rules! record {
    ($(#[$attribute:meta])* $name:ident { $($(#[$field:meta])* $member:ident: $ty:ty),* $(,)? }) => {
        #[derive(Default, Serialize, Deserialize, Record)]
        #[lode(crate = crate)]
        $(#[$attribute])*
        struct $name { $($(#[$field])* $member: $ty),* }
    };
}

macro_rules! names {
    ($name:ident { $($(#[$attribute:meta])* $variant:ident),* $(,)? }) => {
        #[derive(Default, Serialize, Deserialize, Enum)]
        #[lode(crate = crate)]
        enum $name { #[default] $($(#[$attribute])* $variant),* }
    };
}

record!(Base { id: u64, delay: Option<i32> });

#[test]
fn the_same_record() {
    assert_eq!(read::<Base, Base>(), Ok(()));
}

#[test]
fn order_and_dropped_fields() {
    record!(Reordered { delay: Option<i32>, id: u64 });
    record!(Fewer { id: u64 });
    assert_eq!(read::<Base, Reordered>(), Ok(()));
    assert_eq!(read::<Reordered, Base>(), Ok(()));
    assert_eq!(read::<Base, Fewer>(), Ok(()));
    // Back again: the field is optional.
    assert_eq!(read::<Fewer, Base>(), Ok(()));
}

#[test]
fn added_fields_are_optional_or_have_a_default() {
    record!(Required { id: u64, delay: Option<i32>, origin: String });
    record!(Optional { id: u64, delay: Option<i32>, origin: Option<String> });
    record!(Defaulted {
        id: u64,
        delay: Option<i32>,
        #[serde(default)]
        origin: String,
    });
    record!(#[serde(default)] AllDefaulted { id: u64, delay: Option<i32>, origin: String });
    let refused = Err("`origin`: string is added, required and without a default".to_owned());
    assert_eq!(read::<Base, Required>(), refused);
    assert_eq!(read::<Base, Optional>(), Ok(()));
    assert_eq!(read::<Base, Defaulted>(), Ok(()));
    assert_eq!(read::<Base, AllDefaulted>(), Ok(()));
    assert_eq!(read::<Required, Base>(), Ok(()));
}

#[test]
fn renamed_fields_have_an_alias() {
    record!(Renamed {
        id: u64,
        #[serde(alias = "late", alias = "delay")]
        dep_delay: Option<i32>,
    });
    record!(Both { id: u64, delay: Option<i32>, dep_delay: Option<i32> });
    assert_eq!(read::<Base, Renamed>(), Ok(()));
    // Without the alias it would be another field: dropped, and null.
    assert_eq!(read::<Renamed, Base>(), Ok(()));
    let twice = "`dep_delay`: both `delay` and `dep_delay` are read as it";
    assert_eq!(read::<Both, Renamed>(), Err(twice.to_owned()));

    record!(Needed {
        #[serde(alias = "id")]
        number: u64
    });
    record!(NotAliased { number: u64 });
    assert_eq!(read::<Base, Needed>(), Ok(()));
    let refused = "`number`: uint64 is added, required and without a default";
    assert_eq!(read::<Base, NotAliased>(), Err(refused.to_owned()));
    // What is wrong with a renamed field is said of its new name.
    record!(Narrowed {
        #[serde(alias = "id")]
        number: u32
    });
    assert_eq!(read::<Base, Narrowed>(), Err("`number`: uint64 becomes uint32".to_owned()));
}

#[test]
fn only_optional_fields_may_have_been_null() {
    record!(Required { id: u64, delay: i32 });
    record!(Defaulted {
        id: u64,
        #[serde(default)]
        delay: i32
    });
    let refused = Err("`delay`: nullable int32 becomes int32".to_owned());
    assert_eq!(read::<Base, Required>(), refused);
    // A default is for a field that is not there; a null is there.
    assert_eq!(read::<Base, Defaulted>(), refused);
    assert_eq!(read::<Required, Base>(), Ok(()));
}

#[test]
fn numbers_may_become_wider() {
    use Scalar::*;
    let signed = [Int8, Int16, Int32, Int64];
    let unsigned = [Uint8, Uint16, Uint32, Uint64];
    let place = |list: [Scalar; 4], scalar| list.iter().position(|&one| one == scalar);
    for from in Scalar::ALL {
        for to in Scalar::ALL {
            let expected = match (from, to) {
                _ if from == to => true,
                (Float32, Float64) => true,
                _ => match (place(signed, from), place(unsigned, from)) {
                    (Some(from), _) => place(signed, to) > Some(from),
                    (_, Some(from)) => {
                        place(unsigned, to) > Some(from) || place(signed, to) > Some(from)
                    }
                    _ => false,
                },
            };
            let fields = [FieldSchema::new("f", Type::Scalar(to), false)];
            let record = Schema::new("R", Box::leak(Box::new(fields)));
            let file = RecordSchema {
                name: "R".to_owned(),
                fields: vec![RecordField {
                    name: "f".to_owned(),
                    ty: RecordType::Scalar(from),
                    nullable: false,
                }],
            };
            let read = readable(&file, &record);
            assert_eq!(read.is_ok(), expected, "{from} as {to}");
            let said = read.err().map(|diff| diff.to_string());
            assert_eq!(said, (!expected).then(|| format!("`f`: {from} becomes {to}")));
        }
    }
}

#[test]
fn enums_may_get_names_and_rename_them() {
    names!(Two { Jfk, Lga });
    names!(Three { Lga, Ewr, Jfk });
    names!(Renamed {
        #[serde(alias = "Jfk")]
        Kennedy,
        Lga
    });
    record!(OfTwo { at: Two });
    record!(OfThree { at: Three });
    record!(OfRenamed { at: Renamed });
    record!(Text { at: String });
    assert_eq!(read::<OfTwo, OfThree>(), Ok(()));
    assert_eq!(read::<OfThree, OfTwo>(), Err(r#"`at`: enum name "Ewr" is removed"#.to_owned()));
    assert_eq!(read::<OfTwo, OfRenamed>(), Ok(()));
    let back = r#"`at`: enum name "Kennedy" is removed"#;
    assert_eq!(read::<OfRenamed, OfTwo>(), Err(back.to_owned()));
    let text = "`at`: enum {Jfk, Lga} becomes string";
    assert_eq!(read::<OfTwo, Text>(), Err(text.to_owned()));
    let names = "`at`: string becomes enum {Jfk, Lga}";
    assert_eq!(read::<Text, OfTwo>(), Err(names.to_owned()));
}

#[test]
fn json_stays_json() {
    record!(Json {
        #[lode(json)]
        any: String
    });
    record!(Text { any: String });
    assert_eq!(read::<Json, Json>(), Ok(()));
    assert_eq!(read::<Json, Text>(), Err("`any`: json becomes string".to_owned()));
    assert_eq!(read::<Text, Json>(), Err("`any`: string becomes json".to_owned()));
    record!(Empty { id: u64 });
    record!(More { id: u64, #[lode(json)] any: Option<String> });
    let required = "`any`: json is added, required and without a default";
    assert_eq!(read::<Empty, More>(), Err(required.to_owned()));
}

#[test]
fn the_rules_hold_inside_of_lists_maps_and_structs() {
    use std::collections::BTreeMap;

    record!(OldLeg { origin: String, miles: i32, gate: Option<u8> });
    record!(NewLeg { miles: i64, #[serde(alias = "origin")] from: String, to: Option<String> });
    record!(Old {
        legs: Vec<OldLeg>,
        by_name: BTreeMap<String, f32>,
        scores: Vec<u8>,
        first: OldLeg,
    });
    record!(New {
        legs: Vec<Option<NewLeg>>,
        by_name: BTreeMap<String, Option<f64>>,
        scores: Vec<i16>,
        first: Option<NewLeg>,
    });
    assert_eq!(read::<Old, New>(), Ok(()));
    let lines = [
        "`legs[]`: nullable struct {miles, from, to} becomes struct {origin, miles, gate}",
        "`legs[].miles`: int64 becomes int32",
        "`legs[].origin`: string is added, required and without a default",
        "`by_name[]`: nullable float64 becomes float32",
        "`scores[]`: int16 becomes uint8",
        "`first`: nullable struct {miles, from, to} becomes struct {origin, miles, gate}",
        "`first.miles`: int64 becomes int32",
        "`first.origin`: string is added, required and without a default",
    ];
    assert_eq!(read::<New, Old>(), Err(lines.join("\n")));
    record!(Lists { legs: Vec<u8>, by_name: Vec<f32>, scores: u8, first: Vec<OldLeg> });
    let lines = [
        "`legs[]`: struct {origin, miles, gate} becomes uint8",
        "`by_name`: map of float32 becomes list of float32",
        "`scores`: list of uint8 becomes uint8",
        "`first`: struct {origin, miles, gate} becomes list of struct {origin, miles, gate}",
    ];
    assert_eq!(read::<Old, Lists>(), Err(lines.join("\n")));
}

#[test]
fn who_denies_unknown_fields_cannot_drop_one() {
    record!(
        #[serde(deny_unknown_fields)]
        Strict { id: u64 }
    );
    record!(Outer { inner: Base });
    record!(StrictInside { inner: Strict });
    let refused = "nullable int32 is removed, and unknown fields are denied";
    assert_eq!(read::<Base, Strict>(), Err(format!("`delay`: {refused}")));
    assert_eq!(read::<Strict, Base>(), Ok(()));
    assert_eq!(read::<Outer, StrictInside>(), Err(format!("`inner.delay`: {refused}")));
}

/// Only what is in the way is told.
#[test]
fn allowed_changes_are_not_in_the_difference() {
    record!(Other { extra: Option<bool>, id: u8, delay: Option<i64> });
    let diff: SchemaDiff = readable(&RecordSchema::of::<Base>(), &Other::SCHEMA).unwrap_err();
    assert_eq!(diff.to_string(), "`id`: uint64 becomes uint8");
    assert_eq!(diff.changes().len(), 1);
}
