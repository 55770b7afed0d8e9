use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_schema::{ArrowError, DataType, Field, Fields};

use super::validity::Validity;
use super::{
    ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Push, Read, RowBuilder, RowReader,
    plain,
};

/// The columns of a record; the derive implements it.
///
/// Builders and readers of the fields are behind a box: their types stay within the bodies of
/// functions, so that a field of a wrong type is one error.
pub trait Columns: Sized + 'static {
    /// Names and types.
    fn fields(options: &ColumnOptions) -> Vec<Field>;

    /// Empty columns.
    fn builder(options: &ColumnOptions) -> Box<dyn RowBuilder<Self>>;

    /// A reader of those columns that the record has.
    ///
    /// # Errors
    /// As for [`ColumnReader::open`].
    fn reader(columns: &Found<'_>) -> Result<Box<dyn RowReader<Self>>, ColumnError>;
}

/// The type of the column that a record makes.
pub fn data_type<T: Columns>(options: &ColumnOptions) -> DataType {
    DataType::Struct(T::fields(options).into())
}

/// Gathers records.
pub struct StructBuilder<T: Columns> {
    fields: Fields,
    row: Box<dyn RowBuilder<T>>,
    rows: usize,
    validity: Validity,
}

impl<T: Columns> ColumnBuilder for StructBuilder<T> {
    fn new(options: &ColumnOptions) -> Self {
        Self {
            fields: T::fields(options).into(),
            row: T::builder(options),
            rows: 0,
            validity: Validity::default(),
        }
    }

    fn push_null(&mut self) -> usize {
        self.validity.push_null(self.rows);
        self.rows += 1;
        self.row.push_null()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.rows = 0;
        let columns = self.row.finish()?;
        let array = StructArray::try_new(self.fields.clone(), columns, self.validity.finish())?;
        Ok(Arc::new(array))
    }
}

impl<T: Columns> Push<T> for StructBuilder<T> {
    #[inline]
    fn push(&mut self, cell: &T) -> Result<usize, ColumnError> {
        let bytes = self.row.push(cell)?;
        self.validity.push_valid();
        self.rows += 1;
        Ok(bytes)
    }
}

/// Reads records.
pub struct StructReader<T>(Box<dyn RowReader<T>>);

impl<T: Columns> ColumnReader for StructReader<T> {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let column = plain(column)?;
        match column.as_struct_opt() {
            Some(columns) => T::reader(&Found(columns)).map(Self),
            None => Err(ColumnError::mismatch("a struct", column.data_type())),
        }
    }
}

impl<T: Columns> Read<T> for StructReader<T> {
    #[inline]
    fn read(&self, row: usize) -> Result<T, ColumnError> {
        self.0.read(row)
    }

    fn read_rows(
        &self,
        rows: Range<usize>,
        cells: &mut Vec<T>,
    ) -> Result<(), (usize, ColumnError)> {
        self.0.read_rows(rows, cells)
    }
}

/// The columns that a file has.
pub struct Found<'a>(&'a StructArray);

impl Found<'_> {
    /// The column of this name, else of the first alias that there is one of; `None` if there is
    /// none and the record can do without.
    pub fn open<R: ColumnReader>(
        &self,
        name: &str,
        aliases: &[&str],
        can_be_missing: bool,
    ) -> Result<Option<R>, ColumnError> {
        let mut names = std::iter::once(&name).chain(aliases);
        let Some((found, column)) =
            names.find_map(|&name| Some((name, self.0.column_by_name(name)?)))
        else {
            return match can_be_missing {
                true => Ok(None),
                false => Err(ColumnError::new("the column is missing").within(name)),
            };
        };
        if self.0.column_names().iter().filter(|&&other| other == found).count() > 1 {
            return Err(ColumnError::new("there are two columns of this name").within(found));
        }
        R::open(column).map(Some).map_err(|error| error.within(name))
    }
}
