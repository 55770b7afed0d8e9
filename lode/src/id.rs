//! Ids of datasets, volumes, snapshots, writes and sessions.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::error::{Error, Result};

/// The name of something that is stored.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// The id `name`.
            ///
            /// # Errors
            /// [`Error::InvalidId`] that says what is wrong with it.
            pub fn new(name: impl Into<String>) -> Result<Self> {
                let name = name.into();
                match invalid_name(&name) {
                    None => Ok(Self(Cow::Owned(name))),
                    Some(reason) => Err(Error::InvalidId { kind: $kind, id: name, reason }),
                }
            }

            /// The id `name`, for constants.
            ///
            /// # Panics
            /// If `name` is not a valid id; in a constant, that is a compile error.
            #[must_use]
            #[allow(clippy::panic)]
            pub const fn from_static(name: &'static str) -> Self {
                match invalid_name(name) {
                    None => Self(Cow::Borrowed(name)),
                    Some(reason) => panic!("{}", reason),
                }
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(name: &str) -> Result<Self> {
                Self::new(name)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;

            fn try_from(name: &str) -> Result<Self> {
                Self::new(name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(name: String) -> Result<Self> {
                Self::new(name)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = Error;

            fn try_from(name: &String) -> Result<Self> {
                Self::new(name.as_str())
            }
        }

        impl TryFrom<&Self> for $name {
            type Error = Error;

            fn try_from(id: &Self) -> Result<Self> {
                Ok(id.clone())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

name! {
    /// The name of a dataset: 1 to 255 bytes of `A–Z a–z 0–9 . _ -`, not beginning with a dot, and
    /// neither `datasets` nor `volumes` in any case. Checked where it is made, never again.
    ///
    /// ```
    /// use lode::DatasetId;
    ///
    /// const FLIGHTS: DatasetId = DatasetId::from_static("flights");   // checked by the compiler
    /// assert_eq!(FLIGHTS.as_str(), "flights");
    /// assert!("../flights".parse::<DatasetId>().is_err());
    /// ```
    DatasetId, "dataset"
}

name! {
    /// The name of a volume; the rules are those of a [`DatasetId`]. A dataset and a volume may have
    /// the same name.
    ///
    /// ```
    /// use lode::VolumeId;
    ///
    /// const DISK: VolumeId = VolumeId::from_static("disk");
    /// assert!("a/b".parse::<VolumeId>().is_err());
    /// ```
    VolumeId, "volume"
}

/// What is wrong with a name, if anything.
const fn invalid_name(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > 255 {
        return Some("an id has 1 to 255 bytes");
    }
    if bytes[0] == b'.' {
        return Some("an id does not begin with a dot");
    }
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-') {
            return Some("an id is made of A-Z a-z 0-9 . _ -");
        }
        i += 1;
    }
    if bytes.eq_ignore_ascii_case(b"datasets") || bytes.eq_ignore_ascii_case(b"volumes") {
        return Some("`datasets` and `volumes` are reserved");
    }
    None
}

/// What a snapshot is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A dataset.
    Dataset(DatasetId),
    /// A volume.
    Volume(VolumeId),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dataset(id) => write!(f, "dataset `{id}`"),
            Self::Volume(id) => write!(f, "volume `{id}`"),
        }
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// The number of a snapshot.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number, which is in `1..2^63`.
            ///
            /// # Errors
            /// [`Error::InvalidId`] for 0 and for numbers of 2^63 and above.
            pub fn new(number: u64) -> Result<Self> {
                Self::checked(number).ok_or_else(|| invalid_number(number.to_string()))
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            pub(crate) const fn checked(number: u64) -> Option<Self> {
                if number > 0 && number <= i64::MAX as u64 { Some(Self(number)) } else { None }
            }

            /// As it stands in storage: 19 digits.
            pub(crate) fn padded(self) -> String {
                format!("{:019}", self.0)
            }

            /// Either spelling; nothing but digits.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                Self::checked(digits.then(|| text.parse().ok())??)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::parse(text).ok_or_else(|| invalid_number(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.padded())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

number! {
    /// The number of a snapshot in its dataset, from 1. lode's ids are dense: the child of snapshot 4
    /// is snapshot 5. (Go Lode's are Unix nanoseconds; a lode writer goes on from there by one.)
    ///
    /// It is printed plainly (`42`); in storage it has 19 digits, so that names sort as numbers do.
    /// Both spellings parse.
    ///
    /// ```
    /// let id: lode::SnapshotId = "0000000000000000042".parse()?;
    /// assert_eq!(id.to_string(), "42");
    /// # Ok::<(), lode::Error>(())
    /// ```
    SnapshotId
}

number! {
    /// The number of a snapshot in its volume, as a [`SnapshotId`] is that in a dataset. They are
    /// different types, so that neither is taken for the other.
    ///
    /// ```
    /// let id = lode::VolumeSnapshotId::new(3)?;
    /// assert_eq!(id.to_string(), "3");
    /// # Ok::<(), lode::Error>(())
    /// ```
    VolumeSnapshotId
}

impl SnapshotId {
    /// The first id of a history.
    pub(crate) const FIRST: Self = Self(1);

    /// The id after this one.
    pub(crate) fn next(self) -> Result<Self> {
        Self::new(self.0 + 1)
    }
}

impl VolumeSnapshotId {
    /// As the protocol counts, which is the same for datasets and volumes.
    pub(crate) const fn number(self) -> SnapshotId {
        SnapshotId(self.0)
    }

    pub(crate) const fn of(number: SnapshotId) -> Self {
        Self(number.0)
    }

    /// The id after this one.
    pub(crate) fn next(self) -> Result<Self> {
        Self::new(self.0 + 1)
    }
}

fn invalid_number(id: String) -> Error {
    let reason = "a snapshot id is a positive integer below 2^63";
    Error::InvalidId { kind: "snapshot", id, reason }
}

/// The id of something that is attempted once: a UUID version 7, as 32 lower-case hex digits.
macro_rules! attempt {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub(crate) fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// Exactly 32 lower-case hex digits.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                let plain = text.len() == 32
                    && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
                if plain { Uuid::try_parse(text).ok().map(Self) } else { None }
            }

            pub(crate) fn as_u128(self) -> u128 {
                self.0.as_u128()
            }

            /// When it began, by its writer's clock; `None` if it is not of version 7.
            pub(crate) fn began(self) -> Option<DateTime<Utc>> {
                let is_v7 = self.0.get_version_num() == 7
                    && self.0.get_variant() == uuid::Variant::RFC4122;
                // Its first 48 bits are milliseconds since 1970 (RFC 9562 §5.7).
                let millis = i64::try_from(self.0.as_u128() >> 80).ok()?;
                if is_v7 { DateTime::from_timestamp_millis(millis) } else { None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(concat!($what, " has 32 lower-case hex digits"))
                })
            }
        }
    };
}

attempt! {
    /// The id of one attempt to write: a UUID version 7, as 32 lower-case hex digits.
    WriteId, "a write id"
}

attempt! {
    /// The id of a staging session of a volume: a UUID version 7, as 32 lower-case hex digits. The
    /// blocks that a session staged have it in their names, so that another process can go on with
    /// them.
    SessionId, "a session id"
}

impl FromStr for SessionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Error::InvalidId {
            kind: "session",
            id: text.to_owned(),
            reason: "a session id has 32 lower-case hex digits",
        })
    }
}
