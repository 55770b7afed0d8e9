//! Where the objects of a dataset lie in the store.

mod names;
mod paths;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(crate) use paths::{Paths, folder_id};

use crate::record::Partitioned;

/// A layout that can hold content of type `T`; it is sealed. [`DefaultLayout`] and [`FlatLayout`]
/// hold everything, [`HiveLayout`] records with partition keys.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layout for `{T}`",
    label = "not a layout for it",
    note = "use `DefaultLayout`, `FlatLayout`, or for partitioned records `HiveLayout`"
)]
pub trait Layout<T>: sealed::Layout<T> {}

/// A layout in which datasets can be listed, as a [`Catalog`](crate::Catalog) does it; it is sealed.
#[diagnostic::on_unimplemented(
    message = "datasets of `{Self}` cannot be listed",
    label = "this layout has no folder of its own for datasets",
    note = "use `DefaultLayout` or `HiveLayout`"
)]
pub trait ListableLayout: sealed::Listable {}

/// A folder for each dataset under `datasets/`, with its manifests under `snapshots/` and its data
/// under `data/`. The layout to use unless there is a reason for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DefaultLayout;

/// Data files under one folder for each partition, `carrier=UA/day=2013-01-01/`, as Hive has it.
/// Reads that name partitions open only matching files. For records with `#[lode(partition)]`
/// fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HiveLayout;

/// As [`DefaultLayout`], with the datasets directly at the store's root. They cannot be listed; and as
/// manifests have no folder of their own, listing a dataset's snapshots lists all of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlatLayout;

impl<T> Layout<T> for DefaultLayout {}
impl<T> Layout<T> for FlatLayout {}
impl<T: Partitioned> Layout<T> for HiveLayout {}

impl ListableLayout for DefaultLayout {}
impl ListableLayout for HiveLayout {}

/// How records are divided over partitions.
pub struct Partitioning<T> {
    /// The keys, in declared order.
    pub(crate) keys: &'static [&'static str],
    /// The value of the key at an index of `keys`; `None` for null.
    pub(crate) value: fn(&T, usize) -> Option<Cow<'_, str>>,
}

impl<T> Partitioning<T> {
    /// The values of all keys.
    pub(crate) fn values(&self, record: &T) -> Vec<Option<String>> {
        let values = (0..self.keys.len()).map(|key| (self.value)(record, key));
        values.map(|value| value.map(Cow::into_owned)).collect()
    }
}

impl<T> Clone for Partitioning<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Partitioning<T> {}

mod sealed {
    use super::{DefaultLayout, FlatLayout, HiveLayout, Partitioned, Partitioning, Paths};

    pub trait Layout<T>: Clone + std::fmt::Debug + Send + Sync + 'static {
        fn paths(&self) -> Paths;

        fn partitioning(&self) -> Option<Partitioning<T>> {
            None
        }
    }

    pub trait Listable: Clone + std::fmt::Debug + Send + Sync + 'static {
        fn paths(&self) -> Paths;
    }

    impl<T> Layout<T> for DefaultLayout {
        fn paths(&self) -> Paths {
            Paths::Default
        }
    }

    impl<T> Layout<T> for FlatLayout {
        fn paths(&self) -> Paths {
            Paths::Flat
        }
    }

    impl<T: Partitioned> Layout<T> for HiveLayout {
        fn paths(&self) -> Paths {
            Paths::Hive
        }

        fn partitioning(&self) -> Option<Partitioning<T>> {
            Some(Partitioning { keys: T::KEYS, value: T::partition_value })
        }
    }

    impl Listable for DefaultLayout {
        fn paths(&self) -> Paths {
            Paths::Default
        }
    }

    impl Listable for HiveLayout {
        fn paths(&self) -> Paths {
            Paths::Hive
        }
    }
}
