use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType};

use super::validity::Validity;
use super::{ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read, plain};

/// Gathers numbers, or what is stored as numbers.
pub struct NumberBuilder<A: ArrowPrimitiveType> {
    values: Vec<A::Native>,
    validity: Validity,
}

impl<A: ArrowPrimitiveType> NumberBuilder<A> {
    #[inline(always)]
    pub(super) fn push_value(&mut self, value: A::Native) -> usize {
        self.values.push(value);
        self.validity.push_valid();
        size_of::<A::Native>()
    }

    pub(super) fn finish_numbers(&mut self) -> Result<PrimitiveArray<A>, ArrowError> {
        let next = Vec::with_capacity(self.values.len());
        let values = std::mem::replace(&mut self.values, next);
        PrimitiveArray::try_new(values.into(), self.validity.finish())
    }
}

impl<A: ArrowPrimitiveType> ColumnBuilder for NumberBuilder<A> {
    fn new(_: &ColumnOptions) -> Self {
        Self { values: Vec::new(), validity: Validity::default() }
    }

    #[inline(always)]
    fn push_null(&mut self) -> usize {
        self.validity.push_null(self.values.len());
        self.values.push(A::Native::default());
        size_of::<A::Native>()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(self.finish_numbers()?))
    }
}

/// Reads numbers of the type `A`, or of one that widens to it.
pub struct NumberReader<A: ArrowPrimitiveType>(ScalarBuffer<A::Native>);

macro_rules! numbers {
    ($($ty:ty: $arrow:ident $(from $($narrow:ident)*)?;)*) => {$(
        impl Columnar for $ty {
            type Builder = NumberBuilder<$arrow>;
            type Reader = NumberReader<$arrow>;

            fn data_type(_: &ColumnOptions) -> DataType {
                $arrow::DATA_TYPE
            }
        }

        impl Push<$ty> for NumberBuilder<$arrow> {
            #[inline(always)]
            fn push(&mut self, cell: &$ty) -> Result<usize, ColumnError> {
                Ok(self.push_value(*cell))
            }
        }

        impl ColumnReader for NumberReader<$arrow> {
            fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
                let column = plain(column)?;
                if let Some(array) = column.as_primitive_opt::<$arrow>() {
                    return Ok(Self(array.values().clone()));
                }
                $($(
                    if let Some(array) = column.as_primitive_opt::<$narrow>() {
                        return Ok(Self(array.values().iter().map(|&v| <$ty>::from(v)).collect()));
                    }
                )*)?
                Err(ColumnError::mismatch(&$arrow::DATA_TYPE.to_string(), column.data_type()))
            }
        }

        impl Read<$ty> for NumberReader<$arrow> {
            #[inline(always)]
            fn read(&self, row: usize) -> Result<$ty, ColumnError> {
                cell(&self.0, row)
            }
        }
    )*};
}

numbers! {
    i8: Int8Type;
    i16: Int16Type from Int8Type UInt8Type;
    i32: Int32Type from Int8Type Int16Type UInt8Type UInt16Type;
    i64: Int64Type from Int8Type Int16Type Int32Type UInt8Type UInt16Type UInt32Type;
    u8: UInt8Type;
    u16: UInt16Type from UInt8Type;
    u32: UInt32Type from UInt8Type UInt16Type;
    u64: UInt64Type from UInt8Type UInt16Type UInt32Type;
    f32: Float32Type;
    f64: Float64Type from Float32Type;
}

/// The value in this row.
#[inline(always)]
pub(super) fn cell<T: Copy>(values: &[T], row: usize) -> Result<T, ColumnError> {
    values.get(row).copied().ok_or_else(|| no_row(row))
}

#[cold]
pub(super) fn no_row(row: usize) -> ColumnError {
    ColumnError::new(format!("there is no row {row}"))
}
