//! Files to write and read in tests, and a record.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::Record;
use crate::checksum::Checksum;
use crate::codec::{Codec, Jsonl, RecordCodec};
use crate::compress::{Compressor, by_name};
use crate::data::writer::Written;
use crate::data::{self, FileOptions, FileToRead, FileWriter, Spares};
use crate::error::Result;
use crate::id::SnapshotId;
use crate::limits::Limits;
use crate::progress::Meter;
use crate::store::Store;

pub(super) const KEY: &str = "data/00000";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) text: String,
}

pub(super) fn rows(count: u64, text_len: usize) -> Vec<Row> {
    let text = |id: u64| {
        let mut noise = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut letter = || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            char::from(b'a' + (noise % 26) as u8)
        };
        (0..text_len).map(|_| letter()).collect()
    };
    (0..count).map(|id| Row { id, text: text(id) }).collect()
}

pub(super) fn jsonl(rows: &[Row]) -> Vec<u8> {
    let mut encoder = RecordCodec::<Row>::encoder(&Jsonl::new());
    let mut bytes = Vec::new();
    for row in rows {
        encoder.push(row, &mut bytes).unwrap();
    }
    bytes
}

/// Bytes that hardly compress.
pub(super) fn noise(len: usize) -> Bytes {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

pub(super) fn compressors() -> Vec<Arc<dyn Compressor>> {
    let names = [
        "noop",
        #[cfg(feature = "gzip")]
        "gzip",
        #[cfg(feature = "zstd")]
        "zstd",
    ];
    names.iter().map(|name| by_name(name).unwrap()).collect()
}

pub(super) fn options(compressor: &str) -> FileOptions {
    FileOptions {
        compression: by_name(compressor).unwrap(),
        checksum: Some(Checksum::default()),
        part_bytes: 8 << 20,
        parts_in_flight: 2,
        max_bytes: None,
        meter: Meter::default(),
        spares: Spares::default(),
    }
}

pub(super) async fn write(
    store: &Store,
    options: FileOptions,
    chunks: impl IntoIterator<Item = Bytes>,
) -> Result<Written> {
    let mut writer = FileWriter::new(store, KEY.to_owned(), options);
    for chunk in chunks {
        writer.write(chunk).await?;
    }
    writer.finish().await
}

/// The file that `written` describes, as its manifest would.
pub(super) fn file(written: &Written, compressor: &str) -> FileToRead {
    FileToRead {
        key: KEY.to_owned(),
        size_bytes: written.size_bytes,
        checksum: written.checksum.clone().map(|checksum| (Checksum::default(), checksum)),
        compressor: by_name(compressor).unwrap(),
        limits: Limits::default(),
        meter: Meter::default(),
    }
}

/// The file of these stored bytes, put as they are.
pub(super) async fn put(store: &Store, stored: Vec<u8>, compressor: &str) -> FileToRead {
    let size_bytes = stored.len() as u64;
    let checksum = Some(Checksum::default().of(&stored));
    store.put(KEY, stored.into()).await.unwrap();
    file(&Written { size_bytes, checksum }, compressor)
}

pub(super) async fn stream_bytes(store: &Store, file: FileToRead) -> Result<Vec<u8>> {
    let chunks: Vec<Bytes> = data::bytes(store, file).try_collect().await?;
    Ok(chunks.concat())
}

pub(super) async fn read_rows(store: &Store, file: FileToRead) -> Result<Vec<Row>> {
    let codec = Codec::<Row>::format(&Jsonl::new()).decoder();
    let snapshot = snapshot();
    let batches: Vec<Vec<Row>> = data::records(store, file, codec, snapshot).try_collect().await?;
    Ok(batches.concat())
}

pub(super) fn snapshot() -> SnapshotId {
    "7".parse().unwrap()
}

/// A store on local disk, and its directory, which goes when it is dropped.
#[cfg(feature = "local")]
pub(super) fn local() -> (Store, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Store::local_with(dir.path(), crate::Durability::None).unwrap(), dir)
}
