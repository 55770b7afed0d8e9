//! What a snapshot says about itself: a JSON object that is never absent.

mod check;
mod draft;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use draft::{DraftValue, MetadataDraft};

use crate::error::{Error, Result};

/// How deep metadata may be nested. A manifest that holds it stays within what JSON parsers read
/// (serde_json stops at 128 levels).
const MAX_DEPTH: usize = 100;

/// The metadata of a snapshot: a JSON object, with its keys sorted at every depth.
///
/// Every write takes metadata, made by [`metadata!`](crate::metadata), by a struct with
/// `#[derive(lode::Metadata)]`, or said to be empty by [`Metadata::empty`].
///
/// ```
/// use lode::{IntoMetadata, Metadata, metadata};
///
/// let metadata = metadata! { "source": "bts", "months": [1, 2] }.into_metadata()?;
/// assert_eq!(metadata.to_string(), r#"{"months":[1,2],"source":"bts"}"#);
/// assert_eq!(metadata.get("source").and_then(|v| v.as_str()), Some("bts"));
/// assert!(Metadata::empty().is_empty());
/// # Ok::<(), lode::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// No entries.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The metadata that `value` serializes to, which must be a JSON object: a struct with named
    /// fields, or a map.
    ///
    /// # Errors
    /// [`Error::InvalidMetadata`] with the path of what JSON cannot hold: floats that are NaN or
    /// infinite, integers beyond 64 bits, more than 100 levels; or with an empty path if it is not
    /// an object.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        match check::to_value(value)? {
            Value::Object(entries) => Ok(Self::sorted(entries)),
            other => Err(invalid("", format!("must be a JSON object, not {}", kind(&other)))),
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The entries, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The number of entries, not counting nested ones.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These entries as a struct.
    ///
    /// # Errors
    /// [`Error::InvalidMetadata`] with the path of the entry that does not fit `M`.
    pub fn parse_as<M: DeserializeOwned>(&self) -> Result<M> {
        let entries = Value::Object(self.0.clone());
        serde_path_to_error::deserialize(entries).map_err(|error| {
            let path = error.path().to_string();
            invalid(if path == "." { "" } else { &path }, error.inner().to_string())
        })
    }

    /// With `serde_json`'s feature `preserve_order`, which any crate of the program can switch on,
    /// its maps are not sorted by themselves.
    fn sorted(mut entries: Map<String, Value>) -> Self {
        entries.sort_keys();
        entries.values_mut().for_each(Value::sort_all_objects);
        Self(entries)
    }
}

impl fmt::Display for Metadata {
    /// Compact JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Map::deserialize(deserializer)?;
        match entries.values().all(|value| check::is_shallow(value, MAX_DEPTH - 1)) {
            true => Ok(Self::sorted(entries)),
            false => Err(D::Error::custom("is nested deeper than 100 levels")),
        }
    }
}

/// What can be the metadata of a snapshot: [`Metadata`], a [`MetadataDraft`] made by
/// [`metadata!`](crate::metadata), or a struct with `#[derive(lode::Metadata)]`.
///
/// An `Option` is not: every snapshot has metadata, and a snapshot that has nothing to say says so
/// with [`Metadata::empty`].
#[diagnostic::on_unimplemented(
    message = "every snapshot has metadata, and `{Self}` is not metadata",
    label = "not metadata",
    note = "write `metadata! {{ \"key\": value }}` or `Metadata::empty()`, or add `#[derive(lode::Metadata)]` to a struct of your own"
)]
pub trait IntoMetadata {
    /// The metadata, checked.
    ///
    /// # Errors
    /// [`Error::InvalidMetadata`] with the path of what JSON cannot hold.
    fn into_metadata(self) -> Result<Metadata>;
}

#[diagnostic::do_not_recommend]
impl IntoMetadata for Metadata {
    fn into_metadata(self) -> Result<Metadata> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoMetadata for &Metadata {
    fn into_metadata(self) -> Result<Metadata> {
        Ok(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl IntoMetadata for MetadataDraft {
    fn into_metadata(self) -> Result<Metadata> {
        self.build()
    }
}

/// The metadata that a struct with `#[derive(lode::Metadata)]` is.
#[doc(hidden)]
pub fn metadata_of<T: Serialize + ?Sized>(value: &T) -> Result<Metadata> {
    Metadata::of(value)
}

fn invalid(path: &str, reason: impl Into<String>) -> Error {
    Error::InvalidMetadata { path: path.to_owned(), reason: reason.into() }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
