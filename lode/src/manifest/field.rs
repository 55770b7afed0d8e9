//! JSON objects in which everything may be missing.

use std::borrow::Cow;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::FormatVersion;
use super::rules::Bad;

/// A value that may be missing or null.
#[derive(Default)]
pub(super) enum Field<T> {
    #[default]
    Absent,
    Null,
    Is(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Is))
    }
}

impl<T> Field<T> {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(super) fn required(self, name: &str) -> Result<T, Bad> {
        match self {
            Self::Is(value) => Ok(value),
            Self::Null => Err(Bad::new(name, "is null")),
            Self::Absent => Err(Bad::new(name, "is missing")),
        }
    }

    /// lode leaves out what it has not; of Go's encoder null means the same.
    pub(super) fn optional(self, name: &str, version: FormatVersion) -> Result<Option<T>, Bad> {
        match self {
            Self::Is(value) => Ok(Some(value)),
            Self::Absent => Ok(None),
            Self::Null if version.is_go() => Ok(None),
            Self::Null => Err(Bad::new(name, "is null")),
        }
    }
}

/// Reads `bytes`; on failure says at which field.
pub(super) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Bad> {
    serde_json::from_slice(bytes).map_err(|error| {
        // The same again, with the path noted; that is too slow for every day.
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let path = match serde_path_to_error::deserialize::<_, T>(&mut json) {
            Ok(_) => ".".to_owned(),
            Err(error) => error.path().to_string(),
        };
        let field = if path == "." || path.is_empty() { "$" } else { &path };
        Bad::new(field, format!("cannot be read: {error}"))
    })
}

/// A key of an object. It is copied only where it was written with escapes: a manifest has four for
/// each block.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A struct of [`Field`]s that is read from a JSON object, and from nothing else: serde's own
/// derive takes arrays too. Unknown keys are skipped, repeated ones are an error.
macro_rules! object {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Default)]
        struct $name {
            $($field: $crate::manifest::field::Field<$type>,)*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;

                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<$crate::manifest::field::Key<'_>>()? {
                            match &*key.0 {
                                $(stringify!($field) => {
                                    if !object.$field.is_absent() {
                                        let key = stringify!($field);
                                        return Err(serde::de::Error::duplicate_field(key));
                                    }
                                    object.$field = map.next_value()?;
                                })*
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }

                deserializer.deserialize_map(Object)
            }
        }
    };
}

pub(super) use object;
