//! Records, and how tests look at them.

use std::ops::Range;

use chrono::{DateTime, TimeZone, Utc};
use futures::TryStreamExt;
use lode::{Codec, Dataset, Record, Snapshot};

/// A record with a time and a partition key.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, Record,
)]
pub struct Row {
    pub n: u64,
    #[lode(timestamp)]
    pub at: DateTime<Utc>,
    #[lode(partition)]
    pub kind: String,
    pub text: String,
}

/// The rows with these numbers, in three kinds.
pub fn rows(numbers: Range<u64>) -> Vec<Row> {
    numbers
        .map(|n| Row {
            n,
            at: Utc.timestamp_opt(1_600_000_000 + n as i64, 0).unwrap(),
            kind: ["red", "green", "blue"][n as usize % 3].to_owned(),
            text: format!("row {n} ").repeat(3),
        })
        .collect()
}

/// The numbers of all rows of a snapshot, sorted; read both ways, verified.
pub async fn numbers<C: Codec<Row>, L: Sync>(
    dataset: &Dataset<Row, C, L>,
    snapshot: &Snapshot<Row>,
) -> lode::Result<Vec<u64>> {
    let whole = dataset.read(snapshot).await?;
    let streamed: Vec<Row> = dataset.stream(snapshot).try_collect().await?;
    assert_eq!(whole, streamed);
    assert_eq!(whole.len() as u64, snapshot.row_count());
    let mut numbers: Vec<u64> = whole.iter().map(|row| row.n).collect();
    numbers.sort_unstable();
    for row in &whole {
        assert_eq!(*row, rows(row.n..row.n + 1)[0]);
    }
    let times = whole.iter().map(|row| row.at);
    assert_eq!(snapshot.time_range(), times.clone().min().zip(times.max()));
    Ok(numbers)
}
