//! Which partitions a read opens.

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
pub struct PartitionFilter(Vec<(String, PartitionValue)>);

impl PartitionFilter {
    /// All partitions.
    pub fn new() -> Self {
        Self::default()
    }

    /// This filter with one more pair; `None` as the value is null.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<PartitionValue>) -> Self {
        self.push(key, value);
        self
    }

    /// Adds a pair.
    pub(crate) fn push(&mut self, key: impl Into<String>, value: impl Into<PartitionValue>) {
        self.0.push((key.into(), value.into()));
    }

    /// Whether every partition matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that have values here, in the order they were added; a key can come more than once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// Whether `partition` is wanted. One that has not all keys of the filter is not.
    #[must_use]
    pub fn matches(&self, partition: &Partition) -> bool {
        self.keys().all(|key| match partition.get(key) {
            Some(found) => self.0.iter().any(|(k, v)| k == key && v.as_str() == found),
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
