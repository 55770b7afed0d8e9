//! Partitions by a name of an enum are called by that name: where it has changed since, they are still
//! the same.

use std::borrow::Cow;

use super::{Partition, PartitionFilter};
use crate::record::{FieldSchema, Type, VariantSchema};

/// The names of a record's enums, each of which may have had others (`#[serde(alias)]`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Renames(Vec<(&'static FieldSchema, &'static [VariantSchema])>);

impl Renames {
    pub(crate) fn of(fields: &'static [FieldSchema]) -> Self {
        let renamed = |field: &'static FieldSchema| match field.ty {
            Type::Enum(variants) if variants.iter().any(|it| !it.aliases.is_empty()) => {
                Some((field, variants))
            }
            _ => None,
        };
        Self(fields.iter().filter_map(renamed).collect())
    }

    /// The partition by the names of today.
    pub(crate) fn partition<'a>(&self, partition: Cow<'a, Partition>) -> Cow<'a, Partition> {
        let is_same = |(key, value): (&str, Option<&str>)| {
            value.is_none_or(|text| self.name(key, text).is_none_or(|name| name == text))
        };
        if self.0.is_empty() || partition.iter().all(is_same) {
            return partition;
        }
        let mut partition = partition.into_owned();
        for (key, value) in &mut partition.0 {
            if let Some(text) = value
                && let Some(name) = self.name(key, text)
            {
                name.clone_into(text);
            }
        }
        Cow::Owned(partition)
    }

    /// The filter by the names of today.
    pub(crate) fn filter(&self, filter: &PartitionFilter) -> PartitionFilter {
        if self.0.is_empty() {
            return filter.clone();
        }
        filter.map(|key, text| self.name(key, text).unwrap_or(text).to_owned())
    }

    /// What the variant that is called `text` is called now; `None` if there is no such variant.
    fn name(&self, key: &str, text: &str) -> Option<&'static str> {
        let is_key = |field: &FieldSchema| field.name == key || field.aliases.contains(&key);
        let (_, variants) = self.0.iter().find(|(field, _)| is_key(field))?;
        let is_called = |it: &&VariantSchema| it.name == text || it.aliases.contains(&text);
        variants.iter().find(is_called).map(|variant| variant.name)
    }
}
