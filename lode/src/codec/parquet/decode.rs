//! Row groups into arrays, and arrays into records.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups, RowSelection};
use parquet::basic::Type;
use parquet::column::page::{PageIterator, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::offset_index::PageLocation;

use super::footer::{Footer, FooterError, Projection, TAIL_BYTES, footer_len};
use super::pages::{OneGroup, PageBytes, PageLimits, Pages, check_pages, check_some};
use super::pieces::Pieces;
use crate::codec::DecodeError;
use crate::error::BoxError;
use crate::limits::{Limits, setting};
use crate::record::Record;
use crate::record::columnar::{BatchReader, RowError};

/// The most rows that are decoded at once, …
const BATCH_ROWS: usize = 8 << 10;
/// … fewer if these would have more bytes, by what the row group has on average, …
const BATCH_BYTES: u64 = 4 << 20;
/// … or could have more than this, if all had the longest texts of their dictionaries.
const BATCH_TEXT_BYTES: u64 = 16 << 20;

/// Decodes the rows of one row group, some thousand at a time.
pub(crate) struct Batches {
    /// `None` after an error.
    reader: Option<ParquetRecordBatchReader>,
    rows: usize,
}

impl Batches {
    /// The row group number `group`, which lies in `bytes`; they begin at byte `begin` of the file.
    ///
    /// # Errors
    /// For pages that claim what cannot be, or is above the limits.
    pub(crate) fn open(
        footer: &Arc<Footer>,
        columns: &Projection,
        group: usize,
        begin: u64,
        bytes: Bytes,
        limits: &Limits,
    ) -> std::result::Result<Self, BoxError> {
        let pieces = Pieces::one(begin, bytes);
        let group = Group::new(Arc::clone(footer), group, pieces, HashMap::new());
        let load = check_group(&group, columns, limits)?;
        footer.admit(load.excess, limits)?;
        Self::of_load(group, columns, None, load)
    }

    /// Some rows of a row group, or all. The pages that hold others need not be there, if the
    /// places of pages are known.
    pub(super) fn of_rows(
        group: Group,
        columns: &Projection,
        wanted: Option<&[Range<usize>]>,
        limits: &Limits,
    ) -> std::result::Result<Self, BoxError> {
        let load = check_group(&group, columns, limits)?;
        Self::of_load(group, columns, wanted, load)
    }

    fn of_load(
        group: Group,
        columns: &Projection,
        wanted: Option<&[Range<usize>]>,
        mut load: Load,
    ) -> std::result::Result<Self, BoxError> {
        let all = group.footer.rows_of(group.group);
        let rows = wanted.map_or(all, |wanted| wanted.iter().map(Range::len).sum());
        if load.batch_rows(rows) < rows.min(BATCH_ROWS) {
            guarded(|| load.look_at_texts(&group))?;
        }
        let batch_rows = load.batch_rows(rows);
        let open = || {
            let wanted = wanted
                .map(|wanted| RowSelection::from_consecutive_ranges(wanted.iter().cloned(), all));
            let levels = &columns.levels;
            ParquetRecordBatchReader::try_new_with_row_groups(levels, &group, batch_rows, wanted)
        };
        Ok(Self { reader: Some(guarded(open)?), rows })
    }

    /// How many rows are still to be decoded.
    pub(super) fn rows(&self) -> u64 {
        self.rows as u64
    }

    /// The next rows; none at the end.
    ///
    /// # Errors
    /// For pages that cannot be decoded.
    pub(crate) fn next(&mut self) -> std::result::Result<Option<RecordBatch>, BoxError> {
        let Some(mut reader) = self.reader.take() else { return Ok(None) };
        let batch = guarded(|| reader.next().transpose().map_err(ParquetError::from))?;
        let Some(batch) = batch else {
            return match self.rows {
                0 => Ok(None),
                rows => Err(format!("the row group ends {rows} rows too soon").into()),
            };
        };
        self.rows = self
            .rows
            .checked_sub(batch.num_rows())
            .ok_or("the row group has more rows than the footer claims")?;
        self.reader = Some(reader);
        Ok(Some(batch))
    }
}

/// What `decode` gives. The crate `parquet` panics on some pages that are damaged.
fn guarded<R>(decode: impl FnOnce() -> Result<R>) -> std::result::Result<R, BoxError> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => Ok(decoded?),
        Err(_) => Err("a page cannot be decoded".into()),
    }
}

/// What rows take when they are decoded.
#[derive(Debug, Default)]
struct Load {
    /// The bytes of all pages that are there.
    pages: u64,
    /// How many more that is than the footer claims of their columns.
    excess: u64,
    /// What a row takes of values that have a width of their own, even if they are null.
    row: u64,
    /// Of columns of texts that take less in the file than in memory.
    texts: Vec<Texts>,
}

#[derive(Debug)]
struct Texts {
    leaf: usize,
    /// No value of the dictionary has more bytes, …
    longest: u64,
    /// … and none that is stored without what it begins with.
    prefixed: u64,
    /// How many values a row has.
    values: u64,
}

impl Load {
    /// How many of so many rows are decoded at once.
    fn batch_rows(&self, rows: usize) -> usize {
        let row = (self.pages / rows.max(1) as u64).saturating_add(self.row);
        let texts = self.texts.iter();
        let texts = texts.map(|it| it.longest.max(it.prefixed).saturating_mul(it.values));
        let all = texts.fold(row, u64::saturating_add);
        let rows = (BATCH_BYTES / row.max(1)).min(BATCH_TEXT_BYTES / all.max(1));
        usize::try_from(rows).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS)
    }

    /// Looks how long texts really are: in dictionaries, and in pages of the one encoding that shortens
    /// them, which are decompressed twice then.
    fn look_at_texts(&mut self, group: &Group) -> Result<()> {
        for texts in &mut self.texts {
            if texts.longest > 0 {
                let mut pages = group.open(texts.leaf)?;
                texts.longest = pages.longest_text()?;
                group.opened.borrow_mut().insert(texts.leaf, pages);
            }
            if texts.prefixed > 0
                && let Some(longest) = group.open(texts.leaf)?.longest_prefixed()
            {
                texts.prefixed = texts.prefixed.min(longest);
            }
        }
        Ok(())
    }
}

/// Checks the pages of a row group.
fn check_group(
    group: &Group,
    columns: &Projection,
    limits: &Limits,
) -> std::result::Result<Load, FooterError> {
    let Some(found) = group.metadata() else {
        return Err(FooterError::new("there is no such row group"));
    };
    let rows = group.footer.rows_of(group.group);
    let limits = PageLimits::new(limits, rows);
    let mut load = Load::default();
    let wanted = columns.leaves.iter().enumerate().filter(|(_, wanted)| **wanted);
    let rows = rows.max(1) as u64;
    for (leaf, _) in wanted {
        let Some(column) = found.columns().get(leaf) else { continue };
        let in_column = |e: FooterError| {
            let name = column.column_path().string();
            e.within(&format!("row group {}, column `{name}`", group.group))
        };
        let pages = match group.pages.get(&leaf) {
            Some(pages) => check_some(&group.pieces, column, pages, group.num_rows(), limits),
            None => {
                let (start, len) = column.byte_range();
                let chunk = group.pieces.slice(start, len);
                let chunk = chunk.ok_or_else(|| in_column(FooterError::new("it is not there")))?;
                check_pages(&chunk, column, limits)
            }
        };
        // Levels of nested values take next to nothing in the file.
        let values = u64::try_from(column.num_values()).unwrap_or(u64::MAX);
        let bytes = pages.map_err(in_column)?;
        let excess = bytes.all.saturating_sub(column.uncompressed_size().unsigned_abs());
        load.excess = load.excess.saturating_add(excess);
        load.pages = load.pages.saturating_add(bytes.all).saturating_add(values);
        if values > limits.group {
            return Err(FooterError::TooLarge {
                what: "a column of a row group",
                limit: limits.group,
                setting: limits.group_setting,
            });
        }
        let in_row = values.div_ceil(rows);
        load.row = load.row.saturating_add(width(column).saturating_mul(in_row));
        let PageBytes { dictionary: longest, prefixed, .. } = bytes;
        if column.column_type() == Type::BYTE_ARRAY && longest.max(prefixed) > 0 {
            load.texts.push(Texts { leaf, longest, prefixed, values: in_row });
        }
        if load.row > limits.record {
            return Err(FooterError::TooLarge {
                what: "a row of its columns",
                limit: limits.record,
                setting: setting::RECORD,
            });
        }
    }
    Ok(load)
}

/// The bytes of each value of a column, if all have as many: room is made for them before one is seen.
fn width(column: &ColumnChunkMetaData) -> u64 {
    match column.column_type() {
        Type::FIXED_LEN_BYTE_ARRAY => {
            u64::try_from(column.column_descr().type_length()).unwrap_or(u64::MAX)
        }
        _ => 0,
    }
}

/// The columns of one row group, as the crate `parquet` asks for them.
pub(super) struct Group {
    footer: Arc<Footer>,
    group: usize,
    pieces: Pieces,
    /// The places of the pages of those leaves of which not all pages are there.
    pages: HashMap<usize, Vec<PageLocation>>,
    /// Columns of which the dictionary was looked at already.
    opened: RefCell<HashMap<usize, Pages>>,
}

impl Group {
    pub(super) fn new(
        footer: Arc<Footer>,
        group: usize,
        pieces: Pieces,
        pages: HashMap<usize, Vec<PageLocation>>,
    ) -> Self {
        Self { footer, group, pieces, pages, opened: RefCell::default() }
    }

    fn open(&self, leaf: usize) -> Result<Pages> {
        let column = self.metadata().and_then(|group| group.columns().get(leaf));
        let column = column
            .ok_or_else(|| ParquetError::General(format!("there is no column number {leaf}")))?;
        let places = self.pages.get(&leaf).cloned();
        Pages::new(self.pieces.clone(), column, self.num_rows(), places)
    }

    fn metadata(&self) -> Option<&RowGroupMetaData> {
        self.footer.metadata.row_groups().get(self.group)
    }
}

impl RowGroups for Group {
    fn num_rows(&self) -> usize {
        self.footer.rows_of(self.group)
    }

    fn column_chunks(&self, at: usize) -> Result<Box<dyn PageIterator>> {
        let opened = self.opened.borrow_mut().remove(&at);
        let pages = opened.map_or_else(|| self.open(at), Ok)?;
        let pages: Box<dyn PageReader> = Box::new(pages);
        Ok(Box::new(OneGroup(Some(Ok(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata().into_iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.footer.metadata
    }
}

/// Some rows that are to become records.
pub(crate) struct Rows<T: Record> {
    reader: BatchReader<T>,
    range: Range<usize>,
}

impl<T: Record> Rows<T> {
    /// All rows of a batch.
    ///
    /// # Errors
    /// For a column that is missing or of another type.
    pub(crate) fn open(batch: &RecordBatch) -> std::result::Result<Self, BoxError> {
        Ok(Self { reader: BatchReader::open(batch)?, range: 0..batch.num_rows() })
    }

    /// The records.
    ///
    /// # Errors
    /// For a row that is none: its number, from 1.
    pub(crate) fn read(self) -> std::result::Result<Vec<T>, DecodeError> {
        let mut records = Vec::new();
        self.read_to(&mut records)?;
        Ok(records)
    }

    /// Appends the records, up to the first that is none.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub(crate) fn read_to(self, records: &mut Vec<T>) -> std::result::Result<(), DecodeError> {
        self.reader.read(self.range, records).map_err(decode_error)
    }

    /// The records in those rows for whose numbers, from 0, this is true.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub(crate) fn read_these(
        self,
        is_wanted: impl Fn(usize) -> bool,
    ) -> std::result::Result<Vec<T>, DecodeError> {
        let mut records = Vec::new();
        for row in self.range.filter(|&row| is_wanted(row)) {
            self.reader.read(row..row + 1, &mut records).map_err(decode_error)?;
        }
        Ok(records)
    }
}

fn decode_error(RowError { row, field, source }: RowError) -> DecodeError {
    let source = match field.is_empty() {
        true => source,
        false => format!("field `{field}`: {source}").into(),
    };
    DecodeError { line: row as u64 + 1, column: 0, source }
}

/// Appends the records of a whole file.
pub(crate) fn decode_file<T: Record>(
    file: Bytes,
    limits: &Limits,
    records: &mut Vec<T>,
) -> std::result::Result<(), DecodeError> {
    let before = records.len();
    let at = |records: &Vec<T>, source: BoxError| {
        let line = (records.len() - before) as u64 + 1;
        DecodeError { line, column: 0, source }
    };
    let footer = footer_of(&file).map_err(|e| at(records, e.into()))?;
    let columns = footer.columns_of_records::<T>().map_err(|e| at(records, e.into()))?;
    let footer = Arc::new(footer);
    for group in 0..footer.groups() {
        let opened = Batches::open(&footer, &columns, group, 0, file.clone(), limits);
        let mut batches = opened.map_err(|e| at(records, e))?;
        while let Some(batch) = batches.next().map_err(|e| at(records, e))? {
            let rows = Rows::<T>::open(&batch).map_err(|e| at(records, e))?;
            let base = (records.len() - before) as u64;
            let read = rows.read_to(records);
            read.map_err(|e| DecodeError { line: base + e.line, ..e })?;
        }
    }
    Ok(())
}

/// The footer of a file that is in memory.
pub(crate) fn footer_of(file: &[u8]) -> std::result::Result<Footer, FooterError> {
    let size = file.len() as u64;
    let tail = file.len().checked_sub(TAIL_BYTES as usize);
    let (front, tail) = file.split_at(tail.unwrap_or(0));
    let len = footer_len(tail, size)?;
    let begin = usize::try_from(len).ok().and_then(|len| front.len().checked_sub(len));
    let footer = begin.and_then(|begin| front.get(begin..));
    Footer::read(footer.unwrap_or_default(), size)
}
