use std::collections::HashMap;
use std::marker::PhantomData;

use arrow_array::ArrayRef;
use arrow_schema::extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY};
use arrow_schema::{ArrowError, DataType, Field};
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};

use super::column::RequiredReader;
use super::text::{TextBuilder, TextReader};
use super::{Column, ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Push, Read};
use crate::json::{Finder, Stop};
use crate::record::misfit::{Misfit, misfit_with};

/// The column of a `#[lode(json)]` field: the texts that serde_json makes of it.
pub struct JsonColumn<T>(PhantomData<T>);

/// The column of a `#[lode(json)]` field of the record `R` with `#[serde(with = "…")]`: the `N`th.
pub struct JsonWith<R, const N: usize>(PhantomData<R>);

/// What the module of `#[serde(with = "…")]` does, on the `N`th such field of a record.
pub trait With<const N: usize>: 'static {
    /// The type of the field.
    type Value;

    /// The module's function.
    ///
    /// # Errors
    /// What it returns.
    fn serialize<S: Serializer>(value: &Self::Value, serializer: S) -> Result<S::Ok, S::Error>;

    /// The module's function.
    ///
    /// # Errors
    /// What it returns.
    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;
}

/// Both ways between values and JSON.
trait Convert: 'static {
    type Value;

    fn to<S: Serializer>(value: &Self::Value, serializer: S) -> Result<S::Ok, S::Error>;

    fn from<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;
}

impl<T: Serialize + DeserializeOwned + 'static> Convert for JsonColumn<T> {
    type Value = T;

    fn to<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn from<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

impl<R: With<N>, const N: usize> Convert for JsonWith<R, N> {
    type Value = R::Value;

    fn to<S: Serializer>(value: &R::Value, serializer: S) -> Result<S::Ok, S::Error> {
        R::serialize(value, serializer)
    }

    fn from<'de, D: Deserializer<'de>>(deserializer: D) -> Result<R::Value, D::Error> {
        R::deserialize(deserializer)
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Column<T> for JsonColumn<T> {
    type Builder = JsonBuilder<Self>;
    type Reader = RequiredReader<JsonReader<Self>>;

    const NULLABLE: bool = false;

    fn field(name: &str, _: &ColumnOptions) -> Field {
        json_field(name)
    }

    fn missing() -> Result<T, ColumnError> {
        Err(ColumnError::new("the column is missing"))
    }
}

impl<R: With<N>, const N: usize> Column<R::Value> for JsonWith<R, N> {
    type Builder = JsonBuilder<Self>;
    type Reader = RequiredReader<JsonReader<Self>>;

    const NULLABLE: bool = false;

    fn field(name: &str, _: &ColumnOptions) -> Field {
        json_field(name)
    }

    fn missing() -> Result<R::Value, ColumnError> {
        Err(ColumnError::new("the column is missing"))
    }
}

fn json_field(name: &str) -> Field {
    // The type is not taken for one without its metadata, though there are none.
    let metadata = [
        (EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.json".to_owned()),
        (EXTENSION_TYPE_METADATA_KEY.to_owned(), String::new()),
    ];
    Field::new(name, DataType::Utf8, false).with_metadata(HashMap::from(metadata))
}

/// Gathers values as JSON.
pub struct JsonBuilder<C> {
    texts: TextBuilder,
    scratch: Vec<u8>,
    of: PhantomData<fn(C)>,
}

impl<C: 'static> ColumnBuilder for JsonBuilder<C> {
    fn new(options: &ColumnOptions) -> Self {
        Self { texts: TextBuilder::new(options), scratch: Vec::new(), of: PhantomData }
    }

    fn push_null(&mut self) -> usize {
        self.texts.push_null()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.texts.finish()
    }
}

impl<T, C: Convert<Value = T>> Push<T> for JsonBuilder<C> {
    fn push(&mut self, cell: &T) -> Result<usize, ColumnError> {
        if let Some(Misfit { path, reason }) =
            misfit_with(|finder: Finder<'static>| -> Result<(), Stop> { C::to(cell, finder) })
        {
            let error = ColumnError::new(reason);
            return Err(if path.is_empty() {
                error
            } else {
                error.within(path.trim_start_matches('.'))
            });
        }
        self.scratch.clear();
        C::to(cell, &mut serde_json::Serializer::new(&mut self.scratch))
            .map_err(ColumnError::new)?;
        let text = str::from_utf8(&self.scratch).map_err(ColumnError::new)?;
        self.texts.push_value(text)
    }
}

/// Reads values from JSON.
pub struct JsonReader<C> {
    texts: TextReader,
    of: PhantomData<fn() -> C>,
}

impl<C: 'static> ColumnReader for JsonReader<C> {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        Ok(Self { texts: TextReader::open(column)?, of: PhantomData })
    }
}

impl<T, C: Convert<Value = T>> Read<T> for JsonReader<C> {
    fn read(&self, row: usize) -> Result<T, ColumnError> {
        let mut deserializer = serde_json::Deserializer::from_str(self.texts.text(row)?);
        let value = C::from(&mut deserializer).map_err(ColumnError::new)?;
        deserializer.end().map_err(ColumnError::new)?;
        Ok(value)
    }
}
