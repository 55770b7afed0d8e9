//! A bucket: opened, checked, written to and read. Against a server of its own, which one script starts:
//!
//! `tests/server/seaweedfs run cargo run --example s3`
//!
//! Against yours: `LODE_TEST_S3=s3://bucket/prefix`, with the variables of AWS that it needs.

use std::error::Error;

use futures::TryStreamExt;
use lode::codec::Jsonl;
use lode::compress::Zstd;
use lode::{Blob, Dataset, Record, Store, Volume, metadata};
use tokio::io::AsyncWriteExt;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Reading {
    #[lode(timestamp)]
    at: chrono::DateTime<chrono::Utc>,
    sensor: String,
    celsius: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Ok(url) = std::env::var("LODE_TEST_S3") else {
        eprintln!("no bucket: tests/server/seaweedfs run cargo run --example s3");
        return Ok(());
    };
    // Endpoint and keys come from the environment: AWS_ENDPOINT, AWS_ACCESS_KEY_ID, … In a program:
    //     Store::builder("s3://bucket/prefix")
    //         .endpoint("http://127.0.0.1:8333")
    //         .option("access_key_id", "K")
    //         .option("secret_access_key", "S")
    //         .open()?
    let run = format!("example-{}", std::process::id());
    let store = Store::open(&url)?.prefixed(&run)?;

    // A server that ignores the create-only condition loses commits silently. So lode does not commit to
    // one that it does not know, before it was checked.
    let readings =
        Dataset::<Reading>::new(&store, "readings")?.codec(Jsonl::new().compress(Zstd::default()));
    let day = readings_of_a_day()?;
    if std::env::var_os("AWS_ENDPOINT").is_some() {
        let refused = readings.write(&day, metadata! {}).await.unwrap_err();
        println!("before the check: {refused}");
    }
    let report = store.check().await;
    println!("{report}");
    if !report.is_ok() {
        return Err("this store is not for lode".into());
    }

    // Records.
    let first = readings.write(&day, metadata! { "source": "roof" }).await?;
    let second = readings.append(&day, metadata! { "source": "roof" }).await?;
    println!("snapshot {}: {} records", second.id(), second.row_count());
    assert_eq!(readings.read(&first).await?, day);

    // 20 MiB as they come: uploaded in parts, of which a few are in memory.
    let backups = Dataset::<Blob>::new(&store, "backups")?;
    let mut writer = backups.stream_write(metadata! {}).await?;
    for n in 0..20 {
        writer.write_all(&vec![n; 1 << 20]).await?;
    }
    let backup = writer.commit().await?;
    let len = backups.stream_blob(&backup).try_fold(0, async |len, chunk| Ok(len + chunk.len()));
    println!("backup {}: {} bytes", backup.id(), len.await?);
    let range = backups.read_blob_range(&backup, (5 << 20) - 1..(5 << 20) + 1).await?;
    assert_eq!(range[..], [4, 5]);

    // A volume: blocks in any order.
    let volume = Volume::create(&store, "disk", 1 << 30)?;
    let staged = volume.stage_write_at(1 << 20, vec![7; 4096]).await?;
    staged.stage_write_at(0, b"boot").await?;
    let volume = staged.commit(metadata! {}).await?;
    println!("volume {}: {:?}", volume.id(), volume.coverage());

    Ok(())
}

fn readings_of_a_day() -> Result<Vec<Reading>, chrono::ParseError> {
    let begin: chrono::DateTime<chrono::Utc> = "2026-07-01T00:00:00Z".parse()?;
    let reading = |n: i32| Reading {
        at: begin + chrono::TimeDelta::minutes(n.into()),
        sensor: ["north", "south"][n as usize % 2].to_owned(),
        celsius: 15.0 + f64::from(n) / 100.0,
    };
    Ok((0..1440).map(reading).collect())
}
