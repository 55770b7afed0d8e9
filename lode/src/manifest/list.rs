//! Arrays in manifests.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::FormatVersion;
use super::rules::Bad;

/// In a tombstone, what stands in the place of the array of what the snapshot consisted of.
pub(super) const EXPIRED: &str = "expired";

/// Something in an array of a manifest.
pub(super) trait Item {
    type Checked;

    /// Whether it says which one it is.
    fn is_named(&self) -> bool;

    fn check(self, version: FormatVersion) -> Result<Self::Checked, Bad>;
}

pub(super) fn check_all<T: Item>(
    name: &str,
    items: Items<T>,
    version: FormatVersion,
) -> Result<Vec<T::Checked>, Bad> {
    let checked =
        items.0.into_iter().enumerate().map(|(i, item)| {
            item.check(version).map_err(|bad| bad.within(&format!("{name}[{i}]")))
        });
    checked.collect()
}

/// An array of them. After one without a name none is kept: an empty object takes a hundred times the memory
/// that it takes in the manifest.
#[derive(Debug)]
pub(super) struct Items<T>(pub(super) Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Item + Deserialize<'de>> Items<T> {
    fn read<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<T>()? {
            let is_named = item.is_named();
            items.push(item);
            if !is_named {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
            }
        }
        Ok(Self(items))
    }
}

impl<'de, T: Item + Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array<T>(PhantomData<T>);

        impl<'de, T: Item + Deserialize<'de>> Visitor<'de> for Array<T> {
            type Value = Items<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Items<T>, A::Error> {
                Items::read(seq)
            }
        }

        deserializer.deserialize_seq(Array(PhantomData))
    }
}

/// What a snapshot consists of: an array, or the mark of a tombstone.
pub(super) enum Content<T> {
    Items(Items<T>),
    Expired,
}

impl<'de, T: Item + Deserialize<'de>> Deserialize<'de> for Content<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Item + Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Content<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array or \"expired\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Content<T>, E> {
                match text == EXPIRED {
                    true => Ok(Content::Expired),
                    false => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Content<T>, A::Error> {
                Items::read(seq).map(Content::Items)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}
