//! Arrays in manifests.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::FormatVersion;
use super::rules::Bad;

/// In a tombstone, what stands in the place of the array of what the snapshot consisted of.
pub(super) const EXPIRED: &str = "expired";

/// Something in an array of a manifest.
pub(super) trait Item {
    type Checked;

    fn check(self, version: FormatVersion) -> Result<Self::Checked, Bad>;
}

pub(super) fn check_all<T: Item>(
    name: &str,
    items: Vec<T>,
    version: FormatVersion,
) -> Result<Vec<T::Checked>, Bad> {
    let checked = items
        .into_iter()
        .enumerate()
        .map(|(i, item)| item.check(version).map_err(|bad| bad.within(&format!("{name}[{i}]"))));
    checked.collect()
}

/// What a snapshot consists of: an array, or the mark of a tombstone.
pub(super) enum Content<T> {
    Items(Vec<T>),
    Expired,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Content<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
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

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Content::Items(items))
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}
