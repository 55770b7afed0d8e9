//! Several tasks measure, one commit makes a snapshot of it, and what lies beside the records (a
//! calibration, a picture, the log of the run) is in the same snapshot, or nothing is.
//!
//! `cargo run --example transaction_sidecars`

use futures::TryStreamExt;
use lode::codec::Jsonl;
use lode::compress::Zstd;
use lode::{Dataset, Error, Record, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Reading {
    station: u32,
    second: u32,
    celsius: f64,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Calibration {
    offset: f64,
}

const STATIONS: u32 = 4;
const SECONDS: u32 = 5_000;

fn measure(station: u32) -> impl Iterator<Item = Reading> + Send {
    let celsius = move |second| 15.0 + f64::from(station) + f64::from(second % 100) / 100.0;
    (0..SECONDS).map(move |second| Reading { station, second, celsius: celsius(second) })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;
    let readings =
        Dataset::<Reading>::new(&store, "readings")?.codec(Jsonl::new().compress(Zstd::default()));

    // A run: every station has a task, with a writer of its own.
    let run = readings.begin(metadata! { "run": 7 }).append().idempotency_key("run 7").await?;
    let mut stations = tokio::task::JoinSet::new();
    for station in 0..STATIONS {
        let writer = run.writer();
        stations.spawn(async move {
            writer.stream_write_records(measure(station)).await?;
            writer.attach(&format!("logs/{station}.txt"), b"calm\n").await
        });
    }
    // Meanwhile, beside the records: bytes, or a file that is read as it is stored.
    let calibration = Calibration { offset: 0.25 };
    run.attach("calibration.json", serde_json::to_vec(&calibration)?).await?;
    let picture = dir.path().join("sky.raw");
    tokio::fs::write(&picture, vec![0x7f; 3 << 20]).await?;
    run.attach_reader("pictures/sky.raw", tokio::fs::File::open(&picture).await?).await?;

    while let Some(staged) = stations.join_next().await {
        staged??; // a task that failed is known here, before anything is committed
    }
    assert_eq!(readings.latest().await?, None, "nothing is visible yet");
    let snapshot = run.commit().await?;

    println!(
        "snapshot {}: {} records in {} files",
        snapshot.id(),
        snapshot.row_count(),
        snapshot.files().len()
    );
    for attachment in snapshot.attachments() {
        println!("  {:>9} bytes  {}", attachment.size_bytes, attachment.name);
    }
    assert_eq!(snapshot.row_count(), u64::from(STATIONS * SECONDS));
    assert_eq!(snapshot.attachments().len(), 6);

    // Attachments are verified when they are read, whole or as a stream.
    let found = readings.attachment(&snapshot, "calibration.json").await?;
    assert_eq!(serde_json::from_slice::<Calibration>(&found)?, calibration);
    let mut picture = readings.attachment(&snapshot, "pictures/sky.raw").stream();
    let mut bytes = 0;
    while let Some(chunk) = picture.try_next().await? {
        bytes += chunk.len();
    }
    assert_eq!(bytes, 3 << 20);

    // They are this snapshot's: the next one has its own, or none.
    let next = readings.append(&[], metadata! { "run": 8 }).await?;
    match readings.attachment(&next, "calibration.json").await {
        Err(Error::AttachmentNotFound { .. }) => println!("run 8 has no calibration"),
        other => panic!("expected none, got {other:?}"),
    }

    // The whole run again, after a crash, say: its key says that it is there already.
    let again = readings.begin(metadata! { "run": 7 }).append().idempotency_key("run 7").await?;
    assert_eq!(again.committed_before(), Some(&snapshot));
    assert_eq!(again.commit().await?, snapshot);

    // A run that is given up leaves nothing.
    let given_up = readings.begin(metadata! { "run": 9 }).append().await?;
    given_up.stream_write_records(measure(0)).await?;
    given_up.attach("why.txt", b"rain").await?;
    given_up.abort().await;
    assert_eq!(readings.latest().await?, Some(next));
    Ok(())
}
