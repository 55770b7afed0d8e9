//! Records that columns cannot hold.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{BatchBuilder, TimeUnit, options, refused};
use crate::record::columnar::list::Ends;
use crate::record::columnar::text::check_room;
use crate::{Bytes, Record};

#[derive(Debug, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Times {
    legs: Vec<Option<DateTime<Utc>>>,
}

fn refused_time(text: &str, unit: TimeUnit) -> String {
    refused(&Times { legs: vec![None, Some(text.parse().unwrap())] }, unit)
}

#[test]
fn times_that_the_unit_does_not_hold_are_refused() {
    let nanoseconds = "cannot be held as a 64-bit count of nanoseconds: \
                       see `Parquet::timestamps` for microseconds";
    assert_eq!(
        refused_time("0001-01-01T00:00:00Z", TimeUnit::Nanosecond),
        format!("legs[1]: 0001-01-01T00:00:00+00:00 {nanoseconds}")
    );
    assert_eq!(
        refused_time("2262-04-11T23:47:16.854775808Z", TimeUnit::Nanosecond),
        format!("legs[1]: 2262-04-11T23:47:16.854775808+00:00 {nanoseconds}")
    );
    let microseconds = "cannot be held exactly as a 64-bit count of microseconds: \
                        see `Parquet::timestamps` for nanoseconds";
    assert_eq!(
        refused_time("2013-01-01T00:00:00.000000001Z", TimeUnit::Microsecond),
        format!("legs[1]: 2013-01-01T00:00:00.000000001+00:00 {microseconds}")
    );
    // A leap second.
    for unit in [TimeUnit::Nanosecond, TimeUnit::Microsecond] {
        assert!(refused_time("2016-12-31T23:59:60Z", unit).contains("cannot be held"));
    }
}

#[test]
fn json_with_floats_that_it_cannot_hold_is_refused() {
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Json {
        #[lode(json)]
        plain: f64,
        #[lode(json)]
        list: Vec<(u8, f32)>,
        #[lode(json)]
        #[serde(with = "halves")]
        with: f64,
    }
    mod halves {
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
            (value / 2.0).serialize(to)
        }

        pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
            Ok(f64::deserialize(from)? * 2.0)
        }
    }
    let text = "JSON has no NaN and no infinity";
    let refused = |plain, single, with| {
        refused(&Json { plain, list: vec![(1, single)], with }, TimeUnit::Nanosecond)
    };
    assert_eq!(refused(f64::NAN, 0.0, 0.0), format!("plain: {text}"));
    assert_eq!(refused(0.0, f32::INFINITY, 0.0), format!("list[0][1]: {text}"));
    assert_eq!(refused(0.0, 0.0, f64::NEG_INFINITY), format!("with: {text}"));
}

#[test]
fn json_that_cannot_be_read_is_named() {
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Text {
        json: String,
    }
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Json {
        #[lode(json)]
        json: Option<u8>,
    }
    let found =
        |text: &str| super::try_decode::<Json>(&super::batch(&[Text { json: text.into() }]));
    assert_eq!(found("null").unwrap()[0].json, None);
    assert_eq!(
        found("256").unwrap_err(),
        "row 0, field `json`: invalid value: integer `256`, expected u8 at line 1 column 3"
    );
    assert_eq!(
        found("1 2").unwrap_err(),
        "row 0, field `json`: trailing characters at line 1 column 3"
    );
}

#[test]
fn more_than_a_column_holds_is_refused() {
    let most = i32::MAX as usize;
    for (held, more) in [(0, most), (most, 0), (1 << 30, (1 << 30) - 1)] {
        check_room(held, more).unwrap();
    }
    for (held, more) in [(0, most + 1), (most, 1), (1 << 30, 1 << 30), (1, usize::MAX)] {
        let expected = format!(
            "a batch holds at most 2 GiB of a column: there are {held} bytes, and these are {more}"
        );
        assert_eq!(check_room(held, more).unwrap_err().to_string(), expected);
    }
    let mut ends = Ends::new();
    ends.push(most as i32 - 1);
    assert_eq!(ends.next(1).unwrap(), i32::MAX);
    for more in [2, usize::MAX] {
        let expected = "a batch holds at most 2,147,483,647 elements of a column";
        assert_eq!(ends.next(more).unwrap_err().to_string(), expected);
    }
}

#[test]
fn bytes_grow_with_what_is_pushed() {
    #[derive(Debug, Clone, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Row {
        id: Option<u64>,
        text: String,
        lists: Vec<Vec<u16>>,
        bytes: Option<Bytes>,
    }
    let row = Row {
        id: Some(1),
        text: "x".repeat(1000),
        lists: vec![vec![1; 100]; 3],
        bytes: Some(vec![0; 500].into()),
    };
    let mut builder = BatchBuilder::new(&options(TimeUnit::Nanosecond));
    let empty = builder.bytes();
    for _ in 0..10 {
        builder.push(&row).unwrap();
    }
    let held = builder.bytes() - empty;
    let least = 10 * (8 + 1000 + 3 * 100 * 2 + 500);
    assert!((least..least + 10 * 100).contains(&held), "{held}");
    builder.finish().unwrap();
    assert_eq!(builder.bytes(), empty);
}
