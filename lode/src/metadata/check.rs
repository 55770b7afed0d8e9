//! Serialization to JSON that refuses what JSON cannot hold, with its path, where serde_json
//! would silently write null.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};
use serde_json::Value;

use super::{MAX_DEPTH, invalid};
use crate::error::Result;

pub(super) const TOO_DEEP: &str = "is nested deeper than 100 levels";

/// `value` as JSON, checked.
pub(super) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    value
        .serialize(Check { path: &Path::Root, depth: MAX_DEPTH })
        .map_err(|Refused { path, reason }| invalid(&path, reason))?;
    serde_json::to_value(value).map_err(|error| invalid("", error.to_string()))
}

/// Whether `value` has no more than `depth` levels of arrays and objects.
pub(super) fn is_shallow(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallow(item, depth - 1)),
        Value::Object(entries) => {
            depth > 0 && entries.values().all(|item| is_shallow(item, depth - 1))
        }
        _ => true,
    }
}

/// The path of `key` in the object at `path`.
pub(super) fn key_path(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The path `inner` within the value at `path`.
pub(super) fn join(path: &str, inner: &str) -> String {
    match inner.is_empty() || inner.starts_with('[') {
        true => format!("{path}{inner}"),
        false => key_path(path, inner),
    }
}

/// Where the check is; kept on the stack, and made into text only for an error.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Path::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[derive(Debug)]
struct Refused {
    path: String,
    reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: String::new(), reason: message.to_string() }
    }
}

type Checked = Result<(), Refused>;

/// A serializer that makes nothing.
#[derive(Clone, Copy)]
struct Check<'a> {
    path: &'a Path<'a>,
    depth: usize,
}

impl<'a> Check<'a> {
    fn refuse(self, reason: impl Into<String>) -> Checked {
        Err(Refused { path: self.path.to_string(), reason: reason.into() })
    }

    fn float(self, value: f64) -> Checked {
        match value.is_finite() {
            true => Ok(()),
            false => self.refuse(format!("{value} is not a JSON number")),
        }
    }

    fn inner<T: Serialize + ?Sized>(self, path: &Path<'_>, value: &T) -> Checked {
        let depth = self.depth.saturating_sub(1);
        value.serialize(Check { path, depth }).map_err(|error| Refused {
            // An error that the type's own `Serialize` made knows no path.
            path: if error.path.is_empty() { path.to_string() } else { error.path },
            reason: error.reason,
        })
    }

    fn open(self) -> Result<Open<'a>, Refused> {
        match self.depth {
            0 => Err(Refused { path: self.path.to_string(), reason: TOO_DEEP.to_owned() }),
            _ => Ok(Open { at: self, variant: None, count: 0, key: String::new() }),
        }
    }

    /// A variant with several fields is an object or array within an object.
    fn open_variant(self, variant: &'static str) -> Result<Open<'a>, Refused> {
        let outer = self.open()?;
        let depth = self.depth - 1;
        Check { depth, ..self }.open()?;
        Ok(Open { at: Check { depth, ..self }, variant: Some(variant), ..outer })
    }
}

/// An array or object that is being checked.
struct Open<'a> {
    at: Check<'a>,
    variant: Option<&'static str>,
    count: usize,
    key: String,
}

impl Open<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        let index = self.count;
        self.count += 1;
        match self.variant {
            Some(variant) => {
                let outer = Path::Key(self.at.path, variant);
                self.at.inner(&Path::Index(&outer, index), value)
            }
            None => self.at.inner(&Path::Index(self.at.path, index), value),
        }
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Checked {
        match self.variant {
            Some(variant) => {
                let outer = Path::Key(self.at.path, variant);
                self.at.inner(&Path::Key(&outer, key), value)
            }
            None => self.at.inner(&Path::Key(self.at.path, key), value),
        }
    }
}

macro_rules! accept {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, _: $type) -> Checked { Ok(()) })*
    };
}

impl<'a> Serializer for Check<'a> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    accept! {
        serialize_bool: bool, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_unit_struct: &'static str,
    }

    fn serialize_i128(self, value: i128) -> Checked {
        match i64::try_from(value).is_ok() || u64::try_from(value).is_ok() {
            true => Ok(()),
            false => self.refuse(format!("{value} does not fit 64 bits")),
        }
    }

    fn serialize_u128(self, value: u128) -> Checked {
        match u64::try_from(value) {
            Ok(_) => Ok(()),
            Err(_) => self.refuse(format!("{value} does not fit 64 bits")),
        }
    }

    fn serialize_f32(self, value: f32) -> Checked {
        self.float(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Checked {
        self.float(value)
    }

    fn serialize_none(self) -> Checked {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Checked {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Checked {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Checked {
        self.open()?.entry(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, Refused> {
        self.open()
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, Refused> {
        self.open()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Refused> {
        self.open()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Refused> {
        self.open_variant(variant)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, Refused> {
        self.open()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Refused> {
        self.open()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Refused> {
        self.open_variant(variant)
    }
}

macro_rules! items {
    ($($trait:ident $method:ident),*) => {
        $(impl ser::$trait for Open<'_> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
                self.item(value)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

items! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Open<'_> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Checked {
                self.entry(key, value)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

fields! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Checked {
        self.key = match serde_json::to_value(key) {
            Ok(Value::String(key)) => key,
            Ok(other) => other.to_string(),
            // serde_json says later what is wrong with a key that is not text.
            Err(_) => String::from("?"),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        let key = std::mem::take(&mut self.key);
        self.entry(&key, value)
    }

    fn end(self) -> Checked {
        Ok(())
    }
}
