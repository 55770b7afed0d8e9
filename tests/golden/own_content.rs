//! What lies in `lode-1.1/`: written once, with a fixed clock and fixed ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use lode::checksum::Checksum;
use lode::codec::{Jsonl, Raw};
use lode::compress::{Gzip, Zstd};
use lode::{Blob, Dataset, FlatLayout, HiveLayout, Limits, Record, Store, metadata};
use object_store::ObjectStore;

use crate::support::ambient::{CountingIds, SetClock};
use crate::support::{forge, memory};

/// A record with a field of every kind.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
pub struct Everything {
    pub yes: bool,
    pub small: i8,
    pub large: i64,
    pub unsigned: u64,
    pub single: f32,
    pub double: f64,
    pub text: String,
    pub bytes: lode::Bytes,
    pub day: NaiveDate,
    #[lode(timestamp)]
    pub at: Option<DateTime<Utc>>,
    pub list: Vec<Option<u16>>,
    pub map: BTreeMap<String, f64>,
    pub point: Point,
    pub colour: Colour,
    #[lode(partition)]
    pub kind: Option<String>,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
pub struct Point {
    pub x: i32,
    pub y: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, lode::Enum)]
pub enum Colour {
    Red,
    Green,
}

/// The records from number `first` on.
pub fn records(first: u64, count: u64) -> Vec<Everything> {
    let kinds = [Some("plain"), Some("ä/b=c d%"), None, Some("")];
    (first..first + count)
        .map(|n| Everything {
            yes: n % 2 == 0,
            small: -(n as i8),
            large: i64::MIN + n as i64,
            unsigned: u64::MAX - n,
            single: 0.1 * n as f32,
            double: f64::from_bits(0x3FB9_9999_9999_9999 + n),
            text: format!("{n} <&> \u{1F980} \"quoted\"\nline"),
            bytes: lode::Bytes::from(vec![0, 255, n as u8]),
            day: NaiveDate::from_ymd_opt(1900 + n as i32, 2, 28).unwrap(),
            at: (n % 3 != 0)
                .then(|| Utc.timestamp_opt(n as i64 * 1_000_003, 5 * n as u32).unwrap()),
            list: vec![Some(n as u16), None],
            map: BTreeMap::from([(format!("k{n}"), 1e300), ("z".into(), -0.0)]),
            point: Point { x: n as i32, y: None },
            colour: if n % 2 == 0 { Colour::Red } else { Colour::Green },
            kind: kinds[n as usize % 3].map(str::to_owned),
        })
        .collect()
}

/// The bytes of the blobs.
pub fn blob(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * n / 3) as u8).collect()
}

/// The folder is older than the statistics of all columns.
fn of(store: &Store, id: &str) -> Dataset<Everything> {
    Dataset::new(store, id).unwrap().statistics(false)
}

/// A new store with all of it.
pub async fn write_all() -> Arc<dyn ObjectStore> {
    let inner = memory() as Arc<dyn ObjectStore>;
    let clock = SetClock::new((0..100).map(|n| 1_700_000_000 + 60 * n));
    let store = Store::from(Arc::clone(&inner))
        .with_clock(Arc::new(clock))
        .with_ids(Arc::new(CountingIds::from(1)));

    let plain = of(&store, "plain");
    let about = metadata! { "source": "golden", "nested": { "list": [1, 2.5, null, "x"] } };
    plain.write(&records(0, 3), about).await.unwrap();
    plain.append(&records(3, 2), metadata! {}).idempotency_key("second").await.unwrap();
    plain.stream_write_records(records(5, 4), metadata! {}).append().await.unwrap();
    plain.write(&[], metadata! { "empty": true }).await.unwrap();
    plain.append(&records(9, 1), metadata! {}).await.unwrap();

    let hive = of(&store, "hive").layout(HiveLayout);
    hive.write(&records(0, 9), metadata! {}).await.unwrap();
    hive.replace_partitions(&records(30, 1), metadata! {}).await.unwrap();

    let flat = of(&store, "flat").layout(FlatLayout);
    flat.checksum(None).write(&records(0, 2), metadata! {}).await.unwrap();

    // Files of different encodings in one snapshot.
    let mixed = of(&store, "mixed");
    mixed.clone().checksum(Checksum::Md5).write(&records(0, 2), metadata! {}).await.unwrap();
    mixed.clone().checksum(Checksum::Sha256).append(&records(2, 2), metadata! {}).await.unwrap();
    mixed.checksum(Checksum::Blake3).append(&records(4, 2), metadata! {}).await.unwrap();

    let packed = of(&store, "packed");
    let zstd = packed.clone().codec(Jsonl::new().compress(Zstd::default()));
    zstd.write(&records(0, 5), metadata! {}).await.unwrap();
    let gzip = packed.codec(Jsonl::new().compress(Gzip::default()));
    gzip.append(&records(5, 5), metadata! {}).await.unwrap();

    let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap();
    blobs.write(b"", metadata! {}).await.unwrap();
    let parts = Limits { part_bytes: 700, ..Limits::default() };
    blobs.limits(parts).write(&blob(2000), metadata! {}).await.unwrap();
    let blobs = Dataset::<Blob>::new(&store, "packed-blobs").unwrap();
    let blobs = blobs.codec(Raw::new().compress(Gzip::default()));
    blobs.write(&blob(2000), metadata! {}).await.unwrap();

    // What a clean-up and an expiry leave.
    let cleaned = of(&store, "cleaned");
    cleaned.write(&records(0, 1), metadata! {}).idempotency_key("gone").await.unwrap();
    cleaned.write(&records(1, 1), metadata! {}).await.unwrap();
    let list = ["datasets/cleaned/data/0190000000007000800000000000ffff/00000.jsonl".to_owned()];
    let gc = crate::support::ambient::uuid(0xfffe);
    forge::gc(&*inner, "cleaned", 2, gc, &list).await;
    forge::expire(&*inner, "cleaned", 1).await;
    cleaned.append(&records(2, 1), metadata! {}).await.unwrap();
    inner
}
