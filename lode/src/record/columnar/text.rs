use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::GenericByteBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{ByteArrayType, Utf8Type};
use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::{ArrowError, DataType};

use super::number::no_row;
use super::plain::Keys;
use super::{ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read, plain};

/// Gathers texts or byte strings, at most 2 GiB of them.
pub struct BytesBuilder<A: ByteArrayType<Offset = i32>>(GenericByteBuilder<A>);

/// Gathers texts.
pub(super) type TextBuilder = BytesBuilder<Utf8Type>;

impl<A: ByteArrayType<Offset = i32>> BytesBuilder<A> {
    #[inline(always)]
    pub(super) fn push_value(&mut self, value: &A::Native) -> Result<usize, ColumnError> {
        let bytes: &[u8] = value.as_ref();
        // What does not fit would panic.
        check_room(self.0.values_slice().len(), bytes.len())?;
        self.0.append_value(value);
        Ok(bytes.len() + size_of::<i32>())
    }
}

/// Whether a column that holds so many bytes has room for so many more.
#[inline(always)]
pub(super) fn check_room(held: usize, more: usize) -> Result<(), ColumnError> {
    const ROOM: usize = i32::MAX as usize;
    if held <= ROOM && more <= ROOM - held { Ok(()) } else { Err(too_much(held, more)) }
}

#[cold]
fn too_much(held: usize, more: usize) -> ColumnError {
    ColumnError::new(format!(
        "a batch holds at most 2 GiB of a column: there are {held} bytes, and these are {more}"
    ))
}

impl<A: ByteArrayType<Offset = i32>> ColumnBuilder for BytesBuilder<A>
where
    GenericByteBuilder<A>: Send,
{
    fn new(_: &ColumnOptions) -> Self {
        Self(GenericByteBuilder::with_capacity(0, 0))
    }

    #[inline(always)]
    fn push_null(&mut self) -> usize {
        self.0.append_null();
        size_of::<i32>()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let rows = self.0.offsets_slice().len().saturating_sub(1);
        let next = GenericByteBuilder::with_capacity(rows, self.0.values_slice().len());
        Ok(Arc::new(std::mem::replace(&mut self.0, next).finish()))
    }
}

/// Reads texts, whichever way they are kept.
pub struct TextReader {
    texts: Texts,
    /// Where the texts are those of a dictionary, which one each row has.
    keys: Option<Keys>,
}

enum Texts {
    Small(StringArray),
    Large(LargeStringArray),
    View(StringViewArray),
}

impl TextReader {
    #[inline(always)]
    pub(super) fn text(&self, row: usize) -> Result<&str, ColumnError> {
        let row = match &self.keys {
            Some(keys) => keys.at(row)?,
            None => row,
        };
        match &self.texts {
            Texts::Small(array) if row < array.len() => Ok(array.value(row)),
            Texts::Large(array) if row < array.len() => Ok(array.value(row)),
            Texts::View(array) if row < array.len() => Ok(array.value(row)),
            _ => Err(no_row(row)),
        }
    }
}

impl ColumnReader for TextReader {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let (keys, texts) = match Keys::of(column) {
            // A dictionary of a dictionary.
            Some((_, texts)) if texts.as_any_dictionary_opt().is_some() => {
                return Self::open(&plain(column)?);
            }
            Some((keys, texts)) => (Some(keys), texts),
            None => (None, column),
        };
        let texts = match texts.data_type() {
            DataType::Utf8 => Texts::Small(texts.as_string().clone()),
            DataType::LargeUtf8 => Texts::Large(texts.as_string().clone()),
            DataType::Utf8View => Texts::View(texts.as_string_view().clone()),
            other => return Err(ColumnError::mismatch("Utf8", other)),
        };
        Ok(Self { texts, keys })
    }
}

macro_rules! texts {
    ($($ty:ty)*) => {$(
        impl Columnar for $ty {
            type Builder = TextBuilder;
            type Reader = TextReader;

            fn data_type(_: &ColumnOptions) -> DataType {
                DataType::Utf8
            }
        }

        impl Push<$ty> for TextBuilder {
            #[inline(always)]
            fn push(&mut self, cell: &$ty) -> Result<usize, ColumnError> {
                self.push_value(cell)
            }
        }

        impl Read<$ty> for TextReader {
            #[inline(always)]
            fn read(&self, row: usize) -> Result<$ty, ColumnError> {
                self.text(row).map(|text| text.to_owned().into())
            }
        }
    )*};
}

texts!(String Cow<'static, str>);
