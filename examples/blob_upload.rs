//! Upload a file in bounded memory, read a range of it, and read all of it back.
//!
//! `cargo run --example blob_upload -- [FILE]`

use futures::TryStreamExt;
use lode::{Blob, Checksum, Dataset, Metadata, Store, metadata};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = match std::env::args_os().nth(1) {
        Some(path) => path.into(),
        None => {
            let path = dir.path().join("upload.bin");
            let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n / 1000) as u8).collect();
            tokio::fs::write(&path, bytes).await?;
            path
        }
    };
    let store_dir = tempfile::tempdir()?;
    let store = Store::local(store_dir.path())?;
    let backups = Dataset::<Blob>::new(&store, "backups")?.checksum(Checksum::Xxh3_128);

    // A writer is an `AsyncWrite`. With a key, an upload that is tried again is committed once.
    let key = path.display().to_string();
    let mut file = File::open(&path).await?;
    let mut writer = backups.stream_write(metadata! { "file": key }).idempotency_key(&key).await?;
    let copied = tokio::io::copy(&mut file, &mut writer).await?;
    let snapshot = writer.commit().await?;
    let checksum = snapshot.files()[0].checksum.as_deref().unwrap_or("none");
    println!("snapshot {}: {} bytes, xxh3-128 {checksum}", snapshot.id(), snapshot.size_bytes());
    assert_eq!(snapshot.size_bytes(), copied);

    let mut again = backups.stream_write(metadata! { "file": key }).idempotency_key(&key).await?;
    again.write_all(b"not stored: it was uploaded before").await?;
    assert_eq!(again.commit().await?, snapshot);

    // A writer that is given up leaves nothing.
    let mut given_up = backups.stream_write(Metadata::empty()).await?;
    given_up.write_all(b"half of it").await?;
    given_up.abort().await;
    assert_eq!(backups.snapshots().await?, [snapshot.id()]);

    // A range is fetched alone; a stream is verified by the time it ends.
    let original = tokio::fs::read(&path).await?;
    let range = 0..copied.min(1000);
    let head = backups.read_blob_range(&snapshot, range.clone()).await?;
    assert_eq!(head, original[..range.end as usize]);
    let mut chunks = backups.stream_blob(&snapshot);
    let mut streamed = Vec::new();
    while let Some(chunk) = chunks.try_next().await? {
        streamed.extend_from_slice(&chunk);
    }
    assert_eq!(streamed, original);
    println!("{} bytes read back, checked and equal", streamed.len());
    Ok(())
}
