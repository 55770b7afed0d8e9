//! Finds what JSON cannot hold, or cannot give back, in whatever serde can serialize.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::record::MAX_DEPTH;

#[cfg(test)]
mod tests;

/// How deep serde_json reads.
const READABLE: usize = 127;

/// How deep the JSON of a `#[lode(json)]` field may be: so that it can be read wherever the field
/// stands in a record. What is around it is one level of JSON for each level of types.
const MAX_LEVELS: usize = READABLE - MAX_DEPTH;

/// What keeps a record from being stored as JSON, and read again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// Where it is in the record, such as `position.lat` or `scores[2]`; of JSON that is nested too
    /// deep, the field.
    pub path: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Misfit {
    /// JSON has no such number, found at `path`.
    pub(crate) fn number(path: String) -> Self {
        Self { path, reason: "JSON has no NaN and no infinity" }
    }

    fn depth() -> Self {
        const { assert!(MAX_LEVELS == 95, "the text says it, and the documentation") };
        let reason = "its JSON is nested deeper than 95 levels, and could not be read again";
        Self { path: String::new(), reason }
    }

    /// The same, in something that stands at `parent`.
    #[must_use]
    pub(crate) fn below(self, parent: &str) -> Self {
        Self { path: format!("{parent}{}", self.path), ..self }
    }
}

/// The first thing in `value` that JSON does not take: a float that is NaN or infinite, or more levels
/// than can be read again. Its path is empty for `value` itself, else such as `[2]`, `.lat` or
/// `["key"]`.
///
/// A value that cannot be serialized has none: whoever serializes it gets that error.
pub fn misfit<T: Serialize + ?Sized>(value: &T) -> Option<Misfit> {
    misfit_with(|finder| value.serialize(finder))
}

/// As [`misfit`], for a value that a function serializes (`#[serde(with = "…")]`).
pub fn misfit_with(serialize: impl FnOnce(Finder) -> Result<(), Stop>) -> Option<Misfit> {
    match serialize(Finder { levels: 0, is_raw: false }) {
        Err(Stop::NonFinite(path)) => Some(Misfit::number(path)),
        Err(Stop::TooDeep) => Some(Misfit::depth()),
        Ok(()) | Err(Stop::Failed) => None,
    }
}

/// A serializer that keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct Finder {
    /// How many lists and objects are around the value.
    levels: usize,
    /// Whether the value is a text of JSON, which is stored as it is.
    is_raw: bool,
}

/// What serde_json calls its own structs, which are no objects: of numbers, and of texts of JSON.
const PRIVATE: &str = "$serde_json::private::";

/// How many lists and objects are open at once in a text of JSON, at most.
fn levels(json: &str) -> usize {
    let (mut open, mut most, mut in_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                open += 1;
                most = most.max(open);
            }
            b']' | b'}' if !in_text => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

impl Finder {
    /// What stands so many levels below.
    fn below(self, levels: usize) -> Result<Self, Stop> {
        let levels = self.levels + levels;
        if levels > MAX_LEVELS { Err(Stop::TooDeep) } else { Ok(Self { levels, ..self }) }
    }

    fn items(self, parent: &'static str, levels: usize) -> Result<Items, Stop> {
        Ok(Items { finder: self.below(levels)?, parent, next: 0 })
    }

    fn members(self, parent: &'static str, levels: usize) -> Result<Members, Stop> {
        Ok(Members { finder: self.below(levels)?, parent })
    }
}

/// Why the search ended early.
#[derive(Debug)]
pub enum Stop {
    /// Found, at this path.
    NonFinite(String),
    /// There are more levels than can be read.
    TooDeep,
    /// The value failed to serialize.
    Failed,
}

impl Stop {
    fn below(self, parent: impl FnOnce() -> String) -> Self {
        match self {
            Self::NonFinite(path) => Self::NonFinite(parent() + &path),
            Self::TooDeep => Self::TooDeep,
            Self::Failed => Self::Failed,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonFinite(path) => write!(f, "a float at `{path}` is not finite"),
            Self::TooDeep => f.write_str("the value is nested too deep"),
            Self::Failed => f.write_str("the value cannot be serialized"),
        }
    }
}

impl std::error::Error for Stop {}

impl serde::ser::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Failed
    }
}

macro_rules! finite {
    ($($method:ident($ty:ty))*) => {$(
        fn $method(self, _: $ty) -> Result<(), Stop> {
            Ok(())
        }
    )*};
}

impl Serializer for Finder {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    finite! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_u128(u128)
        serialize_char(char)
        serialize_unit_struct(&'static str)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Stop> {
        if value.is_finite() { Ok(()) } else { Err(Stop::NonFinite(String::new())) }
    }

    fn serialize_f64(self, value: f64) -> Result<(), Stop> {
        if value.is_finite() { Ok(()) } else { Err(Stop::NonFinite(String::new())) }
    }

    fn serialize_str(self, value: &str) -> Result<(), Stop> {
        if self.is_raw { self.below(levels(value)).map(drop) } else { Ok(()) }
    }

    /// A list of numbers.
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Stop> {
        self.below(1).map(drop)
    }

    fn serialize_none(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self.below(1)?).map_err(|stop| stop.below(|| format!(".{variant}")))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Stop> {
        self.items("", 1)
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Stop> {
        self.items("", 1)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Stop> {
        self.items("", 1)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items, Stop> {
        self.items(variant, 2)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, Stop> {
        Ok(Entries { finder: self.below(1)?, key: String::new() })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Members, Stop> {
        match name.strip_prefix(PRIVATE) {
            Some(own) => Self { is_raw: own == "RawValue", ..self }.members("", 0),
            None => self.members("", 1),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members, Stop> {
        self.members(variant, 2)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Stop> {
        Ok(())
    }
}

/// Elements of a list; `parent` is the variant they stand in, or empty.
#[derive(Debug)]
pub struct Items {
    finder: Finder,
    parent: &'static str,
    next: usize,
}

impl Items {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let index = self.next;
        self.next += 1;
        let parent = self.parent;
        value.serialize(self.finder).map_err(|stop| {
            stop.below(|| match parent {
                "" => format!("[{index}]"),
                variant => format!(".{variant}[{index}]"),
            })
        })
    }
}

macro_rules! items {
    ($($trait:ident $method:ident)*) => {$(
        impl $trait for Items {
            type Ok = ();
            type Error = Stop;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
                self.item(value)
            }

            fn end(self) -> Result<(), Stop> {
                Ok(())
            }
        }
    )*};
}

items! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

/// Named members; `parent` is the variant they stand in, or empty.
#[derive(Debug)]
pub struct Members {
    finder: Finder,
    parent: &'static str,
}

macro_rules! members {
    ($($trait:ident)*) => {$(
        impl $trait for Members {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Stop> {
                value.serialize(self.finder).map_err(|stop| {
                    stop.below(|| match self.parent {
                        "" => format!(".{name}"),
                        variant => format!(".{variant}.{name}"),
                    })
                })
            }

            fn end(self) -> Result<(), Stop> {
                Ok(())
            }
        }
    )*};
}

members!(SerializeStruct SerializeStructVariant);

/// Entries of a map, with the key whose value comes next.
#[derive(Debug)]
pub struct Entries {
    finder: Finder,
    key: String,
}

impl SerializeMap for Entries {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.key = match serde_json::to_value(key) {
            Ok(serde_json::Value::String(key)) => key,
            Ok(key) => key.to_string(),
            // Such a value has no integers of 128 bits, which a text has. A key that JSON cannot have is
            // for JSON to report.
            Err(_) => serde_json::to_string(key).unwrap_or_else(|_| "?".to_owned()),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        value.serialize(self.finder).map_err(|stop| stop.below(|| format!("[{:?}]", self.key)))
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}
