use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_schema::{DataType, Schema, SchemaRef};

use super::{ColumnBuilder, ColumnOptions, ColumnReader, Push, Read};
use crate::codec::EncodeError;
use crate::error::BoxError;
use crate::record::Record;

/// The columns of a record.
pub(crate) fn arrow_schema<T: Record>(options: &ColumnOptions) -> SchemaRef {
    match T::data_type(options) {
        DataType::Struct(fields) => Arc::new(Schema::new(fields)),
        _ => Arc::new(Schema::empty()),
    }
}

/// Makes batches of records.
pub(crate) struct BatchBuilder<T: Record> {
    schema: SchemaRef,
    columns: T::Builder,
    rows: usize,
    bytes: usize,
}

impl<T: Record> BatchBuilder<T> {
    pub(crate) fn new(options: &ColumnOptions) -> Self {
        let columns = T::Builder::new(options);
        Self { schema: arrow_schema::<T>(options), columns, rows: 0, bytes: 0 }
    }

    /// The columns of the batches.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds a record. After an error the builder is of no more use.
    #[inline]
    pub(crate) fn push(&mut self, record: &T) -> Result<(), EncodeError> {
        self.bytes += self.columns.push(record).map_err(|error| {
            let (field, source) = error.into_parts();
            EncodeError { field, source }
        })?;
        self.rows += 1;
        Ok(())
    }

    /// How many records there are in the batch.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes the batch takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batch, leaving the builder empty.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, EncodeError> {
        let encode_error = |source: BoxError| EncodeError { field: String::new(), source };
        let columns = self.columns.finish().map_err(|error| encode_error(error.into()))?;
        (self.rows, self.bytes) = (0, 0);
        let Some(columns) = columns.as_struct_opt() else {
            return Err(encode_error("the record has no columns".into()));
        };
        RecordBatch::try_new(Arc::clone(&self.schema), columns.columns().to_vec())
            .map_err(|error| encode_error(error.into()))
    }
}

/// Reads the records of a batch, whatever the order of its columns.
pub(crate) struct BatchReader<T: Record> {
    columns: T::Reader,
    rows: usize,
}

impl<T: Record> BatchReader<T> {
    /// Finds the columns by the names of the fields, else by their aliases; others are not looked
    /// at.
    ///
    /// # Errors
    /// For a column that is missing and whose field has no default, and for one that has another
    /// type than its field, and none that widens to it.
    pub(crate) fn open(batch: &RecordBatch) -> Result<Self, BoxError> {
        let rows = batch.num_rows();
        let columns: ArrayRef = Arc::new(StructArray::from(batch.clone()));
        Ok(Self { columns: T::Reader::open(&columns)?, rows })
    }

    /// Appends the records in these rows.
    ///
    /// # Errors
    /// For the first row that is not a record of this type; those before it have been appended.
    pub(crate) fn read(&self, rows: Range<usize>, records: &mut Vec<T>) -> Result<(), RowError> {
        if rows.end > self.rows {
            let source = format!("there are only {} rows", self.rows).into();
            return Err(RowError { row: rows.end, field: String::new(), source });
        }
        records.reserve(rows.len());
        self.columns.read_rows(rows, records).map_err(|(row, error)| {
            let (field, source) = error.into_parts();
            RowError { row, field, source }
        })
    }
}

/// Why a row is not a record.
#[derive(Debug, thiserror::Error)]
#[error("row {row}, field `{field}`")]
pub(crate) struct RowError {
    /// The row in the batch, from 0.
    pub(crate) row: usize,
    /// The field, such as `legs[2].origin`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) source: BoxError,
}
