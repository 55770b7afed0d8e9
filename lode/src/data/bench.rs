//! The pipeline by itself, for the benchmarks.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use crate::checksum::Checksum;
use crate::codec::{Codec, Jsonl, Raw, RecordFormat};
use crate::data::{self, FileOptions, FileToRead, FileWriter, Written};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::progress::Meter;
use crate::record::Record;
use crate::store::Store;

/// A file that was written.
#[derive(Clone)]
pub struct File(FileToRead);

/// Writes records.
///
/// # Errors
/// As writing.
pub async fn write_records<T: Record>(
    store: &Store,
    key: &str,
    codec: &Jsonl,
    records: &[T],
) -> Result<File> {
    const CHUNK: usize = 256 << 10;
    let format: RecordFormat<T> = Codec::<T>::format(codec);
    let mut writer = writer(store, key, format.compression());
    let mut encoder = format.encoder();
    let failed =
        |e: crate::codec::EncodeError| Error::Encode { row: 0, field: e.field, source: e.source };
    let mut chunk = Vec::with_capacity(CHUNK + 4096);
    for record in records {
        encoder.push(record, &mut chunk).map_err(failed)?;
        if chunk.len() >= CHUNK {
            let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK + 4096));
            writer.write(full.into()).await?;
        }
    }
    encoder.finish(&mut chunk).map_err(failed)?;
    writer.write(chunk.into()).await?;
    Ok(file(key, writer.finish().await?, format.compression()))
}

/// Reads them back.
///
/// # Errors
/// As reading.
pub async fn read_records<T: Record>(store: &Store, file: &File) -> Result<Vec<T>> {
    let format: RecordFormat<T> = Codec::<T>::format(&Jsonl::new());
    let snapshot = crate::SnapshotId::FIRST;
    let mut batches = data::records(store, file.0.clone(), format.decoder(), snapshot);
    let mut records = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        records.extend(batch);
    }
    Ok(records)
}

/// Writes a blob in chunks.
///
/// # Errors
/// As writing.
pub async fn write_blob(store: &Store, key: &str, chunks: &[Bytes]) -> Result<File> {
    let compression = Raw::new().format().compression();
    let mut writer = writer(store, key, compression.clone());
    for chunk in chunks {
        writer.write(chunk.clone()).await?;
    }
    Ok(file(key, writer.finish().await?, compression))
}

/// Reads it whole.
///
/// # Errors
/// As reading.
pub async fn read_blob(store: &Store, file: &File) -> Result<Bytes> {
    data::read_all(store, file.0.clone()).await
}

/// Reads it as a stream, and tells its length.
///
/// # Errors
/// As reading.
pub async fn stream_blob(store: &Store, file: &File) -> Result<u64> {
    let mut chunks = data::bytes(store, file.0.clone());
    let mut len = 0;
    while let Some(chunk) = chunks.next().await {
        len += chunk?.len() as u64;
    }
    Ok(len)
}

fn writer(
    store: &Store,
    key: &str,
    compression: std::sync::Arc<dyn crate::compress::Compressor>,
) -> FileWriter {
    let limits = Limits::default();
    let options = FileOptions {
        compression,
        checksum: Some(Checksum::default()),
        part_bytes: limits.part_bytes,
        parts_in_flight: limits.parts_in_flight,
        meter: Meter::default(),
    };
    FileWriter::new(store, key.to_owned(), options)
}

fn file(
    key: &str,
    written: Written,
    compressor: std::sync::Arc<dyn crate::compress::Compressor>,
) -> File {
    File(FileToRead {
        key: key.to_owned(),
        size_bytes: written.size_bytes,
        checksum: written.checksum.map(|checksum| (Checksum::default(), checksum)),
        compressor,
        limits: Limits::default(),
        meter: Meter::default(),
    })
}
