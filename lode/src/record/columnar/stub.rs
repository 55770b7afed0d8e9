use arrow_array::{ArrayRef, NullArray};
use arrow_schema::ArrowError;

use super::{ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Push, Read};

/// The columns of a type whose derive reported an error: the program does not compile.
pub struct Stub;

impl ColumnBuilder for Stub {
    fn new(_: &ColumnOptions) -> Self {
        Self
    }

    fn push_null(&mut self) -> usize {
        0
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(std::sync::Arc::new(NullArray::new(0)))
    }
}

impl<T> Push<T> for Stub {
    fn push(&mut self, _: &T) -> Result<usize, ColumnError> {
        Err(ColumnError::new("not a record"))
    }
}

impl ColumnReader for Stub {
    fn open(_: &ArrayRef) -> Result<Self, ColumnError> {
        Err(ColumnError::new("not a record"))
    }
}

impl<T> Read<T> for Stub {
    fn read(&self, _: usize) -> Result<T, ColumnError> {
        Err(ColumnError::new("not a record"))
    }
}
