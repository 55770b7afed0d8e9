//! Whatever a scan leaves unread, what it gives is what filtering everything gives.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::TryStreamExt;
use lode::codec::{Bincode, Codec, Jsonl, Postcard};
use lode::compress::Zstd;
use lode::predicate::Predicate;
use lode::{Dataset, Enum, HiveLayout, Record, Snapshot, Store, metadata};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{block_on, config};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Enum)]
enum Cabin {
    Economy,
    First,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Place {
    gate: Option<u8>,
    lat: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Flight {
    #[lode(timestamp, partition = "day")]
    at: Option<DateTime<Utc>>,
    #[lode(partition)]
    carrier: Option<String>,
    #[lode(partition)]
    cabin: Cabin,
    number: u64,
    delay: Option<i32>,
    fuel: f64,
    name: String,
    date: NaiveDate,
    place: Option<Place>,
}

/// Some of the fields, wider and in another order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Slim {
    delay: Option<i64>,
    #[serde(alias = "carrier")]
    airline: Option<String>,
    place: Option<Lat>,
    #[serde(default)]
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Lat {
    lat: f64,
}

impl From<&Flight> for Slim {
    fn from(flight: &Flight) -> Self {
        Self {
            delay: flight.delay.map(i64::from),
            airline: flight.carrier.clone(),
            place: flight.place.as_ref().map(|place| Lat { lat: place.lat }),
            note: String::new(),
        }
    }
}

fn time(hours: i64) -> DateTime<Utc> {
    "2013-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

fn times() -> impl Strategy<Value = DateTime<Utc>> {
    let hour = prop_oneof![Just(-1_i64), Just(0), Just(1), Just(23), Just(24), Just(47)];
    // A leap second ends the day in its folder, and begins the next in order.
    let leap = Just(DateTime::from_timestamp(time(24).timestamp() - 1, 1_500_000_000).unwrap());
    prop_oneof![4 => hour.prop_map(time), 1 => leap]
}

fn carriers() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["AA", "UA", "", "Ü/%=", "a"]).prop_map(str::to_owned)
}

fn names() -> impl Strategy<Value = String> {
    ("[abé]", 0..70_usize, "[ab]?").prop_map(|(one, many, end)| one.repeat(many) + &end)
}

fn cabins() -> impl Strategy<Value = Cabin> {
    prop_oneof![Just(Cabin::Economy), Just(Cabin::First)]
}

fn flights(floats: BoxedStrategy<f64>) -> impl Strategy<Value = Flight> {
    let number = prop_oneof![Just(0_u64), Just(u64::MAX), 0..4_u64];
    let place = of((of(0..3_u8), floats.clone()).prop_map(|(gate, lat)| Place { gate, lat }));
    let keys = (of(times()), of(carriers()), cabins());
    (keys, number, of(-2..3_i32), floats, names(), 0..3_i64, place).prop_map(
        |((at, carrier, cabin), number, delay, fuel, name, day, place)| {
            let date = time(24 * day).date_naive();
            Flight { at, carrier, cabin, number, delay, fuel, name, date, place }
        },
    )
}

fn finite() -> BoxedStrategy<f64> {
    prop_oneof![Just(-0.0), Just(0.0), Just(f64::MAX), (-2..3_i8).prop_map(f64::from)].boxed()
}

fn any_float() -> BoxedStrategy<f64> {
    prop_oneof![finite(), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)].boxed()
}

fn leaves() -> impl Strategy<Value = Predicate<Flight>> {
    let columns = Flight::columns;
    prop_oneof![
        (times(), 0..5_u8).prop_map(move |(it, op)| match op {
            0 => columns().at.eq(it),
            1 => columns().at.ge(it),
            2 => columns().at.lt(it),
            3 => columns().at.le(it),
            _ => columns().at.is_null(),
        }),
        (carriers(), 0..5_u8).prop_map(move |(it, op)| match op {
            0 => columns().carrier.eq(&it),
            1 => columns().carrier.ne(&it),
            2 => columns().carrier.gt(&it),
            3 => columns().carrier.is_in([it.as_str(), "UA"]),
            _ => columns().carrier.is_null(),
        }),
        (cabins(), any::<bool>()).prop_map(move |(it, eq)| match eq {
            true => columns().cabin.eq(it),
            false => columns().cabin.ne(it),
        }),
        (prop_oneof![Just(u64::MAX), 0..4_u64], any::<bool>()).prop_map(move |(it, le)| match le {
            true => columns().number.le(it),
            false => columns().number.gt(it),
        }),
        (-3..4_i32, any::<bool>()).prop_map(move |(it, eq)| match eq {
            true => columns().delay.eq(it),
            false => columns().delay.gt(it),
        }),
        (any_float(), 0..3_u8).prop_map(move |(it, op)| match op {
            0 => columns().fuel.lt(it),
            1 => columns().fuel.ne(it),
            _ => columns().place.lat.ge(it),
        }),
        (names(), any::<bool>()).prop_map(move |(it, starts)| match starts {
            true => columns().name.starts_with(&it),
            false => columns().name.gt(&it),
        }),
        (0..4_i64).prop_map(move |day| columns().date.ge(time(24 * day).date_naive())),
        Just(columns().place.is_null()),
        Just(columns().place.gate.is_not_null()),
    ]
}

fn predicates() -> impl Strategy<Value = Predicate<Flight>> {
    leaves().prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a & b),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a | b),
            1 => inner.prop_map(|a| !a),
        ]
    })
}

/// Records with NaN are not equal to themselves: they are compared as text.
fn text<T: std::fmt::Debug>(records: &[T]) -> Vec<String> {
    records.iter().map(|record| format!("{record:?}")).collect()
}

async fn check<C: Codec<Flight> + Clone, L: Clone>(
    dataset: &Dataset<Flight, C, L>,
    snapshot: &Snapshot<Flight>,
    predicate: &Predicate<Flight>,
) {
    let all = dataset.read(snapshot).await.unwrap();
    let expected: Vec<_> =
        all.into_iter().filter(|flight| predicate.matches(flight) == Some(true)).collect();
    let scan = || dataset.scan(snapshot).filter(predicate.clone());
    let plan = scan().plan().unwrap();
    let note = format!("{plan}");
    assert_eq!(text(&scan().collect().await.unwrap()), text(&expected), "{note}");
    let streamed: Vec<_> = scan().stream().try_collect().await.unwrap();
    assert_eq!(text(&streamed), text(&expected), "{note}");
    assert_eq!(scan().count().await.unwrap(), expected.len() as u64, "{note}");
    let slim: Vec<_> = expected.iter().map(Slim::from).collect();
    assert_eq!(text(&scan().select::<Slim>().collect().await.unwrap()), text(&slim), "{note}");
    assert_eq!(plan.read.len() + plan.skipped.len(), snapshot.files().len());
    let bytes: u64 = snapshot.files().iter().map(|file| file.size_bytes).sum();
    assert_eq!(plan.read_bytes + plan.skipped_bytes, bytes);
}

proptest! {
    #![proptest_config(config(96))]

    /// Whatever is pruned, the result is that of filtering everything.
    #[test]
    fn a_scan_is_filtering_everything(
        batches in vec(vec(flights(finite()), 0..5), 1..4),
        predicates in vec(predicates(), 1..6),
        statistics in any::<bool>(),
        hive in any::<bool>(),
    ) {
        block_on(async {
            let store = Store::memory();
            let codec = Jsonl::new().compress(Zstd::default());
            let flights = Dataset::<Flight>::new(&store, "f").unwrap().codec(codec).statistics(statistics);
            let partitioned = flights.clone().layout(HiveLayout);
            let mut last = None;
            for batch in &batches {
                last = Some(match hive {
                    true => partitioned.append(batch, metadata! {}).await.unwrap(),
                    false => flights.append(batch, metadata! {}).await.unwrap(),
                });
            }
            let snapshot = last.unwrap();
            for predicate in &predicates {
                match hive {
                    true => check(&partitioned, &snapshot, predicate).await,
                    false => check(&flights, &snapshot, predicate).await,
                }
            }
        });
    }

    /// The same with floats that JSON has not, through codecs that store no names.
    #[test]
    fn a_scan_of_any_floats_is_filtering_everything(
        batches in vec(vec(flights(any_float()), 0..5), 1..4),
        predicates in vec(predicates(), 1..6),
        bincode in any::<bool>(),
    ) {
        block_on(async {
            let store = Store::memory();
            let flights = Dataset::<Flight>::new(&store, "f").unwrap();
            let (a, b) = (flights.clone().codec(Bincode::new()), flights.codec(Postcard::new()));
            let mut last = None;
            for batch in &batches {
                last = Some(match bincode {
                    true => a.append(batch, metadata! {}).await.unwrap(),
                    false => b.append(batch, metadata! {}).await.unwrap(),
                });
            }
            for predicate in &predicates {
                match bincode {
                    true => check(&a, last.as_ref().unwrap(), predicate).await,
                    false => check(&b, last.as_ref().unwrap(), predicate).await,
                }
            }
        });
    }
}
