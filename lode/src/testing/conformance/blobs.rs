//! Datasets of blobs.

use futures::TryStreamExt;
use tokio::io::AsyncWriteExt;

use super::{Outcome, checks, ensure, ensure_eq, noise};
use crate::{Blob, Checksum, Dataset, Limits, Store, metadata};

checks! {
    /// Blobs of every size come back whole, also with none and with other checksums.
    blobs => blobs_body;
    /// A blob that comes in pieces is uploaded in parts; one that is given up leaves no snapshot.
    blob_streams => blob_streams_body;
    /// Ranges of a blob are what they are of the whole, and no others exist.
    blob_ranges => blob_ranges_body;
}

fn dataset(store: &Store) -> crate::Result<Dataset<Blob>> {
    let limits = Limits { part_bytes: 5 << 20, ..Limits::default() };
    Ok(Dataset::new(store, "blobs")?.limits(limits))
}

async fn blobs_body(store: Store) -> Outcome {
    for len in [0, 1, 1000, (5 << 20) - 1, 5 << 20, (5 << 20) + 1, 11 << 20] {
        let bytes = noise(len as u64, len);
        let snapshot = dataset(&store)?.write(&bytes, metadata! { "len": len }).await?;
        let found = dataset(&store)?.read_blob(&snapshot).await?;
        ensure!(found == bytes, "other bytes came back of a blob of {len} bytes");
        ensure_eq!(snapshot.size_bytes(), len as u64, "the size of a blob");
    }
    for checksum in [None, Some(Checksum::Md5)] {
        let dataset = dataset(&store)?.checksum(checksum);
        let snapshot = dataset.write(b"all of it", metadata! {}).await?;
        ensure_eq!(dataset.read_blob(&snapshot).await?, "all of it", "a blob");
    }
    Ok(())
}

async fn blob_streams_body(store: Store) -> Outcome {
    let dataset = dataset(&store)?;
    let bytes = noise(1, (12 << 20) + 345);
    let mut writer = dataset.stream_write(metadata! {}).await?;
    for piece in bytes.chunks(777_777) {
        writer.write_all(piece).await?;
    }
    let snapshot = writer.commit().await?;
    let chunks: Vec<_> = dataset.stream_blob(&snapshot).try_collect().await?;
    ensure!(chunks.concat() == bytes, "other bytes came back");

    let mut writer = dataset.stream_write(metadata! {}).await?;
    writer.write_all(&bytes).await?;
    writer.abort().await;
    ensure_eq!(dataset.latest().await?, Some(snapshot), "the newest after an abort");
    Ok(())
}

async fn blob_ranges_body(store: Store) -> Outcome {
    let dataset = dataset(&store)?;
    let bytes = noise(2, 100_000);
    let snapshot = dataset.write(&bytes, metadata! {}).await?;
    for range in [0..1, 0..100_000, 99_999..100_000, 50_000..50_000, 12_345..67_890] {
        let found = dataset.read_blob_range(&snapshot, range.clone()).await?;
        let expected = &bytes[range.start as usize..range.end as usize];
        ensure!(found == expected, "other bytes came back at {range:?}");
    }
    let outside = dataset.read_blob_range(&snapshot, 99_999..100_001).await;
    ensure!(outside.is_err(), "a range that ends after the blob was read");
    Ok(())
}
