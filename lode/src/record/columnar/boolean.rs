use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::{ArrowError, DataType};

use super::number::no_row;
use super::validity::Validity;
use super::{ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read, plain};

impl Columnar for bool {
    type Builder = BooleanBuilder;
    type Reader = BooleanReader;

    fn data_type(_: &ColumnOptions) -> DataType {
        DataType::Boolean
    }
}

pub struct BooleanBuilder {
    values: BooleanBufferBuilder,
    validity: Validity,
}

impl ColumnBuilder for BooleanBuilder {
    fn new(_: &ColumnOptions) -> Self {
        Self { values: BooleanBufferBuilder::new(0), validity: Validity::default() }
    }

    #[inline(always)]
    fn push_null(&mut self) -> usize {
        self.validity.push_null(self.values.len());
        self.values.append(false);
        1
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(BooleanArray::new(self.values.finish(), self.validity.finish())))
    }
}

impl Push<bool> for BooleanBuilder {
    #[inline(always)]
    fn push(&mut self, cell: &bool) -> Result<usize, ColumnError> {
        self.values.append(*cell);
        self.validity.push_valid();
        Ok(1)
    }
}

pub struct BooleanReader(BooleanBuffer);

impl ColumnReader for BooleanReader {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let column = plain(column)?;
        match column.as_boolean_opt() {
            Some(array) => Ok(Self(array.values().clone())),
            None => Err(ColumnError::mismatch("Boolean", column.data_type())),
        }
    }
}

impl Read<bool> for BooleanReader {
    #[inline(always)]
    fn read(&self, row: usize) -> Result<bool, ColumnError> {
        if row < self.0.len() { Ok(self.0.value(row)) } else { Err(no_row(row)) }
    }
}
