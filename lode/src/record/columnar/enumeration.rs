use std::marker::PhantomData;
use std::sync::Arc;

use arrow_array::{ArrayRef, DictionaryArray, StringArray, types::Int32Type};
use arrow_schema::{ArrowError, DataType};

use super::number::{NumberBuilder, cell};
use super::plain::Keys;
use super::text::TextReader;
use super::{ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Push, Read};

/// An enum without data; the derive implements it.
pub trait Names: Sized + 'static {
    /// The names of the variants, in declared order.
    const NAMES: &'static [&'static str];

    /// The position of the variant of this name or alias.
    fn position(name: &str) -> Option<usize>;

    /// The position of this variant.
    fn index(&self) -> usize;

    /// The variant at this position.
    fn at(index: usize) -> Option<Self>;
}

/// The type of the column that an enum makes.
#[must_use]
pub fn names_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Gathers variants, as keys into a dictionary of all names.
pub struct NamesBuilder<E> {
    names: ArrayRef,
    keys: NumberBuilder<Int32Type>,
    of: PhantomData<fn(E)>,
}

impl<E: Names> ColumnBuilder for NamesBuilder<E> {
    fn new(options: &ColumnOptions) -> Self {
        let names = Arc::new(StringArray::from(E::NAMES.to_vec()));
        Self { names, keys: NumberBuilder::new(options), of: PhantomData }
    }

    #[inline]
    fn push_null(&mut self) -> usize {
        self.keys.push_null()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let keys = self.keys.finish_numbers()?;
        Ok(Arc::new(DictionaryArray::try_new(keys, Arc::clone(&self.names))?))
    }
}

impl<E: Names> Push<E> for NamesBuilder<E> {
    #[inline]
    fn push(&mut self, cell: &E) -> Result<usize, ColumnError> {
        Ok(self.keys.push_value(cell.index() as i32))
    }
}

/// Reads names as variants.
pub struct NamesReader<E> {
    names: TextReader,
    /// Where the names are those of a dictionary, all of which have been looked up.
    found: Option<(Keys, Vec<Option<usize>>)>,
    of: PhantomData<fn() -> E>,
}

impl<E: Names> ColumnReader for NamesReader<E> {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let Some((keys, values)) = Keys::of(column) else {
            let names = TextReader::open(column)?;
            return Ok(Self { names, found: None, of: PhantomData });
        };
        let names = TextReader::open(values)?;
        let positions = (0..values.len()).map(|row| Ok(E::position(names.text(row)?)));
        let positions = positions.collect::<Result<_, ColumnError>>()?;
        Ok(Self { names, found: Some((keys, positions)), of: PhantomData })
    }
}

impl<E: Names> Read<E> for NamesReader<E> {
    #[inline]
    fn read(&self, row: usize) -> Result<E, ColumnError> {
        let (position, row) = match &self.found {
            Some((keys, positions)) => {
                let key = keys.at(row)?;
                (cell(positions, key)?, key)
            }
            None => (E::position(self.names.text(row)?), row),
        };
        match position.and_then(E::at) {
            Some(variant) => Ok(variant),
            None => Err(unknown::<E>(self.names.text(row)?)),
        }
    }
}

#[cold]
fn unknown<E: Names>(name: &str) -> ColumnError {
    let known = E::NAMES.join("`, `");
    ColumnError::new(format!("unknown variant `{name}`, expected one of `{known}`"))
}
