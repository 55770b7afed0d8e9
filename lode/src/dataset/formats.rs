//! Reading follows the manifest: which decoder, decompressor and checksum a file needs.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "parquet")]
use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::context::Context;
use super::evolution::Evolution;
use crate::checksum::Checksum;
#[cfg(feature = "parquet")]
use crate::codec::DecodeError;
#[cfg(feature = "parquet")]
use crate::codec::parquet::Rows;
use crate::codec::{DecodeRecords, Jsonl, RecordCodec};
use crate::commit::Entry;
use crate::compress::{self, Compressor};
#[cfg(feature = "parquet")]
use crate::data::Surveyed;
use crate::data::{self, FileToRead};
use crate::error::{Error, Result};
use crate::id::{DatasetId, SnapshotId};
use crate::manifest::{FileRef, Manifest};
#[cfg(feature = "parquet")]
use crate::predicate::Expr;
use crate::progress::Meter;
use crate::record::Record;

/// A codec that a handle knows for reading, beside lode's own.
#[doc(hidden)]
#[derive(Debug)]
pub struct Decoder<T> {
    pub(crate) compression: Arc<dyn Compressor>,
    /// `None` for blobs.
    pub(crate) records: Option<Arc<dyn DecodeRecords<T>>>,
}

impl<T> Clone for Decoder<T> {
    fn clone(&self) -> Self {
        Self { compression: Arc::clone(&self.compression), records: self.records.clone() }
    }
}

/// Those of lode's own codecs that store no names of fields, whether their features are enabled or
/// not.
const EXACT: [&str; 2] = ["bincode", "postcard"];

/// What a handle can read, for one operation.
#[derive(Debug)]
pub struct Formats<T> {
    pub(super) context: Context,
    pub(super) meter: Meter,
    known: Arc<[Decoder<T>]>,
    /// The names of codecs that store no names of fields.
    exact: Arc<[String]>,
}

impl<T> Clone for Formats<T> {
    fn clone(&self) -> Self {
        Self {
            context: self.context.clone(),
            meter: self.meter.clone(),
            known: Arc::clone(&self.known),
            exact: Arc::clone(&self.exact),
        }
    }
}

impl<T> Formats<T> {
    pub(super) fn dataset(&self) -> &DatasetId {
        &self.context.history.of.dataset
    }
}

impl<T: 'static> Formats<T> {
    pub(super) fn new(context: &Context, known: Arc<[Decoder<T>]>) -> Self {
        let codecs = || known.iter().filter_map(|known| known.records.as_ref());
        let own = EXACT.into_iter().filter(|name| codecs().all(|known| known.name() != *name));
        let exact = codecs().filter(|known| !known.is_self_describing()).map(|known| known.name());
        let exact = exact.chain(own).map(str::to_owned).collect();
        Self { context: context.clone(), meter: context.meter(), known, exact }
    }

    /// The file's stored bytes, with what is needed to check and decompress them.
    fn file(&self, manifest: &Manifest, file: &FileRef) -> Result<FileToRead> {
        let checksum = match file.checksum_in(manifest) {
            Some((algorithm, checksum)) => {
                Some((Checksum::by_name(algorithm)?, checksum.to_owned()))
            }
            None => None,
        };
        Ok(FileToRead {
            key: file.path.clone(),
            size_bytes: file.size_bytes,
            checksum,
            compressor: self.compressor(file.compressor_in(manifest))?,
            limits: self.context.limits.clone(),
            meter: self.meter.clone(),
        })
    }

    pub(super) fn compressor(&self, name: &str) -> Result<Arc<dyn Compressor>> {
        let known = self.known.iter().map(|known| &known.compression);
        match known.into_iter().find(|known| known.name() == name) {
            Some(known) => Ok(Arc::clone(known)),
            None => compress::by_name(name),
        }
    }

    /// The bytes of a blob, decompressed and verified.
    pub(super) async fn read_all(&self, manifest: &Manifest, file: &FileRef) -> Result<Bytes> {
        match data::read_all(&self.context.history.store, self.file(manifest, file)?).await {
            Ok(bytes) => Ok(bytes),
            Err(e) => Err(explain_missing(&self.context, manifest.snapshot_id, e).await),
        }
    }

    /// The bytes of a blob as they come; whether they were right is said at the end.
    pub(super) fn bytes(
        &self,
        manifest: &Manifest,
        file: &FileRef,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let bytes = data::bytes(&self.context.history.store, self.file(manifest, file)?);
        let (context, id) = (self.context.clone(), manifest.snapshot_id);
        let explain = move |e| {
            let context = context.clone();
            async move { Err(explain_missing(&context, id, e).await) }
        };
        Ok(bytes.or_else(explain).boxed())
    }
}

impl<T: Record> Formats<T> {
    /// What decides which files can be read.
    pub(super) fn evolution(&self) -> Evolution {
        Evolution { record: T::SCHEMA, exact: Arc::clone(&self.exact) }
    }

    /// Makes sure, before the first of these files is read, that all can be: their codecs are known,
    /// and their records are of a schema that `T` reads.
    pub(super) fn check(&self, manifest: &Manifest, files: &[FileRef]) -> Result<()> {
        let mut last = None;
        for codec in files.iter().map(|file| file.codec_in(manifest).unwrap_or_default()) {
            if last.replace(codec) != Some(codec) {
                self.codec(codec)?;
            }
        }
        self.evolution().check(manifest, files)
    }

    /// The records of one file, in order, a chunk at a time. Whether the file was right, in its
    /// checksum and its number of records, is said at the end.
    pub(super) fn records(
        &self,
        manifest: &Manifest,
        file: &FileRef,
    ) -> Result<BoxStream<'static, Result<Vec<T>>>> {
        let codec = self.codec_of(manifest, file)?;
        self.evolution().check(manifest, [file])?;
        self.decoded(manifest, file, Wanted { codec, rows: None })
    }

    /// All records of one file, which was right.
    pub(super) fn all_records(
        &self,
        manifest: &Manifest,
        file: &FileRef,
    ) -> BoxFuture<'static, Result<Vec<T>>> {
        #[cfg(feature = "parquet")]
        if self.codec_of(manifest, file).is_ok_and(|codec| codec.is_parquet()) {
            return self.all_columns(manifest, file);
        }
        all_chunks(self.records(manifest, file)).boxed()
    }

    #[cfg(feature = "parquet")]
    fn all_columns(
        &self,
        manifest: &Manifest,
        file: &FileRef,
    ) -> BoxFuture<'static, Result<Vec<T>>> {
        let snapshot = manifest.snapshot_id;
        let checked = self.evolution().check(manifest, [file]);
        let to_read = checked.and_then(|()| self.file(manifest, file));
        let (context, rows) = (self.context.clone(), file.rows());
        let collected = async move {
            let columns = data::Columns { file: to_read?, snapshot, rows };
            match data::collect_columns(&context.history.store, columns).await {
                Ok(records) => Ok(records),
                Err(e) => Err(explain_missing(&context, snapshot, e).await),
            }
        };
        collected.boxed()
    }

    /// As [`records`](Self::records), with a decoder that may leave some out. Whether it can read
    /// the file's schema is for the caller to know.
    pub(super) fn decoded<S: Record>(
        &self,
        manifest: &Manifest,
        file: &FileRef,
        wanted: Wanted<S>,
    ) -> Result<BoxStream<'static, Result<Vec<S>>>> {
        let chunks = self.chunks(manifest, file, wanted.codec)?;
        Ok(self.counted(manifest, file, chunks, wanted.rows))
    }

    /// The same chunks, with the number of records checked at the end: these, or what `rows` says
    /// then.
    fn counted<S: Send + 'static>(
        &self,
        manifest: &Manifest,
        file: &FileRef,
        chunks: BoxStream<'static, Result<Vec<S>>>,
        rows: Option<Arc<AtomicU64>>,
    ) -> BoxStream<'static, Result<Vec<S>>> {
        let path = file.path.clone();
        let counted = Counted { chunks, path, expected: file.rows(), returned: 0, rows };
        let state = (counted, self.context.clone(), manifest.snapshot_id);
        let stream = futures::stream::try_unfold(state, |mut state| async move {
            match state.0.next().await {
                Ok(Some(chunk)) => Ok(Some((chunk, state))),
                Ok(None) => Ok(None),
                Err(e) => Err(explain_missing(&state.1, state.2, e).await),
            }
        });
        stream.boxed()
    }

    fn chunks<S: Record>(
        &self,
        manifest: &Manifest,
        file: &FileRef,
        codec: Arc<dyn DecodeRecords<S>>,
    ) -> Result<BoxStream<'static, Result<Vec<S>>>> {
        let to_read = self.file(manifest, file)?;
        let (store, snapshot) = (&self.context.history.store, manifest.snapshot_id);
        #[cfg(feature = "parquet")]
        if codec.is_parquet() {
            let columns = data::Columns { file: to_read, snapshot, rows: file.rows() };
            return Ok(data::columns(store, columns));
        }
        Ok(data::records(store, to_read, codec, snapshot))
    }

    /// The records of a Parquet file that pass as records `T`, made of the same columns; all columns
    /// of both are decoded.
    #[cfg(feature = "parquet")]
    pub(super) fn tested<S: Record>(
        &self,
        manifest: &Manifest,
        file: &FileRef,
        filter: Arc<Expr>,
    ) -> Result<BoxStream<'static, Result<Vec<S>>>> {
        let snapshot = manifest.snapshot_id;
        let columns =
            data::Columns { file: self.file(manifest, file)?, snapshot, rows: file.rows() };
        let rows = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&rows);
        let make = move |batch: &RecordBatch| {
            let records: Vec<T> = data::build(batch)?;
            counter.fetch_add(records.len() as u64, Ordering::Relaxed);
            let passes =
                |row: usize| records.get(row).is_some_and(|it| filter.eval(&it) == Some(true));
            let opened = Rows::<S>::open(batch);
            opened.map_err(|source| DecodeError { line: 1, column: 0, source })?.read_these(passes)
        };
        let store = &self.context.history.store;
        let wanted = data::columns_of_both::<T, S>;
        let chunks = data::made_of_columns(store, columns, wanted, Arc::new(make));
        Ok(self.counted(manifest, file, chunks, Some(rows)))
    }

    /// The records of a Parquet file that pass, as records with a part of the fields; what
    /// `otherwise` gives if it takes whole records to tell which do.
    #[cfg(feature = "parquet")]
    pub(super) fn scanned<S: Record>(
        &self,
        manifest: &Manifest,
        file: &FileRef,
        filter: Option<Arc<Expr>>,
        taken: Taken,
        otherwise: impl FnOnce() -> Result<BoxStream<'static, Result<Vec<S>>>> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<Vec<S>>>> {
        let columns = data::columns_of_records::<S>;
        let read = match taken {
            Taken::AsTheyCome => Surveyed::records::<S>,
            Taken::AtOnce => Surveyed::all::<S>,
        };
        self.surveyed(manifest, file, filter, columns, read, otherwise)
    }

    /// As [`scanned`](Self::scanned), whatever is made of it.
    #[cfg(feature = "parquet")]
    pub(super) fn surveyed<V: Send + 'static>(
        &self,
        manifest: &Manifest,
        file: &FileRef,
        filter: Option<Arc<Expr>>,
        columns: data::ColumnsOf,
        read: fn(Surveyed) -> BoxStream<'static, Result<V>>,
        otherwise: impl FnOnce() -> Result<BoxStream<'static, Result<V>>> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<V>>> {
        let snapshot = manifest.snapshot_id;
        let to_read = self.file(manifest, file)?;
        let scan = data::ColumnScan { file: to_read, snapshot, rows: file.rows(), filter, columns };
        let context = self.context.clone();
        let opened = async move {
            match scan.open(&context.history.store).await {
                Ok(Some(surveyed)) => {
                    let explain = move |e| {
                        let context = context.clone();
                        async move { Err(explain_missing(&context, snapshot, e).await) }
                    };
                    read(surveyed).or_else(explain).boxed()
                }
                Ok(None) => otherwise().unwrap_or_else(failed),
                Err(e) => failed(explain_missing(&context, snapshot, e).await),
            }
        };
        Ok(futures::stream::once(opened).flatten().boxed())
    }

    /// What decodes a file.
    pub(super) fn codec_of(
        &self,
        manifest: &Manifest,
        file: &FileRef,
    ) -> Result<Arc<dyn DecodeRecords<T>>> {
        self.codec(file.codec_in(manifest).unwrap_or_default())
    }

    fn codec(&self, name: &str) -> Result<Arc<dyn DecodeRecords<T>>> {
        let known = self.known.iter().filter_map(|known| known.records.as_ref());
        if let Some(known) = known.into_iter().find(|known| known.name() == name) {
            return Ok(Arc::clone(known));
        }
        let jsonl = Jsonl::new();
        if RecordCodec::<T>::name(&jsonl) == name {
            return Ok(Arc::new(jsonl));
        }
        #[cfg(feature = "parquet")]
        if name == "parquet" {
            return Ok(Arc::new(crate::codec::Parquet::new()));
        }
        #[cfg(feature = "bincode")]
        if name == "bincode" {
            return Ok(Arc::new(crate::codec::Bincode::new()));
        }
        #[cfg(feature = "postcard")]
        if name == "postcard" {
            return Ok(Arc::new(crate::codec::Postcard::new()));
        }
        let feature = EXACT.into_iter().chain(["parquet"]).find(|own| *own == name);
        Err(Error::CodecUnavailable { codec: name.to_owned(), feature })
    }
}

/// How records are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Chunk by chunk, in bounded memory.
    AsTheyCome,
    /// All that there are: the chunks can be of any size.
    AtOnce,
}

/// The records of these chunks.
pub(super) async fn all_chunks<T>(
    chunks: Result<BoxStream<'static, Result<Vec<T>>>>,
) -> Result<Vec<T>> {
    let mut chunks = chunks?;
    let mut records = Vec::new();
    while let Some(mut chunk) = chunks.try_next().await? {
        match records.is_empty() {
            true => records = chunk,
            false => records.append(&mut chunk),
        }
    }
    Ok(records)
}

/// How a file's records are to be decoded.
pub(super) struct Wanted<S> {
    pub(super) codec: Arc<dyn DecodeRecords<S>>,
    /// Where the decoder counts all records, if it leaves some out.
    pub(super) rows: Option<Arc<AtomicU64>>,
}

#[cfg(feature = "parquet")]
fn failed<V: Send + 'static>(error: Error) -> BoxStream<'static, Result<V>> {
    futures::stream::once(futures::future::err(error)).boxed()
}

/// The chunks of a file, counted.
struct Counted<T> {
    chunks: BoxStream<'static, Result<Vec<T>>>,
    path: String,
    expected: Option<u64>,
    returned: u64,
    rows: Option<Arc<AtomicU64>>,
}

impl<T> Counted<T> {
    async fn next(&mut self) -> Result<Option<Vec<T>>> {
        if let Some(chunk) = self.chunks.try_next().await? {
            self.returned += chunk.len() as u64;
            return Ok(Some(chunk));
        }
        let rows = self.rows.as_ref().map_or(self.returned, |rows| rows.load(Ordering::Relaxed));
        if let Some(expected) = self.expected.filter(|expected| *expected != rows) {
            let reason = format!("it holds {rows} records, not {expected}");
            return Err(Error::corrupt(self.path.as_str(), reason));
        }
        Ok(None)
    }
}

/// A data object that is missing has either expired with its snapshot, or is lost: the manifest,
/// read again, tells.
pub(super) async fn explain_missing(context: &Context, id: SnapshotId, error: Error) -> Error {
    let Error::Storage { source: object_store::Error::NotFound { .. }, path, .. } = &error else {
        return error;
    };
    match context.history.load(id).await {
        Ok(Some(Entry::Expired(_))) => context.history.expired(id),
        // It cannot be told now.
        Err(unreachable @ Error::Storage { .. }) => unreachable,
        _ => Error::corrupt(path.as_str(), "it is missing"),
    }
}
