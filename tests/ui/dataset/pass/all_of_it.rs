//! Everything the cases beside this one get wrong, done right.

use lode::codec::{Jsonl, Raw};
use lode::compress::{Gzip, Zstd};
use lode::{Blob, Dataset, FlatLayout, HiveLayout, Metadata, Store, metadata};
use tokio::io::AsyncWriteExt;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    #[lode(partition)]
    sensor: String,
    celsius: f64,
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::memory();
    let new = vec![Reading { sensor: "roof".to_owned(), celsius: 21.5 }];
    let readings = Dataset::<Reading>::new(&store, "readings")?
        .codec(Jsonl::new().compress(Zstd::default()))
        .layout(HiveLayout);
    let snapshot = readings.write(&new, metadata! { "n": 1 }).await?;
    readings.append(&new, &Metadata::empty()).await?;
    readings.replace_partitions(&new, Metadata::empty()).await?;
    readings.stream_write_records(new.clone(), metadata! {}).await?;
    let mut writer = readings.record_writer(metadata! {}).append().await?;
    writer.push(&new[0]).await?;
    assert_eq!(writer.commit().await?.row_count(), 2);
    let transaction = readings.begin(metadata! {}).replace_partitions().await?;
    let writer = transaction.writer();
    tokio::spawn(async move {
        writer.write(&[Reading { sensor: "cellar".to_owned(), celsius: 12.5 }]).await?;
        writer.attach("notes", b"beside").await
    })
    .await??;
    let with_notes = transaction.commit().await?;
    assert_eq!(readings.attachment(&with_notes, "notes").await?, "beside");
    assert_eq!(readings.read(&snapshot).await?, new);

    let backups = Dataset::<Blob>::new(&store, "backups")?
        .codec(Raw::new().compress(Gzip::default()))
        .layout(FlatLayout);
    backups.write(b"all of it", metadata! {}).await?;
    let mut writer = backups.stream_write(Metadata::empty()).await?;
    writer.write_all(b"all of it").await?;
    let snapshot = writer.commit().await?;
    assert_eq!(backups.read_blob(&snapshot).await?, "all of it");

    // Futures can be sent to other threads.
    let task = tokio::spawn(async move { readings.write(&new, metadata! {}).await });
    task.await??;
    Ok(())
}
