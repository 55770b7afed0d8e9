//! What the derive macros refer to. Not part of the public API: no promise is made about it.

use crate::record::{day, hour, month, year};

pub use std::borrow::Cow;
pub use std::string::String;

pub use chrono::{DateTime, Utc};
pub use serde::Serialize;
pub use serde::de::DeserializeOwned;

pub use crate::record::{
    Field, FieldSchema, Key, KeyField, Partitioned, Record, Scalar, Schema, TimeField, Type, Value,
    non_finite as json_non_finite, non_finite_with as json_non_finite_with,
};

/// [`Value::non_finite`] of a record, by [`Record::non_finite`].
#[inline]
pub fn nested_non_finite<T: Record + Value>(record: &T) -> Option<String> {
    if !T::FLOATS {
        return None;
    }
    Record::non_finite(record).map(|path| format!(".{path}"))
}

/// The path of what stands at `path` in the field `name`.
#[cold]
#[must_use]
pub fn join(name: &str, path: &str) -> String {
    format!("{name}{path}")
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
