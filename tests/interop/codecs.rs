//! Any records come back from every codec, bit for bit, whatever the row groups.

use std::collections::BTreeMap;
use std::fmt::Debug;

use chrono::{DateTime, NaiveDate, Utc};
use futures::TryStreamExt;
use lode::codec::{
    Bincode, Jsonl, Parquet, ParquetCompression, Postcard, StreamingCodec, TimeUnit,
};
use lode::{Bytes, Dataset, Record, Store, metadata};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Compared by its bits.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Record)]
struct Floats {
    single: f32,
    double: Option<f64>,
}

impl PartialEq for Floats {
    fn eq(&self, other: &Self) -> bool {
        self.single.to_bits() == other.single.to_bits()
            && self.double.map(f64::to_bits) == other.double.map(f64::to_bits)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Leaf {
    int: i64,
    small: Option<i8>,
    large: u64,
    text: Option<String>,
    raw: Bytes,
    flag: bool,
    at: Option<DateTime<Utc>>,
    day: NaiveDate,
    floats: Floats,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Tree {
    leaf: Leaf,
    maybe: Option<Leaf>,
    list: Vec<Leaf>,
    gaps: Option<Vec<Option<Leaf>>>,
    map: BTreeMap<String, Option<Vec<Option<i16>>>>,
    pair: [Option<String>; 2],
}

fn floats(finite: bool) -> impl Strategy<Value = Floats> {
    let single = any::<u32>().prop_map(f32::from_bits);
    let double = any::<u64>().prop_map(f64::from_bits);
    let single = single.prop_map(move |f| if f.is_finite() || !finite { f } else { -0.0 });
    let double = double.prop_map(move |f| if f.is_finite() || !finite { f } else { f64::MIN });
    (single, option::of(double)).prop_map(|(single, double)| Floats { single, double })
}

fn leaf(finite: bool) -> impl Strategy<Value = Leaf> {
    let year = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let (first, last) = (year(1), year(10_000).pred_opt().unwrap());
    let days = (last - first).num_days();
    let day = prop_oneof![
        Just(first),
        Just(last),
        (0..=days).prop_map(move |day| { first + chrono::TimeDelta::days(day) })
    ];
    let micros = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
    let (from, to) = (micros(first), micros(last));
    let time = prop_oneof![Just(from), Just(to), from..to]
        .prop_map(|time| DateTime::from_timestamp_micros(time).unwrap());
    (
        prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)],
        any::<Option<i8>>(),
        prop_oneof![any::<u64>(), Just(u64::MAX)],
        option::of(".{0,8}"),
        vec(any::<u8>(), 0..6).prop_map(Bytes::from),
        any::<bool>(),
        option::of(time),
        day,
        floats(finite),
    )
        .prop_map(|(int, small, large, text, raw, flag, at, day, floats)| Leaf {
            int,
            small,
            large,
            text,
            raw,
            flag,
            at,
            day,
            floats,
        })
}

fn tree(finite: bool) -> impl Strategy<Value = Tree> {
    let leaf = leaf(finite).boxed();
    (
        leaf.clone(),
        option::of(leaf.clone()),
        vec(leaf.clone(), 0..3),
        option::of(vec(option::of(leaf), 0..3)),
        btree_map(".{0,3}", any::<Option<Vec<Option<i16>>>>(), 0..3),
        any::<[Option<String>; 2]>(),
    )
        .prop_map(|(leaf, maybe, list, gaps, map, pair)| Tree {
            leaf,
            maybe,
            list,
            gaps,
            map,
            pair,
        })
}

fn check<T: Record + Clone + PartialEq + Debug, C: StreamingCodec<T>>(records: &[T], codec: C) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dataset = Dataset::<T>::new(&Store::memory(), "d").unwrap().codec(codec);
        let whole = dataset.write(records, metadata! {}).await.unwrap();
        let streamed = dataset.stream_write_records(records.to_vec(), metadata! {}).await.unwrap();
        for snapshot in [whole, streamed] {
            assert_eq!(dataset.read(&snapshot).await.unwrap(), records);
            let found: Vec<T> = dataset.stream(&snapshot).try_collect().await.unwrap();
            assert_eq!(found, records);
        }
    });
}

fn parquet() -> Parquet {
    Parquet::new().timestamps(TimeUnit::Microsecond)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_come_back_from_binary_codecs(records in vec(tree(false), 0..6)) {
        check(&records, parquet());
        check(&records, parquet().row_group_rows(1).compression(ParquetCompression::Snappy));
        check(&records, parquet().page_rows(1).compression(ParquetCompression::None));
        check(&records, Bincode::new());
        check(&records, Postcard::new());
    }

    #[test]
    fn records_come_back_from_json_lines(records in vec(tree(true), 0..6)) {
        check(&records, Jsonl::new());
    }
}

#[test]
fn long_texts_come_back() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    struct Text {
        text: Option<String>,
    }
    let text = |length: usize| Text { text: Some("lode é ".repeat(length / 8)) };
    let records = [text(10 << 20), Text { text: None }, text(0), text(10 << 20)];
    check(&records, Parquet::new());
    check(&records, Parquet::new().row_group_rows(1));
    check(&records, Bincode::new());
    check(&records, Postcard::new());
    check(&records, Jsonl::new());
}
