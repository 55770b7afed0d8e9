//! The footer, whose claims are checked before anything is allocated or read by them.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_schema::{DataType, FieldRef, Fields};
use parquet::arrow::{
    FieldLevels, ProjectionMask, parquet_to_arrow_field_levels, parquet_to_arrow_schema,
};
use parquet::basic::{ConvertedType, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::schema::types::SchemaDescriptor;

use super::scan::Filter;
use super::schema;
use crate::limits::{Limits, setting};
use crate::record::{FieldSchema, Record};

/// What a file ends in: the length of the footer, and a magic number.
pub(crate) const TAIL_BYTES: u64 = 8;

const MAGIC: &[u8] = b"PAR1";

/// The longest footer that is read.
const MAX_FOOTER: u64 = 64 << 20;

/// Why a footer, or something that it claims, cannot be right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FooterError {
    /// It contradicts itself, or the file.
    #[error("{0}")]
    Invalid(String),
    /// It asks for more than a limit allows.
    #[error("{what} exceeds the limit of {limit} bytes")]
    TooLarge {
        /// What does.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The field of `Limits` that sets it.
        setting: &'static str,
    },
}

impl FooterError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into())
    }

    /// Of the place that is named.
    pub(super) fn within(self, place: &str) -> Self {
        match self {
            Self::Invalid(reason) => Self::Invalid(format!("{place}: {reason}")),
            limit @ Self::TooLarge { .. } => limit,
        }
    }
}

/// What is known of a file.
#[derive(Debug)]
pub(crate) struct Footer {
    pub(super) metadata: ParquetMetaData,
    /// All columns, as arrow sees them.
    pub(super) fields: Fields,
    groups: Vec<Range<u64>>,
    /// Where the footer begins.
    begin: u64,
    /// How many bytes the pages that were read have more than is claimed of them.
    excess: AtomicU64,
}

/// Some of a file's columns.
#[derive(Debug)]
pub(crate) struct Projection {
    pub(super) levels: FieldLevels,
    /// For each leaf whether it is one of them.
    pub(super) leaves: Vec<bool>,
}

/// The length of the footer of a file of `size` bytes that ends in `tail`, [`TAIL_BYTES`] long.
///
/// # Errors
/// If this is no Parquet file, or an encrypted one.
pub(crate) fn footer_len(tail: &[u8], size: u64) -> Result<u64, FooterError> {
    let (Some(length), Some(magic)) = (tail.first_chunk::<4>(), tail.get(4..8)) else {
        return Err(FooterError::new("it is too short for a Parquet file"));
    };
    if magic == b"PARE" {
        return Err(FooterError::new("it is encrypted"));
    }
    if magic != MAGIC {
        return Err(FooterError::new("it does not end as a Parquet file does"));
    }
    let length = u64::from(u32::from_le_bytes(*length));
    if length > MAX_FOOTER {
        return Err(FooterError::new(format!("its footer has {length} bytes, above {MAX_FOOTER}")));
    }
    // The magic number comes first, too.
    match length + TAIL_BYTES + MAGIC.len() as u64 > size {
        true => Err(FooterError::new(format!("its footer claims {length} bytes"))),
        false => Ok(length),
    }
}

impl Footer {
    /// The footer in `bytes`, of a file of `size` bytes that ends in it.
    ///
    /// # Errors
    /// For a footer that cannot be read, or claims what cannot be.
    pub(crate) fn read(bytes: &[u8], size: u64) -> Result<Self, FooterError> {
        schema::check(bytes).map_err(FooterError::Invalid)?;
        let begin = size.saturating_sub(bytes.len() as u64 + TAIL_BYTES);
        let decode = || {
            let metadata = ParquetMetaDataReader::decode_metadata(bytes)?;
            let schema = metadata.file_metadata().schema_descr();
            // The schema that arrow adds to files is not looked at.
            let fields = parquet_to_arrow_schema(schema, None)?.fields;
            Ok::<_, ParquetError>((metadata, fields))
        };
        // Its decoder has been seen to panic for footers that are damaged.
        let (metadata, fields) = catch_unwind(AssertUnwindSafe(decode))
            .map_err(|_| FooterError::new("its footer cannot be decoded"))?
            .map_err(|error| FooterError::new(format!("its footer cannot be decoded: {error}")))?;
        let metadata = without_empty_groups(metadata);
        let mut rows = 0_u64;
        let mut groups = Vec::with_capacity(metadata.num_row_groups());
        for (at, group) in metadata.row_groups().iter().enumerate() {
            let checked = check_group(group, begin);
            groups.push(checked.map_err(|e| e.within(&format!("row group {at}")))?);
            rows = rows.saturating_add(u64::try_from(group.num_rows()).unwrap_or(u64::MAX));
        }
        check_apart(metadata.row_groups())?;
        if u64::try_from(metadata.file_metadata().num_rows()) != Ok(rows) {
            return Err(FooterError::new("its number of rows is not that of its row groups"));
        }
        Ok(Self { metadata, fields, groups, begin, excess: AtomicU64::new(0) })
    }

    /// The columns of the fields of `T`.
    ///
    /// # Errors
    /// For columns that arrow cannot hold.
    pub(crate) fn columns_of<T: Record>(&self) -> Result<Projection, FooterError> {
        let schema = self.metadata.file_metadata().schema_descr();
        self.projection(wanted(schema, T::SCHEMA.fields()))
    }

    /// As [`columns_of`](Self::columns_of), to make records of: where a column's texts are all in a
    /// dictionary, they are left there.
    ///
    /// # Errors
    /// For columns that arrow cannot hold.
    pub(crate) fn columns_of_records<T: Record>(&self) -> Result<Projection, FooterError> {
        let schema = self.metadata.file_metadata().schema_descr();
        self.with_texts_left(wanted(schema, T::SCHEMA.fields()))
    }

    /// As [`columns_of_records`](Self::columns_of_records), to make records of either type of.
    ///
    /// # Errors
    /// For columns that arrow cannot hold.
    pub(crate) fn columns_of_both<T: Record, S: Record>(&self) -> Result<Projection, FooterError> {
        let schema = self.metadata.file_metadata().schema_descr();
        let [one, other] = [T::SCHEMA, S::SCHEMA].map(|it| wanted(schema, it.fields()));
        self.with_texts_left(one.into_iter().zip(other).map(|(one, other)| one || other).collect())
    }

    fn with_texts_left(&self, leaves: Vec<bool>) -> Result<Projection, FooterError> {
        let mut leaf = 0;
        let fields = self.with_dictionaries(&self.fields, &mut leaf);
        self.project(leaves, Some(&fields))
    }

    /// The columns that tell which rows pass.
    ///
    /// # Errors
    /// For columns that arrow cannot hold.
    pub(crate) fn tested_columns(
        &self,
        filter: Option<&Filter>,
    ) -> Result<Projection, FooterError> {
        let all = self.metadata.file_metadata().schema_descr().num_columns();
        self.projection(match filter {
            Some(filter) => filter.leaves(all),
            None => wanted(self.metadata.file_metadata().schema_descr(), &[]),
        })
    }

    pub(super) fn projection(&self, leaves: Vec<bool>) -> Result<Projection, FooterError> {
        self.project(leaves, None)
    }

    /// `types` are those of all columns, if they are not as in [`fields`](Self::fields).
    fn project(
        &self,
        leaves: Vec<bool>,
        types: Option<&Fields>,
    ) -> Result<Projection, FooterError> {
        let schema = self.metadata.file_metadata().schema_descr();
        let mask = ProjectionMask::leaves(schema, (0..leaves.len()).filter(|&i| leaves[i]));
        let levels = || parquet_to_arrow_field_levels(schema, mask, types);
        let levels = catch_unwind(AssertUnwindSafe(levels))
            .map_err(|_| FooterError::new("its columns cannot be read"))?
            .map_err(|error| FooterError::new(format!("its columns cannot be read: {error}")))?;
        Ok(Projection { levels, leaves })
    }

    /// These fields, of which `leaf` is the first leaf, with dictionaries.
    fn with_dictionaries(&self, fields: &Fields, leaf: &mut usize) -> Fields {
        let with = |field: &FieldRef| {
            let ty = match field.data_type() {
                DataType::Struct(fields) => DataType::Struct(self.with_dictionaries(fields, leaf)),
                ty => {
                    let first = *leaf;
                    *leaf += leaves_below(ty);
                    match ty {
                        DataType::Utf8 if self.has_dictionaries(first) => {
                            DataType::Dictionary(Box::new(DataType::UInt32), Box::new(ty.clone()))
                        }
                        _ => return Arc::clone(field),
                    }
                }
            };
            Arc::new(field.as_ref().clone().with_data_type(ty))
        };
        fields.iter().map(with).collect()
    }

    /// Whether all texts of this leaf are in dictionaries. Those of JSON would come as bytes.
    fn has_dictionaries(&self, leaf: usize) -> bool {
        let has = |group: &RowGroupMetaData| {
            let column = group.columns().get(leaf)?;
            column.dictionary_page_offset()?;
            let pages = column.page_encoding_stats_mask()?;
            let all = |encoding| pages.is_only(encoding);
            let is_text = column.column_descr().converted_type() == ConvertedType::UTF8;
            Some(is_text && (all(Encoding::RLE_DICTIONARY) || all(Encoding::PLAIN_DICTIONARY)))
        };
        self.metadata.row_groups().iter().all(|group| has(group) == Some(true))
    }

    /// How many rows the file has.
    pub(crate) fn rows(&self) -> u64 {
        u64::try_from(self.metadata.file_metadata().num_rows()).unwrap_or(0)
    }

    /// How many row groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// How many rows a row group has.
    pub(super) fn rows_of(&self, group: usize) -> usize {
        let rows = self.metadata.row_groups().get(group).map_or(0, RowGroupMetaData::num_rows);
        usize::try_from(rows).unwrap_or(0)
    }

    /// The bytes that hold the columns of a row group.
    pub(crate) fn range(&self, group: usize) -> Range<u64> {
        self.groups.get(group).cloned().unwrap_or(0..0)
    }

    /// Whether the row groups lie one after the other, each in one piece, so that the file can be
    /// read from its beginning to its end.
    pub(crate) fn is_in_order(&self) -> bool {
        let compact = |(range, group): (&Range<u64>, &RowGroupMetaData)| {
            let bytes: u64 = group.columns().iter().map(|column| column.byte_range().1).sum();
            // Room for filters and indexes between the columns.
            let gaps = (range.end - range.start).saturating_sub(bytes);
            gaps <= (1 << 20) + bytes / 4
        };
        self.groups.is_sorted_by(|a, b| a.end <= b.start)
            && self.groups.iter().zip(self.metadata.row_groups()).all(compact)
    }

    /// The bytes of all pages before they were compressed.
    pub(crate) fn uncompressed(&self) -> u64 {
        let columns = self.metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
        let sizes = columns.map(|column| column.uncompressed_size().unsigned_abs());
        sizes.fold(0, u64::saturating_add)
    }

    /// Counts what the pages of one more row group have more than is claimed of them: some writers claim
    /// less than it is. (What is claimed of all was compared with the limit when the file was opened.)
    ///
    /// # Errors
    /// If all of the file has more than the limit.
    pub(super) fn admit(&self, excess: u64, limits: &Limits) -> Result<(), FooterError> {
        let Some(limit) = limits.max_decoded_bytes.filter(|_| excess > 0) else { return Ok(()) };
        let before = self.excess.fetch_add(excess, Ordering::Relaxed);
        match self.uncompressed().saturating_add(before).saturating_add(excess) <= limit {
            true => Ok(()),
            false => Err(FooterError::TooLarge {
                what: "the decompressed file",
                limit,
                setting: setting::DECODED,
            }),
        }
    }

    /// Where the footer begins.
    pub(crate) fn begin(&self) -> u64 {
        self.begin
    }
}

/// Row groups without rows, which pyarrow writes, need no columns: what is said of them is not looked
/// at.
fn without_empty_groups(metadata: ParquetMetaData) -> ParquetMetaData {
    let mut metadata = metadata.into_builder();
    let groups = metadata.take_row_groups().into_iter();
    let groups = groups.filter(|group| group.num_rows() != 0).collect();
    metadata.set_row_groups(groups).build()
}

/// The bytes that hold the columns of a row group, all before `end`.
fn check_group(group: &RowGroupMetaData, end: u64) -> Result<Range<u64>, FooterError> {
    let rows = group.num_rows();
    if rows < 0 {
        return Err(FooterError::new("it has fewer than no rows"));
    }
    let mut range: Option<Range<u64>> = None;
    for column in group.columns() {
        let place = || format!("column `{}`", column.column_path().string());
        let error = |reason: &str| FooterError::new(reason).within(&place());
        if column.file_path().is_some() {
            return Err(error("it is in another file"));
        }
        let data = column.data_page_offset();
        let start = column.dictionary_page_offset().unwrap_or(data);
        let (Ok(start), Ok(len)) = (u64::try_from(start), u64::try_from(column.compressed_size()))
        else {
            return Err(error("it has no place in the file"));
        };
        let stop = start.checked_add(len).filter(|&stop| stop <= end);
        let Some(stop) = stop.filter(|_| start >= MAGIC.len() as u64) else {
            return Err(error("it has no place in the file"));
        };
        if u64::try_from(data).is_ok_and(|data| !(start..=stop).contains(&data)) {
            return Err(error("its dictionary has no place in it"));
        }
        let values = column.num_values();
        let flat = column.column_descr().max_rep_level() == 0;
        if values < 0 || column.uncompressed_size() < 0 || (flat && values != rows) {
            return Err(error("its number of values cannot be"));
        }
        range = Some(match range {
            None => start..stop,
            Some(range) => range.start.min(start)..range.end.max(stop),
        });
    }
    range.ok_or_else(|| FooterError::new("it has no columns"))
}

/// Refuses columns that share bytes: what a file holds is not to grow with how often it is named.
/// Each has its place in the file.
fn check_apart(groups: &[RowGroupMetaData]) -> Result<(), FooterError> {
    let columns = groups.iter().flat_map(RowGroupMetaData::columns);
    let mut ranges: Vec<_> = columns.map(ColumnChunkMetaData::byte_range).collect();
    ranges.retain(|&(_, len)| len > 0);
    // Most writers have them in order.
    ranges.sort();
    match ranges.is_sorted_by(|one, next| one.0 + one.1 <= next.0) {
        true => Ok(()),
        false => Err(FooterError::new("its columns are not apart from each other")),
    }
}

/// Which of the file's columns belong to these fields; the first one, if none does, so that rows
/// can be counted.
fn wanted(schema: &SchemaDescriptor, fields: &[FieldSchema]) -> Vec<bool> {
    let root = |leaf| schema.get_column_root(leaf).name();
    let is_wanted =
        |name: &str| fields.iter().any(|field| field.name == name || field.aliases.contains(&name));
    let mut leaves: Vec<bool> = (0..schema.num_columns()).map(|i| is_wanted(root(i))).collect();
    if !leaves.contains(&true)
        && let Some(first) = leaves.first_mut()
    {
        *first = true;
    }
    leaves
}

/// How many leaves there are below a column of this type.
fn leaves_below(ty: &DataType) -> usize {
    match ty {
        DataType::Struct(fields) => fields.iter().map(|it| leaves_below(it.data_type())).sum(),
        DataType::List(item) | DataType::Map(item, _) => leaves_below(item.data_type()),
        _ => 1,
    }
}
