use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field as ArrowField, FieldRef, Fields};

use super::list::Ends;
use super::number::no_row;
use super::text::{TextBuilder, TextReader};
use super::validity::Validity;
use super::{
    Column, ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read,
};
use crate::record::Field;

// What the format Parquet calls the columns in a map.
const ENTRIES: &str = "key_value";
const KEY: &str = "key";
const VALUE: &str = "value";

/// Gathers maps from texts.
pub struct MapBuilder<V: Field> {
    columns: Fields,
    keys: TextBuilder,
    values: <V::Column as Column<V>>::Builder,
    ends: Ends,
    validity: Validity,
}

impl<V: Field> MapBuilder<V> {
    #[inline]
    fn push_entries<'a>(
        &mut self,
        length: usize,
        entries: impl Iterator<Item = (&'a String, &'a V)>,
    ) -> Result<usize, ColumnError>
    where
        V: 'a,
    {
        let end = self.ends.next(length)?;
        let mut bytes = self.ends.push(end);
        for (key, value) in entries {
            let pushed = self.keys.push(key).and_then(|key| Ok(key + self.values.push(value)?));
            bytes += pushed.map_err(|error| error.at_key(key))?;
        }
        self.validity.push_valid();
        Ok(bytes)
    }
}

impl<V: Field> ColumnBuilder for MapBuilder<V> {
    fn new(options: &ColumnOptions) -> Self {
        Self {
            columns: columns::<V>(options),
            keys: TextBuilder::new(options),
            values: ColumnBuilder::new(options),
            ends: Ends::new(),
            validity: Validity::default(),
        }
    }

    fn push_null(&mut self) -> usize {
        self.validity.push_null(self.ends.rows());
        self.ends.push(self.ends.last())
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let columns = vec![self.keys.finish()?, self.values.finish()?];
        let (ends, nulls) = (self.ends.finish(), self.validity.finish());
        let field = entries(self.columns.clone());
        let entries = StructArray::try_new(self.columns.clone(), columns, None)?;
        Ok(Arc::new(MapArray::try_new(field, ends, entries, nulls, false)?))
    }
}

fn columns<V: Field>(options: &ColumnOptions) -> Fields {
    let key = ArrowField::new(KEY, DataType::Utf8, false);
    vec![key, <V::Column as Column<V>>::field(VALUE, options)].into()
}

fn entries(columns: Fields) -> FieldRef {
    Arc::new(ArrowField::new(ENTRIES, DataType::Struct(columns), false))
}

/// Reads maps from texts.
pub struct MapReader<V: Field> {
    keys: TextReader,
    values: <V::Column as Column<V>>::Reader,
    ends: OffsetBuffer<i32>,
}

impl<V: Field> MapReader<V> {
    #[inline]
    fn entries(
        &self,
        row: usize,
    ) -> Result<impl ExactSizeIterator<Item = Result<(String, V), ColumnError>>, ColumnError> {
        let (Some(&start), Some(&end)) = (self.ends.get(row), self.ends.get(row + 1)) else {
            return Err(no_row(row));
        };
        Ok((start as usize..end as usize).map(|row| {
            let key = self.keys.text(row)?;
            let value = self.values.read(row).map_err(|error| error.at_key(key))?;
            Ok((key.to_owned(), value))
        }))
    }
}

impl<V: Field> ColumnReader for MapReader<V> {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let Some(maps) = column.as_map_opt() else {
            return Err(ColumnError::mismatch("a map", column.data_type()));
        };
        Ok(Self {
            keys: TextReader::open(maps.keys()).map_err(|error| error.within("[key]"))?,
            values: ColumnReader::open(maps.values())
                .map_err(|error: ColumnError| error.within("[]"))?,
            ends: maps.offsets().clone(),
        })
    }
}

macro_rules! maps {
    ($($map:ty $(where $hasher:ident)?;)*) => {$(
        impl<V: Field $(, $hasher: BuildHasher + Default + 'static)?> Columnar for $map {
            type Builder = MapBuilder<V>;
            type Reader = MapReader<V>;

            fn data_type(options: &ColumnOptions) -> DataType {
                DataType::Map(entries(columns::<V>(options)), false)
            }
        }

        impl<V: Field $(, $hasher: 'static)?> Push<$map> for MapBuilder<V> {
            fn push(&mut self, cell: &$map) -> Result<usize, ColumnError> {
                self.push_entries(cell.len(), cell.iter())
            }
        }

        impl<V: Field $(, $hasher: BuildHasher + Default + 'static)?> Read<$map> for MapReader<V> {
            fn read(&self, row: usize) -> Result<$map, ColumnError> {
                self.entries(row)?.collect()
            }
        }
    )*};
}

maps! {
    BTreeMap<String, V>;
    HashMap<String, V, S> where S;
}
