//! Writes a Parquet dataset with a column of every type, for `read.py` beside it, which reads it by
//! pyarrow and by DuckDB:
//!
//! ```text
//! pip install pyarrow duckdb
//! mkdir /tmp/interop
//! cargo run --example interop -- /tmp/interop > /tmp/interop.jsonl
//! python examples/interop/read.py /tmp/interop /tmp/interop.jsonl
//! ```
//!
//! It prints the records as JSON Lines, so that the values can be compared.

use std::collections::BTreeMap;
use std::error::Error;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use lode::codec::Parquet;
use lode::{Bytes, Dataset, Record, Store, metadata};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Row {
    #[lode(sort)]
    id: i64,
    small: i8,
    large: u64,
    single: f32,
    double: Option<f64>,
    flag: bool,
    #[lode(bloom)]
    name: String,
    note: Option<String>,
    raw: Bytes,
    day: NaiveDate,
    #[lode(timestamp)]
    at: DateTime<Utc>,
    status: Status,
    tags: Vec<String>,
    gaps: Option<Vec<Option<i16>>>,
    pair: [u16; 2],
    position: Option<Position>,
    legs: Vec<Position>,
    counts: BTreeMap<String, Option<i64>>,
    #[lode(json)]
    json: serde_json::Value,
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

const ROWS: i32 = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: interop FOLDER")?;
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let dataset = Dataset::<Row>::new(&Store::local(&folder)?, "rows")?
        .codec(Parquet::new().row_group_rows(300));
    let snapshot = dataset.write(&rows, metadata! { "source": "interop" }).await?;
    assert_eq!(dataset.read(&snapshot).await?, rows);
    for row in &rows {
        println!("{}", serde_json::to_string(row)?);
    }
    Ok(())
}

fn row(i: i32) -> Row {
    let real = f64::from(i);
    let position = |n: f64| Position { lat: n / 3.0, lon: (i % 2 == 0).then_some(-n / 7.0) };
    Row {
        id: i64::from(i) << 40,
        small: (i % 256 - 128) as i8,
        large: u64::MAX - i as u64,
        single: i as f32 / 8.0,
        double: (i % 5 != 0).then_some(real / 9.0),
        flag: i % 3 == 0,
        name: format!("row {i} é 🦀"),
        note: (i % 4 == 0).then(|| "x".repeat(i as usize % 40)),
        raw: i.to_le_bytes()[..i as usize % 5].into(),
        day: NaiveDate::default() + TimeDelta::days(i64::from(i) - 500),
        at: DateTime::UNIX_EPOCH + TimeDelta::microseconds(i64::from(i - 3) * 1_234_567_891),
        status: [Status::OnTime, Status::Late, Status::Cancelled][i as usize % 3].clone(),
        tags: (0..i % 4).map(|tag| format!("tag {tag}")).collect(),
        gaps: (i % 6 != 0).then(|| (0..i % 3).map(|n| (n != 1).then_some(n as i16)).collect()),
        pair: [i as u16, 7],
        position: (i % 7 != 0).then(|| position(real)),
        legs: (0..i % 3).map(|leg| position(leg.into())).collect(),
        counts: (0..i % 3).map(|n| (format!("key {n}"), (n != 1).then_some(n.into()))).collect(),
        json: serde_json::json!({ "i": i, "list": [null, true, "é"] }),
    }
}
