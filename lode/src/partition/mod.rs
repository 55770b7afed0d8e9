//! Hive partitions: which one a file belongs to, and how that stands in its path.
//!
//! A partition is an ordered list of keys with a value each. In paths it is one folder a key,
//! `carrier=UA/day=2013-01-01`, with the values percent-encoded so that any text fits and comes
//! back exactly.

mod encode;
mod filter;
mod renames;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use encode::{encode_segment, parse_segment};
pub use filter::{PartitionFilter, PartitionValue};
pub(crate) use renames::Renames;

use crate::error::Error;

/// The most keys of a partition: more are not known from anywhere but damage.
const MOST_KEYS: usize = 64;

/// The partition of one file: its keys in declared order, each with a value, or `None` for null.
/// At most 64 keys.
///
/// It always fits a path: it can only be made of keys and values whose segments can be written.
///
/// ```
/// use lode::partition::Partition;
///
/// let partition = Partition::new([("carrier", Some("UA")), ("gate", None)]).unwrap();
/// assert_eq!(partition.to_string(), "carrier=UA/gate=__HIVE_DEFAULT_PARTITION__");
/// assert_eq!(partition.get("carrier"), Some(Some("UA")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(Vec<(String, Option<String>)>);

impl Partition {
    /// The partition with these keys and values.
    ///
    /// # Errors
    /// [`InvalidSegment`] for what cannot be a folder's name: see [`encode_segment`]; and for a
    /// key given twice; and for a 65th key.
    pub fn new<K, V>(
        entries: impl IntoIterator<Item = (K, Option<V>)>,
    ) -> Result<Self, InvalidSegment>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut partition = Self(Vec::new());
        for (key, value) in entries {
            partition.push(key.into(), value.map(Into::into))?;
        }
        Ok(partition)
    }

    /// The value of `key`, which may be null; `None` if it is not a key of this partition.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Option<&str>> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_deref())
    }

    /// The keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// The partition that the folders of a path say, such as the ones between `partitions/` and the
    /// file's name; `None` if one is not a partition's.
    pub(crate) fn from_folders<'a>(folders: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut partition = Self(Vec::new());
        for folder in folders {
            let (key, value) = parse_segment(folder)?;
            partition.push(key, value).ok()?;
        }
        Some(partition)
    }

    fn push(&mut self, key: String, value: Option<String>) -> Result<(), InvalidSegment> {
        if self.0.len() == MOST_KEYS {
            return Err(InvalidSegment::new(key, value, "a partition has at most 64 keys"));
        }
        if self.get(&key).is_some() {
            return Err(InvalidSegment::new(key, value, "the key is given twice"));
        }
        encode_segment(&key, value.as_deref())?;
        self.0.push((key, value));
        Ok(())
    }
}

impl fmt::Display for Partition {
    /// As it stands in paths, without slashes at the ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            encode::write_segment(f, key, value)?;
        }
        Ok(())
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Partition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of partition keys and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Partition, A::Error> {
                let mut partition = Partition(Vec::new());
                while let Some((key, value)) = map.next_entry()? {
                    partition.push(key, value).map_err(A::Error::custom)?;
                }
                Ok(partition)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A partition key or value that cannot be a folder's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("partition key `{key}` cannot have the value {}: {reason}", text(value))]
pub struct InvalidSegment {
    /// The key.
    pub key: String,
    /// The value; `None` for null.
    pub value: Option<String>,
    /// What is wrong with one of them.
    pub reason: &'static str,
}

impl InvalidSegment {
    fn new(key: impl Into<String>, value: Option<String>, reason: &'static str) -> Self {
        Self { key: key.into(), value, reason }
    }

    /// The error of a write whose record `row` has this value.
    pub(crate) fn at_row(self, row: u64) -> Error {
        let value = self.value.unwrap_or_else(|| "null".to_owned());
        Error::InvalidPartition { row, key: self.key, value, reason: self.reason }
    }
}

fn text(value: &Option<String>) -> String {
    value.as_ref().map_or_else(|| "null".to_owned(), |value| format!("{value:?}"))
}
