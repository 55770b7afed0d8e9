use arrow_array::cast::AsArray;
use arrow_array::types::BinaryType;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray,
};
use arrow_schema::DataType;

use super::number::no_row;
use super::plain::Keys;
use super::text::BytesBuilder;
use super::{ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read};
use crate::record::Bytes;

impl Columnar for Bytes {
    type Builder = BytesBuilder<BinaryType>;
    type Reader = BytesReader;

    fn data_type(_: &ColumnOptions) -> DataType {
        DataType::Binary
    }
}

impl Push<Bytes> for BytesBuilder<BinaryType> {
    #[inline]
    fn push(&mut self, cell: &Bytes) -> Result<usize, ColumnError> {
        self.push_value(cell)
    }
}

/// Reads byte strings, whichever way they are kept.
pub enum BytesReader {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    Fixed(FixedSizeBinaryArray),
    Dictionary(Keys, Box<Self>),
}

impl BytesReader {
    #[inline]
    pub(super) fn bytes(&self, row: usize) -> Result<&[u8], ColumnError> {
        match self {
            Self::Small(array) if row < array.len() => Ok(array.value(row)),
            Self::Large(array) if row < array.len() => Ok(array.value(row)),
            Self::View(array) if row < array.len() => Ok(array.value(row)),
            Self::Fixed(array) if row < array.len() => Ok(array.value(row)),
            Self::Dictionary(keys, values) => values.bytes(keys.at(row)?),
            _ => Err(no_row(row)),
        }
    }
}

impl ColumnReader for BytesReader {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        if let Some((keys, values)) = Keys::of(column) {
            return Ok(Self::Dictionary(keys, Box::new(Self::open(values)?)));
        }
        Ok(match column.data_type() {
            DataType::Binary => Self::Small(column.as_binary().clone()),
            DataType::LargeBinary => Self::Large(column.as_binary().clone()),
            DataType::BinaryView => Self::View(column.as_binary_view().clone()),
            DataType::FixedSizeBinary(_) => Self::Fixed(column.as_fixed_size_binary().clone()),
            other => return Err(ColumnError::mismatch("Binary", other)),
        })
    }
}

impl Read<Bytes> for BytesReader {
    #[inline]
    fn read(&self, row: usize) -> Result<Bytes, ColumnError> {
        // A copy, so that one value does not keep the whole column in memory.
        self.bytes(row).map(Bytes::from)
    }
}
