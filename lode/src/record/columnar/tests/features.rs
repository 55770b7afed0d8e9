//! Field types that are behind features.

use std::sync::Arc;

use arrow_array::{BinaryArray, FixedSizeBinaryArray, TimestampNanosecondArray};
use arrow_schema::{DataType, extension};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{TimeUnit, columns, decode, encode, options, refused, try_decode};
use crate::Record;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Row {
    at: jiff::Timestamp,
    maybe: Option<jiff::Timestamp>,
    day: jiff::civil::Date,
    id: uuid::Uuid,
    ids: Vec<Option<uuid::Uuid>>,
}

/// The same columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct OfChrono {
    at: chrono::DateTime<chrono::Utc>,
    maybe: Option<chrono::DateTime<chrono::Utc>>,
    day: chrono::NaiveDate,
    id: uuid::Uuid,
    ids: Vec<Option<uuid::Uuid>>,
}

fn time(unit: TimeUnit) -> BoxedStrategy<jiff::Timestamp> {
    let time = |time| jiff::Timestamp::from_nanosecond(time).unwrap();
    match unit {
        TimeUnit::Nanosecond => {
            prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -9_i64..9]
                .prop_map(move |nanoseconds| time(nanoseconds.into()))
                .boxed()
        }
        TimeUnit::Microsecond => {
            let first = jiff::Timestamp::MIN.as_microsecond();
            let last = jiff::Timestamp::MAX.as_microsecond();
            prop_oneof![first..=last, Just(first), Just(last)]
                .prop_map(move |microseconds| time(i128::from(microseconds) * 1000))
                .boxed()
        }
    }
}

fn day() -> impl Strategy<Value = jiff::civil::Date> {
    let any = (-9999_i16..=9999, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| jiff::civil::date(year, month, day));
    prop_oneof![any, Just(jiff::civil::Date::MIN), Just(jiff::civil::Date::MAX)]
}

fn row(unit: TimeUnit) -> impl Strategy<Value = Row> {
    let id = || any::<u128>().prop_map(uuid::Uuid::from_u128);
    let ids = proptest::collection::vec(proptest::option::of(id()), 0..3);
    (time(unit), proptest::option::of(time(unit)), day(), id(), ids)
        .prop_map(|(at, maybe, day, id, ids)| Row { at, maybe, day, id, ids })
}

proptest! {
    #[test]
    fn they_come_back(
        (unit, rows) in prop_oneof![Just(TimeUnit::Nanosecond), Just(TimeUnit::Microsecond)]
            .prop_flat_map(|unit| (Just(unit), proptest::collection::vec(row(unit), 0..4))),
    ) {
        let batch = encode(&rows, unit).unwrap();
        prop_assert_eq!(decode::<Row>(&batch), &rows[..]);
        // Both libraries name the same times.
        for (one, other) in rows.iter().zip(decode::<OfChrono>(&batch)) {
            prop_assert_eq!(one.at.as_second() , other.at.timestamp() + i64::from(
                one.at.subsec_nanosecond() < 0
            ));
            prop_assert_eq!(one.at.as_nanosecond().rem_euclid(1_000_000_000), i128::from(
                other.at.timestamp_subsec_nanos()
            ));
            let day = other.day;
            let (month, of_month) = (chrono::Datelike::month(&day), chrono::Datelike::day(&day));
            prop_assert_eq!(i32::from(one.day.year()), chrono::Datelike::year(&day));
            prop_assert_eq!((one.day.month() as u32, one.day.day() as u32), (month, of_month));
        }
    }
}

fn first() -> Row {
    Row {
        at: jiff::Timestamp::UNIX_EPOCH,
        maybe: None,
        day: jiff::civil::date(1970, 1, 1),
        id: uuid::Uuid::nil(),
        ids: vec![],
    }
}

#[test]
fn times_that_the_unit_does_not_hold_are_refused() {
    let row = Row { maybe: Some(jiff::Timestamp::MIN), ..first() };
    let text = refused(&row, TimeUnit::Nanosecond);
    assert!(text.starts_with("maybe: -009999-01-02T01:59:59Z cannot be held"), "{text}");
    let row = Row { at: "1970-01-01T00:00:00.000000001Z".parse().unwrap(), ..first() };
    let text = refused(&row, TimeUnit::Microsecond);
    assert!(text.starts_with("at: 1970-01-01T00:00:00.000000001Z cannot be held"), "{text}");
}

/// Valid ones: the codec of arrow gives the columns of a file their logical types by them.
#[test]
fn uuids_and_json_have_their_extension_types() {
    #[derive(Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Row {
        id: uuid::Uuid,
        ids: Vec<Option<uuid::Uuid>>,
        #[lode(json)]
        json: u8,
        #[lode(json)]
        #[serde(with = "chrono::serde::ts_seconds")]
        with: chrono::DateTime<chrono::Utc>,
    }
    let schema = crate::record::columnar::arrow_schema::<Row>(&options(TimeUnit::Nanosecond));
    assert!(schema.field(0).has_valid_extension_type::<extension::Uuid>());
    let DataType::List(element) = schema.field(1).data_type() else { panic!("not a list") };
    assert!(element.has_valid_extension_type::<extension::Uuid>());
    assert!(schema.field(2).has_valid_extension_type::<extension::Json>());
    assert!(schema.field(3).has_valid_extension_type::<extension::Json>());
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Id {
    id: uuid::Uuid,
}

#[test]
fn uuids_are_read_from_byte_strings_of_sixteen() {
    let bytes = [7; 16];
    let column = BinaryArray::from_vec(vec![&bytes, &bytes[1..]]);
    let column = columns(&[("id", Arc::new(column))]);
    assert_eq!(decode::<Id>(&column.slice(0, 1)), [Id { id: uuid::Uuid::from_bytes(bytes) }]);
    assert_eq!(
        try_decode::<Id>(&column).unwrap_err(),
        "row 1, field `id`: a UUID has 16 bytes, and this has 15"
    );
    let column = FixedSizeBinaryArray::try_from_iter([[1_u8; 15]].into_iter()).unwrap();
    assert_eq!(
        try_decode::<Id>(&columns(&[("id", Arc::new(column))])).unwrap_err(),
        "column `id`: expected 16 bytes, found FixedSizeBinary(15)"
    );
    let column = TimestampNanosecondArray::from(vec![1]);
    assert!(try_decode::<Id>(&columns(&[("id", Arc::new(column))])).is_err());
}
