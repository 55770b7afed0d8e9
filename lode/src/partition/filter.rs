//! Which partitions a read opens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::Partition;

/// The partitions a read wants: all pairs of a key and a value that were added, where several values
/// of one key mean any of them, and several keys mean all of them.
///
/// ```
/// use lode::{PartitionFilter, partition::Partition};
///
/// let wanted = PartitionFilter::new().with("carrier", "UA").with("carrier", "AA").with("month", 1);
/// let file = Partition::new([("carrier", Some("AA")), ("month", Some("1"))]).unwrap();
/// assert!(wanted.matches(&file));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct PartitionFilter(BTreeMap<String, Values>);

/// The values of one key, any of which is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Values {
    null: bool,
    texts: BTreeSet<String>,
}

impl PartitionFilter {
    /// All partitions.
    pub fn new() -> Self {
        Self::default()
    }

    /// This filter with one more pair; `None` as the value is null.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<PartitionValue>) -> Self {
        let values = self.0.entry(key.into()).or_default();
        match value.into().0 {
            Some(text) => _ = values.texts.insert(text),
            None => values.null = true,
        }
        self
    }

    /// Whether every partition matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that have values here, sorted, each once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The same filter, with other texts.
    pub(super) fn map(&self, text: impl Fn(&str, &str) -> String) -> Self {
        let values = |(key, values): (&String, &Values)| {
            let texts = values.texts.iter().map(|old| text(key, old)).collect();
            (key.clone(), Values { null: values.null, texts })
        };
        Self(self.0.iter().map(values).collect())
    }

    /// Whether `partition` is wanted. One that has not all keys of the filter is not.
    #[must_use]
    pub fn matches(&self, partition: &Partition) -> bool {
        self.0.iter().all(|(key, values)| match partition.get(key) {
            Some(Some(text)) => values.texts.contains(text),
            Some(None) => values.null,
            None => false,
        })
    }
}

/// A value to look for in a [`PartitionFilter`]: text, an integer, a bool, a date, or null
/// (`None`), compared by the text that stands in the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartitionValue(Option<String>);

impl PartitionValue {
    /// Null.
    pub const NULL: Self = Self(None);

    /// The text; `None` for null.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<T: Into<Self>> From<Option<T>> for PartitionValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NULL, Into::into)
    }
}

impl From<String> for PartitionValue {
    fn from(value: String) -> Self {
        Self(Some(value))
    }
}

macro_rules! by_display {
    ($($type:ty),*) => {
        $(impl From<$type> for PartitionValue {
            fn from(value: $type) -> Self {
                Self(Some(value.to_string()))
            }
        })*
    };
}

by_display!(&str, &String, bool, i8, i16, i32, i64, u8, u16, u32, u64, NaiveDate);
