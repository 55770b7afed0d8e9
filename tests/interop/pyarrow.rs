//! Files that pyarrow wrote: `golden/pyarrow/make.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::TryStreamExt;
use lode::{Bytes, Dataset, Record, SnapshotId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::planted;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Row {
    id: i64,
    name: String,
    maybe: Option<i32>,
    ratio: f64,
    flag: bool,
    day: NaiveDate,
    #[lode(timestamp)]
    at: DateTime<Utc>,
    tags: Vec<String>,
    scores: Option<Vec<Option<f32>>>,
    position: Option<Position>,
    counts: BTreeMap<String, i64>,
    raw: Bytes,
    status: Status,
    key: Uuid,
    pair: [u8; 2],
    #[serde(default)]
    added: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Position {
    lat: f64,
    lon: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, lode::Enum)]
#[serde(rename_all = "kebab-case")]
enum Status {
    OnTime,
    Late,
    Cancelled,
}

fn row(i: i32) -> Row {
    let position =
        Position { lat: f64::from(i) / 4.0, lon: (i % 2 == 0).then_some(-f64::from(i) / 4.0) };
    let scores = |n: i32| (n % 2 == 0).then_some(n as f32 / 2.0);
    Row {
        id: i64::from(i) - 5,
        name: format!("row {i} é {}", "x".repeat(i as usize % 14)),
        maybe: (i % 3 != 0).then_some(i * 1000),
        ratio: f64::from(i) / 8.0,
        flag: i % 2 == 0,
        day: NaiveDate::from_ymd_opt(1969, 12, 25).unwrap() + TimeDelta::days(i.into()),
        at: DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::hours(i.into()),
        tags: (0..i % 4).map(|n| format!("t{n}")).collect(),
        scores: (i % 5 != 0).then(|| (0..i % 3).map(scores).collect()),
        position: (i % 4 != 3).then_some(position),
        counts: (0..i % 3).map(|k| (format!("k{k}"), (k * i).into())).collect(),
        raw: (0..i % 5).map(|n| n as u8).collect::<Vec<_>>().into(),
        status: [Status::OnTime, Status::Late, Status::Cancelled][i as usize % 3].clone(),
        key: Uuid::from_u128(i as u128),
        pair: [(i % 100) as u8, 1],
        added: 0,
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/pyarrow");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|found| found == "parquet")).collect();
    files.sort();
    assert_eq!(files.len(), 14);
    files
}

#[tokio::test]
async fn every_file_of_pyarrow_reads_back() {
    for path in files() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let rows = match name {
            "empty" => 0,
            "one-row-each" => 5,
            _ => 24,
        };
        let expected: Vec<_> = (0..rows).map(row).collect();
        let store = planted(&fs::read(&path).unwrap(), "parquet").await;
        let dataset = Dataset::<Row>::new(&store, "d").unwrap();
        let snapshot = dataset.snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
        let found = dataset.read(&snapshot).await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(found, expected, "{name}");
        let streamed: Vec<Row> = dataset.stream(&snapshot).try_collect().await.unwrap();
        assert_eq!(streamed, expected, "{name}");
    }
}

#[tokio::test]
async fn fields_that_pyarrow_holds_otherwise_are_named() {
    #[derive(Debug, Serialize, Deserialize, Record)]
    struct Other {
        maybe: i32,
    }
    #[derive(Debug, Serialize, Deserialize, Record)]
    struct Narrower {
        id: i16,
    }
    let bytes = fs::read(files().iter().find(|path| path.ends_with("plain.parquet")).unwrap());
    let store = planted(&bytes.unwrap(), "parquet").await;
    let id = SnapshotId::new(1).unwrap();

    let dataset = Dataset::<Other>::new(&store, "d").unwrap();
    let error = dataset.read(&dataset.snapshot(id).await.unwrap()).await.unwrap_err();
    let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains("`maybe`") && text.contains("null"), "{text}");

    let dataset = Dataset::<Narrower>::new(&store, "d").unwrap();
    let error = dataset.read(&dataset.snapshot(id).await.unwrap()).await.unwrap_err();
    let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains("`id`: expected Int16, found Int64"), "{text}");
}
