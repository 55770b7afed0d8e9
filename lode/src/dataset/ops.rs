//! What lode does differently for records and for blobs.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use super::batch::write_records;
use super::blob::write_blob;
use super::draft::{Encoding, timestamp_of};
use super::formats::{Decoder, Formats};
use super::measure::measure_kept;
use super::staging::Staging;
use crate::codec::{Blob, BlobFormat, RecordFormat};
use crate::compress::Compressor;
use crate::error::Result;
use crate::health::Examined;
use crate::layout::Partitioning;
use crate::manifest::{FileRef, FileStats, Manifest};
use crate::record::Record;

/// The half of [`Content`](crate::codec::Content) that is lode's own business; it seals it.
#[doc(hidden)]
pub trait Operations: Sized + 'static {
    /// What a codec is reduced to inside lode.
    type Format: Clone + Send + Sync + 'static;

    /// What one write takes.
    type Items: ?Sized + Sync + 'static;

    const IS_BLOB: bool;

    /// The compression, and what names of files end in.
    fn storage(format: &Self::Format) -> (Arc<dyn Compressor>, String);

    /// What the manifest says of files in this format.
    fn encoding(
        formats: &Formats<Self>,
        format: &Self::Format,
        partitioning: Option<&Partitioning<Self>>,
    ) -> Encoding;

    fn decoder(format: &Self::Format) -> Decoder<Self>;

    /// Stores a batch as data files.
    fn write_batch(
        staging: &Staging,
        format: &Self::Format,
        partitioning: Option<Partitioning<Self>>,
        items: &Self::Items,
    ) -> impl Future<Output = Result<Vec<FileRef>>> + Send;

    /// Reads a file whole, for its verdict alone.
    fn examine(
        formats: &Formats<Self>,
        manifest: &Manifest,
        file: &FileRef,
    ) -> impl Future<Output = Result<Examined>> + Send;

    /// See [`measure_kept`].
    fn measure_kept(
        formats: &Formats<Self>,
        base: &Manifest,
        files: &[FileRef],
    ) -> impl Future<Output = Result<HashMap<String, FileStats>>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: Record> Operations for T {
    type Format = RecordFormat<T>;
    type Items = [T];

    const IS_BLOB: bool = false;

    fn storage(format: &RecordFormat<T>) -> (Arc<dyn Compressor>, String) {
        (format.compression(), format.extension())
    }

    fn encoding(
        formats: &Formats<T>,
        format: &RecordFormat<T>,
        partitioning: Option<&Partitioning<T>>,
    ) -> Encoding {
        Encoding {
            codec: Some(format.name().to_owned()),
            compressor: format.compression().name().to_owned(),
            checksum: formats.context.checksum.map(|checksum| checksum.name().to_owned()),
            evolution: Some(formats.evolution()),
            timestamp: timestamp_of::<T>(),
            partition_keys: partitioning.map(|partitioning| partitioning.keys),
        }
    }

    fn decoder(format: &RecordFormat<T>) -> Decoder<T> {
        Decoder { compression: format.compression(), records: Some(format.decoder()) }
    }

    async fn write_batch(
        staging: &Staging,
        format: &RecordFormat<T>,
        partitioning: Option<Partitioning<T>>,
        records: &[T],
    ) -> Result<Vec<FileRef>> {
        write_records(staging, format, partitioning, records).await
    }

    async fn examine(
        formats: &Formats<T>,
        manifest: &Manifest,
        file: &FileRef,
    ) -> Result<Examined> {
        formats.examine_records(manifest, file).await
    }

    async fn measure_kept(
        formats: &Formats<T>,
        base: &Manifest,
        files: &[FileRef],
    ) -> Result<HashMap<String, FileStats>> {
        measure_kept(formats, base, files).await
    }
}

impl Operations for Blob {
    type Format = BlobFormat;
    type Items = [u8];

    const IS_BLOB: bool = true;

    fn storage(format: &BlobFormat) -> (Arc<dyn Compressor>, String) {
        (format.compression(), format.extension())
    }

    fn encoding(
        formats: &Formats<Self>,
        format: &BlobFormat,
        _: Option<&Partitioning<Self>>,
    ) -> Encoding {
        Encoding {
            compressor: format.compression().name().to_owned(),
            checksum: formats.context.checksum.map(|checksum| checksum.name().to_owned()),
            ..Encoding::default()
        }
    }

    fn decoder(format: &BlobFormat) -> Decoder<Self> {
        Decoder { compression: format.compression(), records: None }
    }

    async fn write_batch(
        staging: &Staging,
        _: &BlobFormat,
        _: Option<Partitioning<Self>>,
        bytes: &[u8],
    ) -> Result<Vec<FileRef>> {
        write_blob(staging, bytes).await
    }

    async fn examine(
        formats: &Formats<Self>,
        manifest: &Manifest,
        file: &FileRef,
    ) -> Result<Examined> {
        formats.examine_bytes(manifest, file).await
    }

    /// Blobs have no partitions.
    async fn measure_kept(
        _: &Formats<Self>,
        _: &Manifest,
        _: &[FileRef],
    ) -> Result<HashMap<String, FileStats>> {
        Ok(HashMap::new())
    }
}
