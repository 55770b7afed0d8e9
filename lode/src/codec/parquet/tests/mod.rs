//! Parquet through a dataset, and files that are not what they seem.

mod bloom;
mod damage;
mod files;
mod hostile;
mod round_trip;
mod scan;
mod texts;
mod writing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Context;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use serde::{Deserialize, Serialize};

use super::*;
use crate::codec::{DecodeError, EncodeError};
use crate::{Dataset, Metadata, Record, Snapshot, Store};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Leg {
    from: String,
    km: Option<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, crate::Enum)]
#[lode(crate = crate)]
enum Kind {
    Plain,
    Fancy,
}

/// A bit of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Trip {
    id: u64,
    #[lode(bloom)]
    name: String,
    kind: Kind,
    when: DateTime<Utc>,
    day: Option<NaiveDate>,
    legs: Vec<Leg>,
    ratings: BTreeMap<String, Option<i16>>,
    best: Option<Leg>,
    raw: crate::Bytes,
    ok: bool,
}

fn trip(id: u64) -> Trip {
    let leg = |n: u64| Leg {
        from: format!("stop {n}"),
        km: (n.is_multiple_of(2)).then_some(n as f32 / 3.0),
    };
    Trip {
        id,
        name: format!("trip {}", id % 17),
        kind: if id.is_multiple_of(3) { Kind::Fancy } else { Kind::Plain },
        when: Utc.timestamp_nanos(1_357_034_400_000_000_000 + id as i64 * 7_777_777_777),
        day: (!id.is_multiple_of(4))
            .then(|| NaiveDate::from_ymd_opt(2013, 1, 1 + (id % 28) as u32).unwrap()),
        legs: (0..id % 4).map(leg).collect(),
        ratings: (0..id % 3).map(|n| (format!("k{n}"), (n > 0).then_some(n as i16))).collect(),
        best: (id.is_multiple_of(2)).then(|| leg(id)),
        raw: crate::Bytes::from(vec![id as u8; (id % 5) as usize]),
        ok: id.is_multiple_of(2),
    }
}

fn trips(count: u64) -> Vec<Trip> {
    (0..count).map(trip).collect()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Ranked {
    #[lode(sort)]
    group: Option<String>,
    #[lode(sort)]
    rank: i64,
    place: u32,
}

fn ranked(count: u32) -> Vec<Ranked> {
    let group = |n: u32| (!n.is_multiple_of(5)).then(|| format!("g{}", n * 7919 % 13));
    let record = |n: u32| Ranked { group: group(n), rank: i64::from(n * 31 % 101), place: n };
    (0..count).map(record).collect()
}

fn is_ranked(records: &[Ranked]) -> bool {
    records.is_sorted_by_key(|record| (record.group.clone(), record.rank))
}

/// The bytes of a file of these records.
fn encode<T: Record>(codec: &Parquet, records: &[T]) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = RecordCodec::<T>::encoder(codec);
    let mut output = Vec::new();
    for record in records {
        encoder.push(record, &mut output)?;
    }
    encoder.finish(&mut output)?;
    Ok(output)
}

fn decode<T: Record>(bytes: &[u8]) -> Result<Vec<T>, DecodeError> {
    decode_with(bytes, &Limits::default())
}

fn decode_with<T: Record>(bytes: &[u8], limits: &Limits) -> Result<Vec<T>, DecodeError> {
    let mut records = Vec::new();
    decode_file(Bytes::copy_from_slice(bytes), limits, &mut records)?;
    Ok(records)
}

fn metadata_of(bytes: &[u8]) -> ParquetMetaData {
    ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&Bytes::copy_from_slice(bytes))
        .unwrap()
}

/// The stored bytes of a snapshot's files, in order.
async fn stored<T>(store: &Store, snapshot: &Snapshot<T>) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for file in snapshot.files() {
        files.push(store.get_bytes(&file.path, u64::MAX, None).await.unwrap().unwrap().to_vec());
    }
    files
}
