//! Bloom filters: which values a row group certainly does not have.
//!
//! The format: <https://parquet.apache.org/docs/file-format/bloomfilter/>.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_schema::{DataType, TimeUnit};
use parquet::basic::Type as Physical;
use parquet::bloom_filter::Sbbf;

use super::super::footer::Footer;
use super::super::pieces::Pieces;
use super::bounds::bounded_leaf;
use super::filter::{FilterColumn, FoundColumn, Kind};
use crate::predicate::Literal;
use crate::record::Type;

/// A larger one is not read: it would take more than what it can save.
const MAX_BYTES: u64 = 4 << 20;

/// The most bytes of all filters that are read of a file. Row groups may name the same ones.
pub(super) const MAX_ALL_BYTES: u64 = 64 << 20;

/// The Bloom filters of some columns, by row group and leaf.
#[derive(Default)]
pub(super) struct Blooms {
    filters: HashMap<(usize, usize), Sbbf>,
    bytes: u64,
}

impl Blooms {
    /// Where the filter of a column is in a row group, if it has one.
    pub(super) fn place(
        footer: &Footer,
        group: usize,
        column: &FilterColumn,
    ) -> Option<Range<u64>> {
        let leaf = bounded_leaf(footer, column.found.as_ref()?)?;
        let column = footer.metadata.row_groups().get(group)?.columns().get(leaf)?;
        let start = u64::try_from(column.bloom_filter_offset()?).ok()?;
        let len = u64::try_from(column.bloom_filter_length()?).ok()?;
        let end = start.checked_add(len).filter(|&end| end <= footer.begin())?;
        (1..=MAX_BYTES).contains(&len).then_some(start..end)
    }

    /// Adds the filter of a column in a row group. One that cannot be read tells nothing.
    pub(super) fn add(
        &mut self,
        footer: &Footer,
        group: usize,
        column: &FilterColumn,
        pieces: &Pieces,
    ) {
        let mut found = || {
            let leaf = bounded_leaf(footer, column.found.as_ref()?)?;
            let bytes = pieces.at(Self::place(footer, group, column)?)?;
            self.bytes += bytes.len() as u64;
            if self.bytes > MAX_ALL_BYTES {
                return None;
            }
            let read = catch_unwind(AssertUnwindSafe(|| Sbbf::from_bytes(bytes)));
            let filter = read.ok()?.ok().filter(|filter| filter.num_blocks() > 0)?;
            Some((leaf, filter))
        };
        if let Some((leaf, filter)) = found() {
            self.filters.insert((group, leaf), filter);
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.filters.len()
    }

    /// Whether the row group can have this value in the column.
    pub(super) fn can_have(
        &self,
        footer: &Footer,
        group: usize,
        column: &FilterColumn,
        literal: &Literal,
    ) -> bool {
        let lacks = || {
            let found = column.found.as_ref()?;
            let leaf = bounded_leaf(footer, found)?;
            let filter = self.filters.get(&(group, leaf))?;
            let schema = footer.metadata.file_metadata().schema_descr();
            let value = plain(literal, schema.column(leaf).physical_type(), found)?;
            Some(!filter.check(value.as_slice()))
        };
        lacks() != Some(true)
    }
}

/// A value as its filter was made of it; `None` if that is not known for certain.
fn plain(literal: &Literal, physical: Physical, found: &FoundColumn) -> Option<Vec<u8>> {
    let integer = |value: i128| {
        Some(match (physical, found.ty.is_unsigned_integer()) {
            (Physical::INT32, true) => u32::try_from(value).ok()?.to_le_bytes().to_vec(),
            (Physical::INT32, false) => i32::try_from(value).ok()?.to_le_bytes().to_vec(),
            (Physical::INT64, true) => u64::try_from(value).ok()?.to_le_bytes().to_vec(),
            (Physical::INT64, false) => i64::try_from(value).ok()?.to_le_bytes().to_vec(),
            _ => return None,
        })
    };
    let is_bytes = physical == Physical::BYTE_ARRAY;
    match (found.kind, literal) {
        (Kind::Text, Literal::Text(text)) if is_bytes => Some(text.as_bytes().to_vec()),
        (Kind::Bytes, Literal::Bytes(bytes)) if is_bytes => Some(bytes.clone()),
        (Kind::Enum(field), Literal::Name(name)) if is_bytes => match field.ty {
            // The file may have any of a variant's names.
            Type::Enum(variants) if variants.iter().all(|it| it.aliases.is_empty()) => {
                Some(name.as_bytes().to_vec())
            }
            _ => None,
        },
        (Kind::Int, Literal::Int(value)) => integer(*value),
        (Kind::Date, Literal::Date(days)) => integer((*days).into()),
        (Kind::Time, Literal::Time(nanos)) => {
            let unit = match found.ty {
                DataType::Timestamp(TimeUnit::Microsecond, _) => 1000,
                DataType::Timestamp(TimeUnit::Nanosecond, _) => 1,
                _ => return None,
            };
            (nanos % unit == 0).then(|| integer(nanos / unit))?
        }
        (Kind::Uuid, Literal::Uuid(uuid)) if physical == Physical::FIXED_LEN_BYTE_ARRAY => {
            Some(uuid.to_vec())
        }
        _ => None,
    }
}
