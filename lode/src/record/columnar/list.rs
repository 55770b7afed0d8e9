use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef};

use super::number::no_row;
use super::validity::Validity;
use super::{
    Column, ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read, plain,
};
use crate::record::Field;

/// What the format Parquet calls the column in a list.
const ELEMENT: &str = "element";

type BuilderOf<T> = <<T as Field>::Column as Column<T>>::Builder;
type ReaderOf<T> = <<T as Field>::Column as Column<T>>::Reader;

/// Where the lists of a column end in the column of their elements.
pub(super) struct Ends(Vec<i32>);

impl Ends {
    pub(super) fn new() -> Self {
        Self(vec![0])
    }

    pub(super) fn rows(&self) -> usize {
        self.0.len() - 1
    }

    #[inline]
    pub(super) fn last(&self) -> i32 {
        self.0.last().copied().unwrap_or(0)
    }

    /// The end of a list of this length.
    #[inline]
    pub(super) fn next(&self, length: usize) -> Result<i32, ColumnError> {
        i32::try_from(length).ok().and_then(|length| self.last().checked_add(length)).ok_or_else(
            || ColumnError::new("a batch holds at most 2,147,483,647 elements of a column"),
        )
    }

    #[inline]
    pub(super) fn push(&mut self, end: i32) -> usize {
        self.0.push(end);
        size_of::<i32>()
    }

    pub(super) fn finish(&mut self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(&mut self.0, vec![0])))
    }
}

/// Gathers lists.
pub struct ListBuilder<T: Field> {
    field: FieldRef,
    elements: BuilderOf<T>,
    ends: Ends,
    validity: Validity,
}

impl<T: Field> ListBuilder<T> {
    #[inline]
    fn push_slice(&mut self, list: &[T]) -> Result<usize, ColumnError> {
        let end = self.ends.next(list.len())?;
        let mut bytes = self.ends.push(end);
        for (i, element) in list.iter().enumerate() {
            bytes += self.elements.push(element).map_err(|error| error.at(i))?;
        }
        self.validity.push_valid();
        Ok(bytes)
    }
}

impl<T: Field> ColumnBuilder for ListBuilder<T> {
    fn new(options: &ColumnOptions) -> Self {
        Self {
            field: element::<T>(options),
            elements: ColumnBuilder::new(options),
            ends: Ends::new(),
            validity: Validity::default(),
        }
    }

    fn push_null(&mut self) -> usize {
        self.validity.push_null(self.ends.rows());
        self.ends.push(self.ends.last())
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let elements = self.elements.finish()?;
        let (ends, nulls) = (self.ends.finish(), self.validity.finish());
        Ok(Arc::new(ListArray::try_new(Arc::clone(&self.field), ends, elements, nulls)?))
    }
}

fn element<T: Field>(options: &ColumnOptions) -> FieldRef {
    Arc::new(<T::Column as Column<T>>::field(ELEMENT, options))
}

/// Reads lists, whichever way they are kept.
pub struct ListReader<T: Field> {
    elements: ReaderOf<T>,
    rows: Rows,
}

/// Where the elements of each list are.
enum Rows {
    Small(OffsetBuffer<i32>),
    Large(OffsetBuffer<i64>),
    Fixed { rows: usize, length: usize },
}

impl Rows {
    #[inline]
    fn at(&self, row: usize) -> Result<Range<usize>, ColumnError> {
        match self {
            Self::Small(ends) if row + 1 < ends.len() => {
                Ok(ends[row] as usize..ends[row + 1] as usize)
            }
            Self::Large(ends) if row + 1 < ends.len() => {
                Ok(ends[row] as usize..ends[row + 1] as usize)
            }
            Self::Fixed { rows, length } if row < *rows => Ok(row * length..(row + 1) * length),
            _ => Err(no_row(row)),
        }
    }
}

impl<T: Field> ListReader<T> {
    #[inline]
    fn element(&self, row: usize, index: usize) -> Result<T, ColumnError> {
        self.elements.read(row).map_err(|error| error.at(index))
    }
}

impl<T: Field> ColumnReader for ListReader<T> {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let column = plain(column)?;
        let (elements, rows) = if let Some(lists) = column.as_list_opt::<i32>() {
            (lists.values(), Rows::Small(lists.offsets().clone()))
        } else if let Some(lists) = column.as_list_opt::<i64>() {
            (lists.values(), Rows::Large(lists.offsets().clone()))
        } else if let Some(lists) = column.as_fixed_size_list_opt() {
            let length = usize::try_from(lists.value_length()).map_err(ColumnError::new)?;
            (lists.values(), Rows::Fixed { rows: lists.len(), length })
        } else {
            return Err(ColumnError::mismatch("a list", column.data_type()));
        };
        let elements =
            ColumnReader::open(elements).map_err(|error: ColumnError| error.within("[]"))?;
        Ok(Self { elements, rows })
    }
}

impl<T: Field> Columnar for Vec<T> {
    type Builder = ListBuilder<T>;
    type Reader = ListReader<T>;

    fn data_type(options: &ColumnOptions) -> DataType {
        DataType::List(element::<T>(options))
    }
}

impl<T: Field> Push<Vec<T>> for ListBuilder<T> {
    #[inline]
    fn push(&mut self, cell: &Vec<T>) -> Result<usize, ColumnError> {
        self.push_slice(cell)
    }
}

impl<T: Field> Read<Vec<T>> for ListReader<T> {
    #[inline]
    fn read(&self, row: usize) -> Result<Vec<T>, ColumnError> {
        let range = self.rows.at(row)?;
        let mut list = Vec::with_capacity(range.len());
        for (index, row) in range.enumerate() {
            list.push(self.element(row, index)?);
        }
        Ok(list)
    }
}

impl<T: Field, const N: usize> Columnar for [T; N] {
    type Builder = ListBuilder<T>;
    type Reader = ListReader<T>;

    fn data_type(options: &ColumnOptions) -> DataType {
        DataType::List(element::<T>(options))
    }
}

impl<T: Field, const N: usize> Push<[T; N]> for ListBuilder<T> {
    #[inline]
    fn push(&mut self, cell: &[T; N]) -> Result<usize, ColumnError> {
        self.push_slice(cell)
    }
}

impl<T: Field, const N: usize> Read<[T; N]> for ListReader<T> {
    fn read(&self, row: usize) -> Result<[T; N], ColumnError> {
        let range = self.rows.at(row)?;
        let length = range.len();
        let wrong = || ColumnError::new(format!("expected a list of {N}, found one of {length}"));
        if length != N {
            return Err(wrong());
        }
        let list: Vec<T> = Read::<Vec<T>>::read(self, row)?;
        list.try_into().map_err(|_| wrong())
    }
}
