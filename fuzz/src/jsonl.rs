//! Any bytes as a JSONL file of a dataset: the records that a plain loop finds, or its first error.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use lode::{Bytes, Dataset, Error, Record, SnapshotId};
use serde::{Deserialize, Serialize};

use crate::block_on;
use crate::planted::Planted;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Line {
    id: i64,
    #[serde(default)]
    ts: Option<DateTime<Utc>>,
    #[serde(default, alias = "user")]
    name: Option<String>,
    #[serde(default)]
    value: f64,
    #[serde(default)]
    tags: Vec<Option<String>>,
    #[serde(default)]
    raw: Bytes,
    #[serde(default)]
    counts: BTreeMap<String, u64>,
    #[lode(json)]
    #[serde(default)]
    json: serde_json::Value,
}

pub fn run(data: &[u8]) {
    block_on(check(data));
}

async fn check(data: &[u8]) {
    let planted = Planted { bytes: data, codec: Some("jsonl"), compressor: "noop" };
    let dataset = Dataset::<Line>::new(&planted.store().await, "d").unwrap();
    let snapshot = dataset.snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
    let read = dataset.read(&snapshot).await;
    let streamed: Result<Vec<Line>, Error> = dataset.stream(&snapshot).try_collect().await;
    let expected = plain(data);
    for found in [read, streamed] {
        match (found, &expected) {
            (Ok(found), Ok(expected)) => assert_eq!(&found, expected),
            (Err(Error::Decode { line, .. }), Err(expected)) => assert_eq!(line, *expected),
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }
    if let Ok(records) = expected {
        let copy = Dataset::<Line>::new(&lode::Store::memory(), "copy").unwrap();
        let is_deep = records.iter().any(|record| levels(&record.json) > MOST_LEVELS);
        match copy.write(&records, lode::metadata! {}).await {
            Ok(snapshot) => {
                assert!(!is_deep);
                assert_eq!(copy.read(&snapshot).await.unwrap(), records);
            }
            // More is read than is written.
            Err(error) => assert!(is_deep && matches!(error, Error::Encode { .. }), "{error}"),
        }
    }
}

/// How deep the JSON may be that is written.
const MOST_LEVELS: usize = 95;

fn levels(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::Array(list) => 1 + list.iter().map(levels).max().unwrap_or(0),
        serde_json::Value::Object(map) => 1 + map.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// The records, or the number of the first line that is none.
fn plain(data: &[u8]) -> Result<Vec<Line>, u64> {
    let lines = (1..).zip(data.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    lines.map(|(number, line)| serde_json::from_slice(line).map_err(|_| number)).collect()
}
