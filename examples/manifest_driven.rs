//! Find data by what the manifests say, without reading any data: metadata, time ranges, sizes,
//! partitions and files all stand there.
//!
//! `cargo run --example manifest_driven`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures::TryStreamExt;
use lode::{Dataset, Record, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Reading {
    #[lode(timestamp)]
    at: DateTime<Utc>,
    celsius: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::memory();
    let data_bytes = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&data_bytes);
    let readings = Dataset::<Reading>::new(&store, "readings")?;
    for day in 1..=10 {
        let start = Utc.with_ymd_and_hms(2024, 3, day, 0, 0, 0).single().ok_or("no such day")?;
        let records: Vec<Reading> = (0..24)
            .map(|hour| Reading { at: start + TimeDelta::hours(hour), celsius: hour as f64 / 2.0 })
            .collect();
        let quality = if day % 3 == 0 { "raw" } else { "checked" };
        readings.write(&records, metadata! { "day": day, "quality": quality }).await?;
    }

    // Walk the history, newest first, and keep the checked snapshots that overlap the time asked
    // for. Only manifests are read.
    let reader = readings.clone().on_progress(move |progress| {
        count.store(progress.bytes, Ordering::Relaxed);
    });
    let from = Utc.with_ymd_and_hms(2024, 3, 5, 12, 0, 0).single().ok_or("no such day")?;
    let until = from + TimeDelta::days(3);
    let mut history = reader.history();
    let mut found = Vec::new();
    while let Some(snapshot) = history.try_next().await? {
        let is_checked = snapshot.metadata().get("quality").is_some_and(|q| q == "checked");
        let overlaps = snapshot.time_range().is_some_and(|(min, max)| min < until && from <= max);
        if is_checked && overlaps {
            found.push(snapshot);
        }
    }
    for snapshot in &found {
        let file = &snapshot.files()[0];
        println!(
            "snapshot {}: {} records, {} bytes in {}",
            snapshot.id(),
            snapshot.row_count(),
            file.size_bytes,
            file.path
        );
    }
    let days: Vec<_> = found.iter().filter_map(|snapshot| snapshot.metadata().get("day")).collect();
    assert_eq!(days, [8, 7, 5]);
    assert_eq!(data_bytes.load(Ordering::Relaxed), 0, "no data was read so far");

    let records = reader.read(&found[0]).await?;
    assert_eq!(records.len(), 24);
    assert_eq!(data_bytes.load(Ordering::Relaxed), found[0].size_bytes());
    println!(
        "now {} bytes of data were read, for {} records",
        found[0].size_bytes(),
        records.len()
    );

    // Everything a manifest says is there to be read, the record's schema too.
    let manifest = found[0].manifest();
    println!(
        "written by {}, schema {:?}",
        manifest.writer.as_deref().unwrap_or("?"),
        manifest.schemas
    );
    Ok(())
}
