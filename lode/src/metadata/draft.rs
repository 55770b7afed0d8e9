//! `metadata!` and what it makes.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{MAX_DEPTH, Metadata, check, invalid};
use crate::error::{Error, Result};

/// Entries of metadata that are not checked yet: what [`metadata!`](crate::metadata) makes, so
/// that the macro itself cannot fail. Every function that takes metadata takes a draft, and
/// returns the error of [`build`](Self::build).
#[derive(Debug, Clone, Default)]
#[must_use = "a draft becomes metadata by being given to a write, or by `build`"]
pub struct MetadataDraft(Vec<(String, DraftValue)>);

/// A value of a draft.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub enum DraftValue {
    Json(Value),
    Array(Vec<DraftValue>),
    Object(MetadataDraft),
    Invalid { path: String, reason: String },
}

impl MetadataDraft {
    /// A draft without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// This draft with one more entry.
    pub fn with<V: Serialize + ?Sized>(mut self, key: impl Into<String>, value: &V) -> Self {
        self.push(key, DraftValue::of(value));
        self
    }

    /// The metadata.
    ///
    /// # Errors
    /// [`Error::InvalidMetadata`] with the path of what JSON cannot hold (floats that are NaN or
    /// infinite, integers beyond 64 bits, more than 100 levels), or of a key that is given twice.
    pub fn build(self) -> Result<Metadata> {
        Ok(Metadata::sorted(self.entries("", MAX_DEPTH)?))
    }

    #[doc(hidden)]
    pub fn push(&mut self, key: impl Into<String>, value: DraftValue) {
        self.0.push((key.into(), value));
    }

    fn entries(self, path: &str, depth: usize) -> Result<Map<String, Value>> {
        let mut entries = Map::new();
        for (key, value) in self.0 {
            let path = check::key_path(path, &key);
            let value = value.build(&path, depth.saturating_sub(1))?;
            if entries.insert(key, value).is_some() {
                return Err(invalid(&path, "is given twice"));
            }
        }
        Ok(entries)
    }
}

impl DraftValue {
    pub fn of<V: Serialize + ?Sized>(value: &V) -> Self {
        match check::to_value(value) {
            Ok(value) => Self::Json(value),
            Err(Error::InvalidMetadata { path, reason }) => Self::Invalid { path, reason },
            Err(other) => Self::Invalid { path: String::new(), reason: other.to_string() },
        }
    }

    pub fn array() -> Self {
        Self::Array(Vec::new())
    }

    pub fn push_item(&mut self, item: Self) {
        if let Self::Array(items) = self {
            items.push(item);
        }
    }

    fn build(self, path: &str, depth: usize) -> Result<Value> {
        match self {
            Self::Json(value) if check::is_shallow(&value, depth) => Ok(value),
            Self::Json(_) => Err(invalid(path, check::TOO_DEEP)),
            Self::Invalid { path: inner, reason } => {
                Err(invalid(&check::join(path, &inner), reason))
            }
            Self::Array(_) | Self::Object(_) if depth == 0 => Err(invalid(path, check::TOO_DEEP)),
            Self::Object(draft) => Ok(Value::Object(draft.entries(path, depth)?)),
            Self::Array(items) => {
                let items = items.into_iter().enumerate();
                let values = items.map(|(i, item)| item.build(&format!("{path}[{i}]"), depth - 1));
                Ok(Value::Array(values.collect::<Result<_>>()?))
            }
        }
    }
}

/// Metadata, written as in JSON: `metadata! { "key": value, … }`.
///
/// Values are literals, any expression that serde can serialize, nested `{ … }` and `[ … ]`, and
/// `null`. Keys are string literals, names of constants, or expressions in parentheses. The result
/// is a [`MetadataDraft`]: what JSON cannot hold (a float that is NaN, a key given twice) is an
/// error of the write it is given to, before anything is stored.
///
/// ```
/// use lode::metadata;
///
/// let run = 7;
/// let draft = metadata! {
///     "source": "bts",
///     "run": run,
///     "range": { "from": "2013-01", "to": null },
///     "tags": ["raw", format!("run-{run}")],
/// };
/// assert_eq!(draft.build()?.get("tags").unwrap()[1], "run-7");
///
/// let error = metadata! { "limits": { "max": f64::NAN } }.build().unwrap_err();
/// assert_eq!(error.to_string(), "metadata at `limits.max`: NaN is not a JSON number");
/// # Ok::<(), lode::Error>(())
/// ```
#[macro_export]
macro_rules! metadata {
    ($($entries:tt)*) => {{
        #[allow(unused_mut)]
        let mut draft = $crate::MetadataDraft::new();
        $crate::__metadata_entries!(draft; $($entries)*);
        draft
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metadata_entries {
    ($draft:ident;) => {};
    ($draft:ident; $key:tt : null $(, $($rest:tt)*)?) => {
        $draft.push($key, $crate::__metadata_value!(null));
        $crate::__metadata_entries!($draft; $($($rest)*)?);
    };
    ($draft:ident; $key:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $draft.push($key, $crate::__metadata_value!({ $($inner)* }));
        $crate::__metadata_entries!($draft; $($($rest)*)?);
    };
    ($draft:ident; $key:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $draft.push($key, $crate::__metadata_value!([ $($inner)* ]));
        $crate::__metadata_entries!($draft; $($($rest)*)?);
    };
    ($draft:ident; $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        $draft.push($key, $crate::__metadata_value!($value));
        $crate::__metadata_entries!($draft; $($($rest)*)?);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metadata_items {
    ($array:ident;) => {};
    ($array:ident; null $(, $($rest:tt)*)?) => {
        $array.push_item($crate::__metadata_value!(null));
        $crate::__metadata_items!($array; $($($rest)*)?);
    };
    ($array:ident; { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $array.push_item($crate::__metadata_value!({ $($inner)* }));
        $crate::__metadata_items!($array; $($($rest)*)?);
    };
    ($array:ident; [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $array.push_item($crate::__metadata_value!([ $($inner)* ]));
        $crate::__metadata_items!($array; $($($rest)*)?);
    };
    ($array:ident; $value:expr $(, $($rest:tt)*)?) => {
        $array.push_item($crate::__metadata_value!($value));
        $crate::__metadata_items!($array; $($($rest)*)?);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metadata_value {
    (null) => {
        $crate::__private::DraftValue::of(&())
    };
    ({ $($inner:tt)* }) => {
        $crate::__private::DraftValue::Object($crate::metadata! { $($inner)* })
    };
    ([ $($inner:tt)* ]) => {{
        #[allow(unused_mut)]
        let mut array = $crate::__private::DraftValue::array();
        $crate::__metadata_items!(array; $($inner)*);
        array
    }};
    ($value:expr) => {
        $crate::__private::DraftValue::of(&$value)
    };
}
