//! Records as columns of arrow: what `codec::Parquet` writes and reads.
//!
//! ```text
//! records ── BatchBuilder ──► a ColumnBuilder for each field ──► RecordBatch
//! records ◄── BatchReader ◄── a ColumnReader for each field  ◄── RecordBatch
//! ```
//!
//! The derive puts builders and readers together by type, so that a cell is written and read without
//! a dynamic value in between. A [`Columnar`] type says which ones are its own; a [`Column`] adds
//! whether there are nulls among them.

mod batch;
mod boolean;
mod bytes;
mod column;
mod date;
mod enumeration;
mod error;
mod json;
mod list;
mod map;
mod number;
mod plain;
mod probe;
mod row;
mod structs;
mod stub;
mod text;
mod timestamp;
mod validity;

#[cfg(feature = "uuid")]
mod uuid;

#[cfg(test)]
mod tests;

use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_schema::{ArrowError, DataType};

use plain::plain;

pub(crate) use column::Column;
pub(crate) use column::{Optional, Required};
pub use enumeration::{Names, NamesBuilder, NamesReader, names_type};
pub use error::ColumnError;
pub use json::{JsonColumn, JsonWith, With};
pub use probe::{Exactly, Improper, Probe, Proper};
pub use row::{RowBuilder, RowReader, row_builder, row_reader};
pub use structs::{Columns, Found, StructBuilder, StructReader, data_type as struct_type};
pub use stub::Stub;

pub(crate) use batch::{BatchBuilder, BatchReader, RowError, arrow_schema};

/// How columns are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnOptions {
    /// What times are counted in.
    pub unit: TimeUnit,
}

/// What times are counted in, from 1970 on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeUnit {
    /// Holds every time from September 1677 to April 2262 exactly.
    #[default]
    Nanosecond,
    /// Holds every time that is a whole number of microseconds.
    Microsecond,
}

/// A type whose values make a column: a supertrait of [`Value`](super::Value).
pub trait Columnar: Sized + 'static {
    /// Gathers values.
    type Builder: Push<Self>;

    /// Reads values.
    type Reader: Read<Self>;

    /// The extension type that arrow has for such values.
    const EXTENSION: Option<&'static str> = None;

    /// The type of the column.
    fn data_type(options: &ColumnOptions) -> DataType;
}

/// Gathers the cells of a column. After an error it is of no more use.
pub trait ColumnBuilder: Send + 'static {
    /// An empty column.
    fn new(options: &ColumnOptions) -> Self;

    /// Adds a cell that is null; about how many bytes it takes.
    fn push_null(&mut self) -> usize;

    /// The column, leaving the builder empty.
    fn finish(&mut self) -> Result<ArrayRef, ArrowError>;
}

/// A builder that takes cells of type `T`.
pub trait Push<T>: ColumnBuilder {
    /// Adds a cell; about how many bytes it takes.
    fn push(&mut self, cell: &T) -> Result<usize, ColumnError>;
}

/// Reads the cells of a column.
pub trait ColumnReader: Send + Sync + Sized + 'static {
    /// A reader of this column; an error if its type is none that the reader understands.
    fn open(column: &ArrayRef) -> Result<Self, ColumnError>;
}

/// A reader that gives cells of type `T`.
pub trait Read<T>: ColumnReader {
    /// The cell in this row. For readers of [`Columnar`] types, which know of no null, one that is
    /// not null.
    fn read(&self, row: usize) -> Result<T, ColumnError>;

    /// Appends the cells in these rows, up to the first that is wrong.
    fn read_rows(
        &self,
        rows: Range<usize>,
        cells: &mut Vec<T>,
    ) -> Result<(), (usize, ColumnError)> {
        for row in rows {
            cells.push(self.read(row).map_err(|error| (row, error))?);
        }
        Ok(())
    }
}
