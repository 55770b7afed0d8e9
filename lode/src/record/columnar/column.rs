use std::collections::HashMap;
use std::marker::PhantomData;

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_buffer::NullBuffer;
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{ArrowError, DataType, Field};

use super::{ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read};

/// The column of a field of type `T`.
pub trait Column<T> {
    /// Gathers cells.
    type Builder: Push<T>;

    /// Reads cells.
    type Reader: Read<T>;

    /// Whether the column can be missing from a file.
    const NULLABLE: bool;

    /// Its name and type.
    fn field(name: &str, options: &ColumnOptions) -> Field;

    /// The cell of a column that is missing from a file.
    fn missing() -> Result<T, ColumnError>;
}

/// The column of a field that is never null.
pub struct Required<V>(PhantomData<V>);

impl<V: Columnar> Column<V> for Required<V> {
    type Builder = V::Builder;
    type Reader = RequiredReader<V::Reader>;

    const NULLABLE: bool = false;

    fn field(name: &str, options: &ColumnOptions) -> Field {
        field::<V>(name, false, options)
    }

    fn missing() -> Result<V, ColumnError> {
        Err(ColumnError::new("the column is missing"))
    }
}

/// The column of an `Option<V>`.
pub struct Optional<V>(PhantomData<V>);

impl<V: Columnar> Column<Option<V>> for Optional<V> {
    type Builder = OptionalBuilder<V::Builder>;
    type Reader = OptionalReader<V>;

    const NULLABLE: bool = true;

    fn field(name: &str, options: &ColumnOptions) -> Field {
        field::<V>(name, true, options)
    }

    #[inline(always)]
    fn missing() -> Result<Option<V>, ColumnError> {
        Ok(None)
    }
}

fn field<V: Columnar>(name: &str, nullable: bool, options: &ColumnOptions) -> Field {
    let extension = V::EXTENSION.map(|name| (EXTENSION_TYPE_NAME_KEY.to_owned(), name.to_owned()));
    let metadata: HashMap<_, _> = extension.into_iter().collect();
    Field::new(name, V::data_type(options), nullable).with_metadata(metadata)
}

/// Gathers values, some of which are null.
pub struct OptionalBuilder<B>(B);

impl<B: ColumnBuilder> ColumnBuilder for OptionalBuilder<B> {
    fn new(options: &ColumnOptions) -> Self {
        Self(B::new(options))
    }

    #[inline]
    fn push_null(&mut self) -> usize {
        self.0.push_null()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.0.finish()
    }
}

impl<V, B: Push<V>> Push<Option<V>> for OptionalBuilder<B> {
    #[inline(always)]
    fn push(&mut self, cell: &Option<V>) -> Result<usize, ColumnError> {
        match cell {
            Some(value) => self.0.push(value),
            None => Ok(self.0.push_null()),
        }
    }
}

/// Reads a column that may hold nulls, though none that is read may be one.
pub struct RequiredReader<R> {
    values: R,
    nulls: Option<NullBuffer>,
}

impl<R: ColumnReader> ColumnReader for RequiredReader<R> {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        Ok(Self { values: R::open(column)?, nulls: nulls(column) })
    }
}

impl<V, R: Read<V>> Read<V> for RequiredReader<R> {
    #[inline(always)]
    fn read(&self, row: usize) -> Result<V, ColumnError> {
        if is_null(&self.nulls, row) {
            return Err(ColumnError::new("null, and the field is not an `Option`"));
        }
        self.values.read(row)
    }
}

/// Reads a column whose cells may be null.
pub struct OptionalReader<V: Columnar> {
    values: V::Reader,
    nulls: Option<NullBuffer>,
}

impl<V: Columnar> ColumnReader for OptionalReader<V> {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        // What writers make of a column that they have not seen a value of.
        let untyped = *column.data_type() == DataType::Null;
        let nothing = || new_null_array(&V::data_type(&ColumnOptions::default()), 0);
        let values = V::Reader::open(&if untyped { nothing() } else { column.clone() })?;
        Ok(Self { values, nulls: nulls(column) })
    }
}

impl<V: Columnar> Read<Option<V>> for OptionalReader<V> {
    #[inline(always)]
    fn read(&self, row: usize) -> Result<Option<V>, ColumnError> {
        if is_null(&self.nulls, row) { Ok(None) } else { self.values.read(row).map(Some) }
    }
}

/// The nulls of a column, wherever they are kept; `None` if there are none.
fn nulls(column: &ArrayRef) -> Option<NullBuffer> {
    column.logical_nulls().filter(|nulls| nulls.null_count() > 0)
}

#[inline(always)]
fn is_null(nulls: &Option<NullBuffer>, row: usize) -> bool {
    // Rows that do not exist are for the reader of values to refuse.
    nulls.as_ref().is_some_and(|nulls| row < nulls.len() && nulls.is_null(row))
}
