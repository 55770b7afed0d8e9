//! Records of every type, nested in each other in every way, and arbitrary ones of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};

use chrono::{DateTime, NaiveDate, Utc};
use proptest::collection::{btree_map, hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::TimeUnit;
use crate::{Bytes, Record};

/// Equal if its bits are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
pub(super) struct Floats {
    pub(super) single: f32,
    pub(super) double: Option<f64>,
}

impl PartialEq for Floats {
    fn eq(&self, other: &Self) -> bool {
        self.single.to_bits() == other.single.to_bits()
            && self.double.map(f64::to_bits) == other.double.map(f64::to_bits)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crate::Enum)]
#[lode(crate = crate)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    OnTime,
    #[serde(alias = "delayed")]
    Late,
    #[serde(rename = "né")]
    Unnamed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
pub(super) struct Scalars {
    pub(super) flag: bool,
    pub(super) small: i8,
    pub(super) short: i16,
    pub(super) int: Option<i32>,
    pub(super) long: i64,
    pub(super) byte: u8,
    pub(super) unsigned_short: u16,
    pub(super) unsigned: u32,
    pub(super) unsigned_long: Option<u64>,
    pub(super) text: String,
    pub(super) cow: Option<Cow<'static, str>>,
    pub(super) bytes: Bytes,
    pub(super) status: Status,
    pub(super) floats: Option<Floats>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
pub(super) struct Times {
    pub(super) at: DateTime<Utc>,
    pub(super) maybe: Option<DateTime<Utc>>,
    pub(super) day: NaiveDate,
    pub(super) days: Vec<Option<NaiveDate>>,
}

/// With a type parameter, and with a hasher of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
pub(super) struct Nested<T> {
    pub(super) one: T,
    pub(super) maybe: Option<T>,
    pub(super) list: Vec<T>,
    pub(super) gaps: Option<Vec<Option<T>>>,
    pub(super) pair: [Option<T>; 2],
    pub(super) lists: Vec<Option<Vec<Option<bool>>>>,
    pub(super) map: BTreeMap<String, Option<T>>,
    pub(super) maps: Option<HashMap<String, Vec<T>, BuildHasherDefault<DefaultHasher>>>,
    #[lode(json)]
    pub(super) json: (u8, Option<String>),
    #[lode(json)]
    #[serde(with = "chrono::serde::ts_nanoseconds")]
    pub(super) counted: DateTime<Utc>,
    #[serde(skip)]
    pub(super) skipped: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
pub(super) struct Top {
    pub(super) times: Times,
    pub(super) scalars: Nested<Scalars>,
    pub(super) deep: Option<Nested<Nested<Floats>>>,
}

fn floats() -> impl Strategy<Value = Floats> {
    // Any bits: NaNs of every payload among them.
    let double = option::of(prop_oneof![any::<u64>(), Just(0x7ff0_0000_0000_0001), Just(1 << 63)]);
    let single = prop_oneof![any::<u32>(), Just(0x7f80_0001), Just(1 << 31)];
    (single, double).prop_map(|(single, double)| Floats {
        single: f32::from_bits(single),
        double: double.map(f64::from_bits),
    })
}

fn extreme<T: Copy + std::fmt::Debug + Arbitrary + 'static>(
    values: [T; 2],
) -> impl Strategy<Value = T> {
    prop_oneof![any::<T>(), Just(values[0]), Just(values[1])]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "\\PC{0,12}", any::<String>()]
}

fn scalars() -> impl Strategy<Value = Scalars> {
    let numbers = (
        any::<bool>(),
        any::<i8>(),
        extreme([i16::MIN, i16::MAX]),
        option::of(extreme([i32::MIN, i32::MAX])),
        extreme([i64::MIN, i64::MAX]),
        any::<u8>(),
        any::<u16>(),
        extreme([u32::MIN, u32::MAX]),
        option::of(extreme([u64::MIN, u64::MAX])),
    );
    let status = prop_oneof![Just(Status::OnTime), Just(Status::Late), Just(Status::Unnamed)];
    let others = (
        text(),
        option::of(text().prop_map(Cow::Owned)),
        vec(any::<u8>(), 0..9).prop_map(Bytes::from),
        status,
        option::of(floats()),
    );
    (numbers, others).prop_map(|(numbers, (text, cow, bytes, status, floats))| {
        let (flag, small, short, int, long, byte, unsigned_short, unsigned, unsigned_long) =
            numbers;
        Scalars {
            flag,
            small,
            short,
            int,
            long,
            byte,
            unsigned_short,
            unsigned,
            unsigned_long,
            text,
            cow,
            bytes,
            status,
            floats,
        }
    })
}

/// Every time that a unit holds, up to the years 0001 and 9999.
pub(super) fn time(unit: TimeUnit) -> BoxedStrategy<DateTime<Utc>> {
    match unit {
        TimeUnit::Nanosecond => {
            extreme([i64::MIN, i64::MAX]).prop_map(DateTime::from_timestamp_nanos).boxed()
        }
        TimeUnit::Microsecond => {
            let first = year(1).timestamp_micros();
            let last = year(10_000).timestamp_micros() - 1;
            prop_oneof![first..=last, Just(first), Just(last)]
                .prop_map(|time| DateTime::from_timestamp_micros(time).unwrap())
                .boxed()
        }
    }
}

fn year(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN).and_utc()
}

fn day() -> impl Strategy<Value = NaiveDate> {
    let (first, last) = (NaiveDate::MIN, NaiveDate::MAX);
    let days = (last - first).num_days();
    let any = (0..=days).prop_map(move |days| first + chrono::TimeDelta::days(days));
    prop_oneof![any, Just(first), Just(last)]
}

fn times(unit: TimeUnit) -> impl Strategy<Value = Times> {
    (time(unit), option::of(time(unit)), day(), vec(option::of(day()), 0..3))
        .prop_map(|(at, maybe, day, days)| Times { at, maybe, day, days })
}

fn nested<T>(one: impl Strategy<Value = T> + Clone + 'static) -> impl Strategy<Value = Nested<T>>
where
    T: Clone + std::fmt::Debug + 'static,
{
    let of_one = (
        one.clone(),
        option::of(one.clone()),
        vec(one.clone(), 0..3),
        option::of(vec(option::of(one.clone()), 0..3)),
        [option::of(one.clone()), option::of(one.clone())],
        btree_map(text(), option::of(one.clone()), 0..3),
        option::of(hash_map(text(), vec(one, 0..2), 0..3)),
    );
    let others = (
        vec(option::of(vec(option::of(any::<bool>()), 0..3)), 0..3),
        (any::<u8>(), option::of(text())),
        time(TimeUnit::Nanosecond),
    );
    (of_one, others).prop_map(|(of_one, (lists, json, counted))| {
        let (one, maybe, list, gaps, pair, map, maps) = of_one;
        let maps = maps.map(|maps| maps.into_iter().collect());
        let skipped = None;
        Nested { one, maybe, list, gaps, pair, lists, map, maps, json, counted, skipped }
    })
}

/// Arbitrary records, whose times the unit holds.
pub(super) fn records(unit: TimeUnit) -> impl Strategy<Value = Vec<Top>> {
    let deep = option::of(nested(nested(floats().boxed()).boxed()));
    let top = (times(unit), nested(scalars().boxed()), deep)
        .prop_map(|(times, scalars, deep)| Top { times, scalars, deep });
    vec(top, 0..5)
}
