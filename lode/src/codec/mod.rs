//! How content becomes the bytes of data files, and back.

#[cfg(feature = "bincode")]
mod bincode;
mod content;
mod count;
mod format;
#[cfg(any(feature = "bincode", feature = "postcard"))]
mod framed;
mod jsonl;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
#[cfg(feature = "postcard")]
mod postcard;
mod raw;

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::compress::Compressor;
use crate::error::BoxError;
use crate::record::Record;

#[cfg(feature = "parquet")]
pub use self::parquet::{Parquet, ParquetCompression, ParquetLevel};
#[cfg(feature = "parquet")]
pub use crate::record::columnar::TimeUnit;
#[cfg(feature = "bincode")]
pub use bincode::Bincode;
pub use content::{Auto, Blob, Codec, Content};
pub(crate) use count::RowCounter;
#[doc(hidden)]
pub use format::{BlobFormat, RecordFormat};
pub(crate) use format::{DecodeRecords, Order};
pub use jsonl::Jsonl;
pub(crate) use jsonl::each_line;
#[cfg(feature = "postcard")]
pub use postcard::Postcard;
pub use raw::Raw;

/// A codec for records: implement it to add one of your own.
///
/// ```text
/// records ── encoder ──► chunks of bytes ── compression ──► data file
/// records ◄── decode ── runs of whole records ◄── split ── decompressed bytes
/// ```
pub trait RecordCodec<T: Record>: Clone + Debug + Send + Sync + 'static {
    /// The name that manifests record, such as `jsonl`; it must never change its meaning.
    fn name(&self) -> &str;

    /// What file names end in, with its dot, before the compressor's extension: `.jsonl`.
    fn extension(&self) -> &str;

    /// How files are compressed.
    fn compression(&self) -> Arc<dyn Compressor>;

    /// An encoder for one data file.
    fn encoder(&self) -> Box<dyn RecordEncoder<T>>;

    /// The length of the longest prefix of `bytes` that is made of whole records, or 0 if `bytes`
    /// does not hold one whole record yet. A codec whose files can only be decoded whole returns
    /// 0 always; its files are then limited to
    /// [`Limits::max_record_bytes`](crate::Limits::max_record_bytes) when they are read.
    /// `bytes` begins where a record begins.
    fn split(&self, bytes: &[u8]) -> usize;

    /// Appends the records in `bytes` to `records`. `bytes` is made of whole records, as
    /// [`split`](Self::split) found, or is the rest of the file. Called on several threads.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that are not records; it must not panic, nor allocate by sizes
    /// that the bytes claim.
    fn decode(&self, bytes: &[u8], records: &mut Vec<T>) -> Result<(), DecodeError>;

    /// Whether the stored records say the names of their fields, so that a record type can read
    /// files of another schema, as far as the rules of evolution go. `true` is the default; with
    /// `false`, lode refuses files whose schema is not exactly the record's, before it reads them.
    fn is_self_describing(&self) -> bool {
        true
    }

    /// How many lines there are in `bytes`, which is made of whole records, so that an error can
    /// name the line in the file. `None`, the default, is for codecs without lines: their records
    /// are counted.
    fn lines(&self, bytes: &[u8]) -> Option<u64> {
        let _ = bytes;
        None
    }
}

/// Encodes the records of one data file, one after the other.
///
/// An encoder may hand out bytes with each record, or keep records back to encode many at once, on
/// other threads too. Such a one says how much it holds ([`buffered`](Self::buffered)), lets its
/// caller wait for it ([`poll_ready`](Self::poll_ready)) and ends without blocking a thread
/// ([`poll_finish`](Self::poll_finish)); for others the methods that are provided will do.
///
/// lode calls `push` some thousand times, then `poll_ready` until it is ready, and so on, and at
/// last `poll_finish`. An encoder that is dropped before that is given up.
pub trait RecordEncoder<T>: Send {
    /// Encodes one record, appending what is ready to `output`. After an error the file is given up.
    ///
    /// # Errors
    /// [`EncodeError`] for a record the codec cannot represent.
    fn push(&mut self, record: &T, output: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Appends what is left.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    fn finish(&mut self, output: &mut Vec<u8>) -> Result<(), EncodeError> {
        let _ = output;
        Ok(())
    }

    /// About how many bytes of memory it holds that are not in any output yet. It must grow with
    /// each record that is kept back, by about the bytes of the record, and may shrink only in the
    /// methods below. Called for every record. Default: 0.
    fn buffered(&self) -> usize {
        0
    }

    /// How many bytes there were, before the codec's own compression, of what it has handed out.
    /// Limits on the size of a file are for these too. Default: 0, for codecs that do not compress
    /// by themselves.
    fn uncompressed(&self) -> u64 {
        0
    }

    /// Ready when more records can come: while too much is held back it waits for other threads to
    /// catch up. Appends what is ready to `output`, and does not do the work itself, unless there is
    /// little of it. Default: always ready.
    ///
    /// # Errors
    /// As for [`push`](Self::push), of any record before.
    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Vec<u8>,
    ) -> Poll<Result<(), EncodeError>> {
        let _ = (cx, output);
        Poll::Ready(Ok(()))
    }

    /// As [`finish`](Self::finish), without blocking the thread. Called again until it is ready.
    /// Default: calls `finish`.
    ///
    /// # Errors
    /// As for [`push`](Self::push), of any record before.
    fn poll_finish(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Vec<u8>,
    ) -> Poll<Result<(), EncodeError>> {
        let _ = cx;
        Poll::Ready(self.finish(output))
    }
}

/// A codec whose encoder hands out bytes as records come, so that a stream of any length is written
/// in bounded memory.
#[diagnostic::on_unimplemented(
    message = "the codec `{Self}` cannot encode a stream of `{T}`",
    label = "not a streaming codec",
    note = "collect the records and `write` them, or use a streaming codec such as `Jsonl`"
)]
pub trait StreamingCodec<T: Content>: Codec<T> {}

impl<T: Content> StreamingCodec<T> for Auto {}

impl StreamingCodec<Blob> for Raw {}

/// Why a record cannot be encoded.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode a record")]
pub struct EncodeError {
    /// The field, such as `position.lat`; empty where unknown.
    pub field: String,
    /// What is wrong with it.
    pub source: BoxError,
}

/// Why bytes cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[error("cannot decode the record at line {line}, column {column}")]
pub struct DecodeError {
    /// The line within the bytes given, from 1 (for codecs without lines, the record).
    pub line: u64,
    /// The column in that line, from 1; 0 where unknown.
    pub column: u64,
    /// What is wrong there.
    pub source: BoxError,
}
