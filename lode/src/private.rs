//! What the derive macros refer to. Not part of the public API: no promise is made about it.

use crate::record::{day, hour, month, year};

// The traits of serde are here so that they can be reached from `lode`: `Record` would look like a
// sealed trait to the compiler otherwise, and its messages would say so.
pub use {
    crate::metadata::{DraftValue, metadata_of},
    crate::predicate::{
        At, Cell, Column as ColumnHandle, Comparable, HasColumns, Json as JsonHandle, Literal, Root,
    },
    crate::record::misfit::{misfit as json_misfit, misfit_with as json_misfit_with},
    crate::record::stats::Gauges,
    crate::record::{
        BloomField, Element, Field, FieldSchema, Key, KeyField, Misfit, Partitioned, Record,
        Scalar, Schema, SortField, TimeField, Type, Value, VariantSchema,
    },
    chrono::{DateTime, Utc},
    serde::Serialize,
    serde::de::DeserializeOwned,
    std::borrow::Cow,
    std::boxed::Box,
    std::cmp::Ordering,
    std::marker::PhantomData,
    std::string::String,
    std::vec::Vec,
};

pub use crate::__lode_columnar as columnar;

/// What derived columns refer to.
#[cfg(feature = "parquet")]
pub use {
    crate::record::columnar::{
        ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Columns, Exactly, Found,
        Improper, JsonColumn, JsonWith, Names, NamesBuilder, NamesReader, Probe, Proper, Push,
        Read, RowBuilder, RowReader, StructBuilder, StructReader, Stub, With, names_type,
        row_builder, row_reader, struct_type,
    },
    arrow_array::ArrayRef,
    arrow_schema::{ArrowError, DataType, Field as ArrowField},
    serde::{Deserializer, Serializer},
};

/// Leaves out what stands in it, as there is no codec with columns.
#[cfg(not(feature = "parquet"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lode_columnar {
    ($($tokens:tt)*) => {};
}

/// What stands in it.
#[cfg(feature = "parquet")]
#[doc(hidden)]
#[macro_export]
macro_rules! __lode_columnar {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// What [`Record`] asks for, as a bound on types with parameters.
pub trait Storable: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Storable for T {}

/// What metadata asks for, as a bound on types with parameters.
pub trait Json: Serialize {}

impl<T: Serialize> Json for T {}

/// What `#[lode(json)]` asks for, as a bound on fields whose type has parameters.
pub trait JsonField: Serialize + DeserializeOwned + 'static {}

impl<T: Serialize + DeserializeOwned + 'static> JsonField for T {}

/// A field of a schema, by what the traits say of its type.
#[must_use]
pub const fn field(
    name: &'static str,
    stored: Element,
    aliases: &'static [&'static str],
    has_default: bool,
) -> FieldSchema {
    FieldSchema { name, ty: stored.ty, nullable: stored.nullable, aliases, has_default }
}

/// What `#[lode(json)]` stores: null is one of its values.
pub const JSON: Element = Element { ty: Type::Scalar(Scalar::Json), nullable: false };

/// The schema of a record, from its type.
#[must_use]
pub const fn schema_of<T: Value>(name: &'static str) -> Schema {
    match T::TYPE {
        Type::Struct { fields, denies_unknown_fields: false } => Schema::new(name, fields),
        Type::Struct { fields, denies_unknown_fields: true } => {
            Schema::new(name, fields).deny_unknown_fields()
        }
        _ => Schema::new(name, &[]),
    }
}

/// [`Record::misfit`], by [`Value::find_misfit`].
#[inline]
pub fn misfit_of<T: Value>(record: &T) -> Option<Misfit> {
    if !T::FLOATS {
        return None;
    }
    let Misfit { path, reason } = record.find_misfit()?;
    let path = path.strip_prefix('.').map_or_else(|| path.clone(), str::to_owned);
    Some(Misfit { path, reason })
}

/// What stands in the field `name`.
#[cold]
#[must_use]
pub fn join(name: &str, misfit: Misfit) -> Misfit {
    misfit.below(&format!(".{name}"))
}

/// The name of an enum's variant. It is borrowed for ever: the derive makes it of a literal.
#[must_use]
#[inline]
pub fn name_of<T: Key>(variant: &T) -> &str {
    match variant.text() {
        Cow::Borrowed(name) => name,
        Cow::Owned(_) => "",
    }
}

/// Adds an enum's variant, or null, to the statistics of its column.
#[inline]
pub fn observe_name<T: Key>(variant: Option<&T>, to: &mut Gauges) {
    to.name(variant.map(name_of));
}

/// The name of an enum's variant, to compare with.
#[must_use]
pub fn name_literal<T: Key>(variant: &T) -> Literal {
    Literal::Name(name_of(variant).to_owned())
}

macro_rules! parts {
    ($($name:ident $part:ident)*) => {$(
        /// The part of a time that is a partition key.
        #[must_use]
        pub fn $name(time: DateTime<Utc>) -> Cow<'static, str> {
            Cow::Owned($part(time))
        }
    )*};
}

parts!(hour_text hour day_text day month_text month year_text year);
