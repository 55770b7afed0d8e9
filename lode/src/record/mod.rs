//! Record types: what `#[derive(Record)]` generates, and the traits that judge field types.
//!
//! | trait | question | implemented for |
//! |---|---|---|
//! | [`Record`] | can a dataset hold it? | structs, by the derive |
//! | [`Field`] | can it be a field of a record? | every [`Value`], and `Option` of it |
//! | [`Value`] | can it be stored, never null? | the built-in types, records, enums |
//! | [`TimeField`], [`Time`] | does it say when? | times in UTC |
//! | [`KeyField`], [`Key`] | can records be partitioned by it? | strings, integers, bools, dates, enums |
//! | [`SortField`], [`Sort`] | can Parquet files be sorted by it? | strings, bytes, integers, bools, dates, times, UUIDs |
//! | [`BloomField`], [`Bloom`] | can Parquet files have a bloom filter of it? | the same, but bools |
//!
//! # Evolution
//!
//! Each file of a snapshot has the schema it was written with, and a record type reads the files of
//! other schemas by the names of their fields, if nothing of the values that it asks for is changed
//! by that:
//!
//! | change of the record type | |
//! |---|---|
//! | a field is added | if it is an `Option` or has `#[serde(default)]`, itself or on the struct |
//! | a field is removed | read without it; not with `#[serde(deny_unknown_fields)]` |
//! | fields are in another order | |
//! | a field or a name of an enum is renamed | with `#[serde(alias = "…")]` for the old name |
//! | an integer becomes wider | also from unsigned to a wider signed one; never to a float |
//! | `f32` becomes `f64` | JSON holds the shortest decimal: `0.1_f32` is read as `0.1_f64` |
//! | a field becomes an `Option` | |
//! | an enum gets another name | |
//!
//! The same holds inside of lists, maps and nested records. An array is a list in a schema, without
//! its length: a file of lists of another length is taken for readable, and is
//! [`Error::Decode`](crate::Error::Decode) when it is read; bincode and postcard know the length. All else is refused with the difference,
//! field by field ([`Error::SchemaMismatch`](crate::Error::SchemaMismatch)): when a snapshot is read,
//! before the first of its files is; when one is extended, for every file that stays in it. A plain
//! `write`, after which no older file stays, may change everything. Codecs that store no names of
//! fields (bincode, postcard) read exactly the schema they wrote.

mod bytes;
#[cfg(feature = "parquet")]
pub(crate) mod columnar;
mod field;
mod key;
pub(crate) mod misfit;
#[cfg(not(feature = "parquet"))]
mod not_columnar;
mod order;
mod schema;
pub(crate) mod stats;
mod time;
mod value;

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use bytes::Bytes;
#[cfg(feature = "parquet")]
#[doc(hidden)]
pub use columnar::Columnar;
pub use field::{Field, Value};
pub use key::{Key, KeyField};
pub use misfit::Misfit;
#[cfg(not(feature = "parquet"))]
#[doc(hidden)]
pub use not_columnar::Columnar;
pub use order::{Bloom, BloomField, Sort, SortField};
#[cfg(feature = "testing")]
pub(crate) use schema::changes;
pub(crate) use schema::readable;
#[cfg(any(feature = "bincode", feature = "postcard"))]
pub(crate) use schema::shape;
pub use schema::{
    Element, FieldSchema, RecordElement, RecordField, RecordSchema, RecordType, Scalar, Schema,
    SchemaChange, SchemaChangeKind, SchemaDiff, Type, VariantSchema,
};
pub use time::{Time, TimeField};

pub(crate) use schema::MAX_DEPTH;
pub(crate) use time::{day, hour, month, year};

/// A struct that a [`Dataset`](crate::Dataset) can hold. Derive it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lode record",
    label = "not a record",
    note = "add `#[derive(serde::Serialize, serde::Deserialize, lode::Record)]` to it"
)]
pub trait Record: Value + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The record's schema.
    const SCHEMA: Schema;

    /// The serialized name of the `#[lode(timestamp)]` field, if there is one.
    const TIMESTAMP: Option<&'static str> = None;

    /// The value of the `#[lode(timestamp)]` field, if there is one and it is set.
    fn timestamp(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// The fields to sort by: the names of those with `#[lode(sort)]`, in declared order.
    #[doc(hidden)]
    const SORT: &'static [&'static str] = &[];

    /// The names of the fields with `#[lode(bloom)]`.
    #[doc(hidden)]
    const BLOOM: &'static [&'static str] = &[];

    /// Compares by the fields of [`SORT`](Self::SORT); nulls come first.
    #[doc(hidden)]
    fn compare(&self, other: &Self) -> Ordering {
        let _ = other;
        Ordering::Equal
    }

    /// The first thing in it that JSON does not take: a float that is NaN or infinite, which JSON has
    /// not, or a `#[lode(json)]` field that is nested too deep to be read again.
    fn misfit(&self) -> Option<Misfit>;

    /// The struct that [`columns`](Self::columns) returns: it has a field for each stored field of
    /// the record, of the same name: its [`Column`](crate::predicate::Column).
    type Columns;

    /// The record's columns, to make a [`Predicate`](crate::predicate::Predicate) of.
    ///
    /// ```
    /// use lode::Record;
    ///
    /// #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// struct Flight { origin: String, dep_delay: Option<i32> }
    ///
    /// let wanted = Flight::columns().dep_delay.gt(60) & Flight::columns().origin.eq("JFK");
    /// assert_eq!(wanted.to_string(), r#"dep_delay > 60 and origin = "JFK""#);
    /// ```
    fn columns() -> Self::Columns;
}

/// A record with `#[lode(partition)]` fields; the derive implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no partition key",
    label = "not partitioned",
    note = "records: mark the field or fields to partition by with `#[lode(partition)]`; blobs have no partitions"
)]
pub trait Partitioned: Record {
    /// The partition keys, in declared order.
    const KEYS: &'static [&'static str];

    /// The value of the key at `index` of [`KEYS`](Self::KEYS), as it stands in the path before
    /// percent-encoding; `None` for null.
    fn partition_value(&self, index: usize) -> Option<Cow<'_, str>>;
}
