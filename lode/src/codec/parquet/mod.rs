//! Parquet: records as columns.
//!
//! ```text
//! write:  records ─► arrays of some thousand rows (encoder.rs, on the caller's task)
//!                      └─► columns encoded and compressed by jobs, several at once (group.rs)
//!                            └─► row group ─► bytes ─► … ─► footer (output.rs)
//! read:   footer, checked (footer.rs) ─► row group, its pages checked (pages.rs)
//!                      └─► arrays of some thousand rows (decode.rs) ─► records
//! ```

mod compression;
mod decode;
mod delta;
mod encoder;
mod footer;
mod group;
mod header;
mod jobs;
mod output;
mod pages;
mod pieces;
mod properties;
mod scan;
mod schema;
mod sort;
mod thrift;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codec::{DecodeError, RecordCodec, RecordEncoder, StreamingCodec};
use crate::compress::{Compressor, Noop};
use crate::limits::Limits;
use crate::record::Record;
use crate::record::columnar::{ColumnOptions, TimeUnit};
use crate::record::stats::Promise;

pub use compression::{ParquetCompression, ParquetLevel};
pub(crate) use decode::{Batches, Rows, footer_of};
pub(crate) use footer::{Footer, FooterError, Projection, TAIL_BYTES, footer_len};
pub(crate) use pieces::Pieces;
pub(crate) use scan::{Filter, Selected, SelectedBatches, Step, Survey};

use decode::decode_file;

use encoder::Encoder;

/// Parquet files: columns that other tools read too, and of which a scan reads only what it needs.
///
/// The columns are those of the record's schema, by name; nested records, lists, maps and options
/// keep their shape. Files have statistics and an index of their pages, and Bloom filters for
/// `#[lode(bloom)]` fields, by which scans leave out what they do not need; the fingerprint of the
/// schema stands in the footer as `lode.schema`, the schema itself as `lode.schema.json`.
///
/// Files of other writers are read too, of every compression but brotli, LZO, and the frames of LZ4 that
/// some early writers made.
///
/// # Order
/// Where a record has `#[lode(sort)]` fields, each batch that is written is sorted by them (nulls
/// first, records that are equal in them keep their order), so that its files are ranges of the
/// sorted records; of a stream, each row group is sorted by itself. The files say so
/// (`sorting_columns`). Records are read back in that order.
///
/// # Memory
/// Writing holds the row group being filled, compressed (and its records as arrays, where a stream
/// has to be sorted), for each open file, and up to some 25 MiB of arrays that wait or are being
/// compressed. A row group ends at [`row_group_rows`](Self::row_group_rows)
/// or at 64 MiB of arrays, whichever comes first. Reading holds about two row groups as they are
/// stored, and some thousand decoded rows for each core.
///
/// ```
/// use lode::codec::{Parquet, ParquetCompression};
///
/// let codec = Parquet::new().compression(ParquetCompression::Snappy).row_group_rows(50_000);
/// ```
#[derive(Debug, Clone)]
pub struct Parquet {
    settings: Arc<Settings>,
}

#[derive(Debug, Clone)]
struct Settings {
    compression: ParquetCompression,
    row_group_rows: usize,
    page_rows: usize,
    unit: TimeUnit,
    /// By the path of the column.
    dictionary: BTreeMap<String, bool>,
}

impl Settings {
    fn columns(&self) -> ColumnOptions {
        ColumnOptions { unit: self.unit }
    }
}

/// How many rows a row group has, unless it is said.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// How many rows a page has at most, unless it is said.
const PAGE_ROWS: usize = 8 << 10;

impl Parquet {
    /// Parquet with its pages compressed by zstd of level 1.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings {
            compression: ParquetCompression::default(),
            row_group_rows: ROW_GROUP_ROWS,
            page_rows: PAGE_ROWS,
            unit: TimeUnit::default(),
            dictionary: BTreeMap::new(),
        };
        Self { settings: Arc::new(settings) }
    }

    /// Compresses pages otherwise.
    #[must_use]
    pub fn compression(self, compression: ParquetCompression) -> Self {
        self.with(|settings| settings.compression = compression)
    }

    /// The most rows of a row group (at least 1): the unit of memory in writing and reading.
    /// Default: 131,072.
    #[must_use]
    pub fn row_group_rows(self, rows: usize) -> Self {
        self.with(|settings| settings.row_group_rows = rows.max(1))
    }

    /// The most rows of a page (at least 1): the least that a scan reads of a column. Default:
    /// 8,192. A page also ends at about a mebibyte.
    #[must_use]
    pub fn page_rows(self, rows: usize) -> Self {
        self.with(|settings| settings.page_rows = rows.max(1))
    }

    /// What times are counted in. Default: nanoseconds, which hold times from 1677 to 2262; a time
    /// that the unit cannot hold exactly is refused with its field's name.
    #[must_use]
    pub fn timestamps(self, unit: TimeUnit) -> Self {
        self.with(|settings| settings.unit = unit)
    }

    /// Whether the values of a column are written as a dictionary while it is small. Default: yes,
    /// for every column. The column is named by its path, such as `position.lat`; to name one that
    /// the record has not is an [`Error::Encode`](crate::Error::Encode) of the first record.
    #[must_use]
    pub fn dictionary(self, column: impl Into<String>, enabled: bool) -> Self {
        self.with(|settings| {
            settings.dictionary.insert(column.into(), enabled);
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// An encoder of records, which may come in their order already. When it has finished, it keeps
    /// the promise of the columns' statistics.
    pub(crate) fn encoder_with<T: Record>(
        &self,
        is_sorted: bool,
        statistics: Option<Promise>,
    ) -> Box<dyn RecordEncoder<T>> {
        let is_ordered = is_sorted || T::SORT.is_empty();
        Box::new(Encoder::new(&self.settings, is_ordered, statistics))
    }
}

impl Default for Parquet {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Record> RecordCodec<T> for Parquet {
    fn name(&self) -> &str {
        NAME
    }

    fn extension(&self) -> &str {
        ".parquet"
    }

    fn compression(&self) -> Arc<dyn Compressor> {
        Arc::new(Noop)
    }

    fn encoder(&self) -> Box<dyn RecordEncoder<T>> {
        self.encoder_with(false, None)
    }

    /// A file is decoded whole: its footer comes last. [`Dataset`](crate::Dataset) reads it a row
    /// group at a time.
    fn split(&self, _: &[u8]) -> usize {
        0
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<T>) -> Result<(), DecodeError> {
        decode_file(bytes::Bytes::copy_from_slice(bytes), &Limits::default(), records)
    }
}

impl<T: Record> StreamingCodec<T> for Parquet {}

/// The codec's name in manifests.
pub(crate) const NAME: &str = "parquet";
