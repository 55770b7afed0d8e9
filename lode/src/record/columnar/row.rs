use std::marker::PhantomData;
use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;

use super::ColumnError;

/// The columns of a record's fields, as they grow.
pub trait RowBuilder<R>: Send {
    /// Adds a cell to each; about how many bytes they take.
    fn push(&mut self, record: &R) -> Result<usize, ColumnError>;

    /// Adds a null to each; about how many bytes they take.
    fn push_null(&mut self) -> usize;

    /// The columns, leaving the builders empty.
    fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError>;
}

/// The columns of a record's fields.
pub trait RowReader<R>: Send + Sync {
    /// The record in this row.
    fn read(&self, row: usize) -> Result<R, ColumnError>;

    /// Appends the records in these rows, up to the first that is wrong.
    fn read_rows(
        &self,
        rows: Range<usize>,
        records: &mut Vec<R>,
    ) -> Result<(), (usize, ColumnError)>;
}

/// A [`RowBuilder`] of these builders: the functions say what is done to them.
pub fn row_builder<R: 'static, B: Send + 'static>(
    builders: B,
    push: impl Fn(&mut B, &R) -> Result<usize, ColumnError> + Send + 'static,
    push_null: impl Fn(&mut B) -> usize + Send + 'static,
    finish: impl Fn(&mut B) -> Result<Vec<ArrayRef>, ArrowError> + Send + 'static,
) -> Box<dyn RowBuilder<R>> {
    Box::new(Builder { builders, push, push_null, finish, of: PhantomData })
}

struct Builder<R, B, P, N, F> {
    builders: B,
    push: P,
    push_null: N,
    finish: F,
    of: PhantomData<fn(&R)>,
}

impl<R, B, P, N, F> RowBuilder<R> for Builder<R, B, P, N, F>
where
    B: Send,
    P: Fn(&mut B, &R) -> Result<usize, ColumnError> + Send,
    N: Fn(&mut B) -> usize + Send,
    F: Fn(&mut B) -> Result<Vec<ArrayRef>, ArrowError> + Send,
{
    fn push(&mut self, record: &R) -> Result<usize, ColumnError> {
        (self.push)(&mut self.builders, record)
    }

    fn push_null(&mut self) -> usize {
        (self.push_null)(&mut self.builders)
    }

    fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        (self.finish)(&mut self.builders)
    }
}

/// A [`RowReader`] of these readers: the function makes a record of a row of them.
pub fn row_reader<R: 'static, C: Send + Sync + 'static>(
    readers: C,
    read: impl Fn(&C, usize) -> Result<R, ColumnError> + Send + Sync + 'static,
) -> Box<dyn RowReader<R>> {
    Box::new(Reader { readers, read, of: PhantomData })
}

struct Reader<R, C, F> {
    readers: C,
    read: F,
    of: PhantomData<fn() -> R>,
}

impl<R, C, F> RowReader<R> for Reader<R, C, F>
where
    C: Send + Sync,
    F: Fn(&C, usize) -> Result<R, ColumnError> + Send + Sync,
{
    fn read(&self, row: usize) -> Result<R, ColumnError> {
        (self.read)(&self.readers, row)
    }

    fn read_rows(
        &self,
        rows: Range<usize>,
        records: &mut Vec<R>,
    ) -> Result<(), (usize, ColumnError)> {
        for row in rows {
            // Not by `map_err`, which would move the record once more.
            match (self.read)(&self.readers, row) {
                Ok(record) => records.push(record),
                Err(error) => return Err((row, error)),
            }
        }
        Ok(())
    }
}
