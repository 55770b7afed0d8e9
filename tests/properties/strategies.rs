//! Any value of any field type.

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};
use proptest::collection::{btree_map, hash_map, vec};
use proptest::num::{f32, f64};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use super::records::{Keyed, Numbers, Optional, Pair, Shapes, Status, Texts, Times};

/// Any finite float, of any bits: subnormal, -0.0, the largest.
pub fn float64() -> impl Strategy<Value = f64> {
    f64::POSITIVE | f64::NEGATIVE | f64::NORMAL | f64::SUBNORMAL | f64::ZERO
}

pub fn float32() -> impl Strategy<Value = f32> {
    f32::POSITIVE | f32::NEGATIVE | f32::NORMAL | f32::SUBNORMAL | f32::ZERO
}

/// Any number, and often the ones at the ends and around 2^53.
fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), (1 << 53) - 2..(1 << 53) + 3_i64]
}

fn unsigned() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), Just(u64::MAX), (1 << 53) - 2..(1 << 53) + 3_u64]
}

/// Any Unicode text, control characters too.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => vec(any::<char>(), 0..12).prop_map(String::from_iter), 1 => "\\PC{0,12}"]
}

fn bytes() -> impl Strategy<Value = lode::Bytes> {
    vec(any::<u8>(), 0..20).prop_map(Into::into)
}

fn seconds(years: RangeInclusive<i32>) -> impl Strategy<Value = i64> {
    let at = |year, month, day| {
        NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc()
    };
    let (first, last) = (at(*years.start(), 1, 1), at(*years.end(), 12, 31));
    let (first, last) = (first.timestamp(), last.timestamp() + 86_399);
    prop_oneof![first..=last, Just(first), Just(last), -2_000_000_000..2_000_000_000_i64]
}

/// Any time that a manifest can hold.
pub fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let nanoseconds = prop_oneof![Just(0), Just(999_999_999), 0..1_000_000_000_u32];
    (seconds(0..=9999), nanoseconds).prop_map(|(s, n)| DateTime::from_timestamp(s, n).unwrap())
}

pub fn date() -> impl Strategy<Value = NaiveDate> {
    seconds(0..=9999).prop_map(|s| DateTime::from_timestamp(s, 0).unwrap().date_naive())
}

fn uuid() -> impl Strategy<Value = uuid::Uuid> {
    any::<u128>().prop_map(uuid::Uuid::from_u128)
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::OnTime), Just(Status::Late), Just(Status::Cancelled)]
}

fn jiff_time() -> impl Strategy<Value = jiff::Timestamp> {
    let (first, last) =
        (jiff::Timestamp::MIN.as_nanosecond(), jiff::Timestamp::MAX.as_nanosecond());
    prop_oneof![first..=last, Just(first), Just(last)]
        .prop_map(|n| jiff::Timestamp::from_nanosecond(n).unwrap())
}

fn jiff_date() -> impl Strategy<Value = jiff::civil::Date> {
    (-9999..=9999_i16, 1..=12_i8, 1..=28_i8).prop_map(|(y, m, d)| jiff::civil::date(y, m, d))
}

/// Any JSON that serde_json can hold.
pub fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        integer().prop_map(Value::from),
        unsigned().prop_map(Value::from),
        float64().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn pair<T: lode::record::Value + std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Pair<T>> + Clone {
    (value.clone(), option::of(value)).prop_map(|(left, right)| Pair { left, right })
}

pub fn numbers() -> impl Strategy<Value = Numbers> {
    let small = (any::<bool>(), any::<i8>(), any::<i16>(), any::<i32>());
    let unsigned = (any::<u8>(), any::<u16>(), any::<u32>(), unsigned());
    (small, integer(), unsigned, float32(), float64()).prop_map(
        |((bool, i8, i16, i32), i64, (u8, u16, u32, u64), f32, f64)| Numbers {
            bool,
            i8,
            i16,
            i32,
            i64,
            u8,
            u16,
            u32,
            u64,
            f32,
            f64,
        },
    )
}

/// What is skipped has its default: it is not stored.
pub fn texts() -> impl Strategy<Value = Texts> {
    (text(), text(), bytes(), text(), any::<u8>(), text(), uuid()).prop_map(
        |(string, cow, bytes, renamed, new_name, r#type, uuid)| Texts {
            string,
            cow: cow.into(),
            bytes,
            renamed,
            new_name,
            r#type,
            skipped: None,
            uuid,
        },
    )
}

pub fn times() -> impl Strategy<Value = Times> {
    let nanoseconds = any::<i64>().prop_map(DateTime::from_timestamp_nanos);
    (option::of(time()), time(), date(), jiff_time(), jiff_date(), nanoseconds).prop_map(
        |(at, until, date, jiff_at, jiff_date, nanoseconds)| Times {
            at,
            until,
            date,
            jiff_at,
            jiff_date,
            nanoseconds,
        },
    )
}

pub fn shapes() -> impl Strategy<Value = Shapes> {
    let lists = (
        vec(integer(), 0..4),
        vec(option::of(float64()), 0..4),
        vec(vec(float32(), 0..3), 0..3),
        any::<[i16; 3]>(),
    );
    let maps = (btree_map(text(), float32(), 0..3), hash_map(text(), option::of(status()), 0..3));
    let unsigned = prop_oneof![any::<u64>(), Just(u64::MAX)].boxed();
    let nested =
        (pair(unsigned), vec(pair(text().boxed()), 0..3), pair(pair(float64().boxed()).boxed()));
    (lists, maps, status(), nested, json()).prop_map(
        |((list, gaps, lists, array), (sorted, hashed), status, (nested, many, deep), json)| {
            Shapes { list, gaps, lists, array, sorted, hashed, status, nested, many, deep, json }
        },
    )
}

pub fn optional() -> impl Strategy<Value = Optional> {
    let scalars = (
        option::of(integer()),
        option::of(float32()),
        option::of(bytes()),
        option::of(date()),
        option::of(uuid()),
        option::of(status()),
    );
    let others = (
        option::of(vec(any::<Option<bool>>(), 0..3)),
        option::of(btree_map(text(), vec(any::<u8>(), 0..3), 0..3)),
        option::of(pair(float64().boxed())),
        option::of([option::of(float64()), option::of(float64())]),
    );
    (scalars, others).prop_map(
        |((number, float, bytes, date, uuid, status), (list, map, nested, array))| Optional {
            number,
            float,
            bytes,
            date,
            uuid,
            status,
            list,
            map,
            nested,
            array,
        },
    )
}

/// Records in few partitions. Texts that cannot be folders are another test's business.
pub fn keyed() -> impl Strategy<Value = Keyed> {
    let short = || vec(any::<char>(), 0..6).prop_map(String::from_iter);
    let texts = (short(), option::of(short()));
    (texts, -1..2_i64, any::<bool>(), date(), option::of(status()), time(), float64()).prop_map(
        |((text, maybe), number, flag, date, status, at, value)| Keyed {
            text,
            maybe,
            number,
            flag,
            date,
            status,
            at,
            value,
        },
    )
}
