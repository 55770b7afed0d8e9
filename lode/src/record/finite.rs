//! Finds floats that JSON cannot hold in whatever serde can serialize.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

#[cfg(test)]
mod tests;

/// The path of the first float in `value` that is NaN or infinite: empty for `value` itself, else
/// such as `[2]`, `.lat` or `["key"]`.
///
/// A value that cannot be serialized has none: whoever serializes it gets that error.
pub fn non_finite<T: Serialize + ?Sized>(value: &T) -> Option<String> {
    non_finite_with(|finder| value.serialize(finder))
}

/// As [`non_finite`], for a value that a function serializes (`#[serde(with = "…")]`).
pub fn non_finite_with(serialize: impl FnOnce(Finder) -> Result<(), Stop>) -> Option<String> {
    match serialize(Finder) {
        Err(Stop::NonFinite(path)) => Some(path),
        Ok(()) | Err(Stop::Failed) => None,
    }
}

/// A serializer that keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct Finder;

/// Why the search ended early.
#[derive(Debug)]
pub enum Stop {
    /// Found, at this path.
    NonFinite(String),
    /// The value failed to serialize.
    Failed,
}

impl Stop {
    fn below(self, parent: impl FnOnce() -> String) -> Self {
        match self {
            Self::NonFinite(path) => Self::NonFinite(parent() + &path),
            Self::Failed => Self::Failed,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonFinite(path) => write!(f, "a float at `{path}` is not finite"),
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
        serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_unit_struct(&'static str)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Stop> {
        if value.is_finite() { Ok(()) } else { Err(Stop::NonFinite(String::new())) }
    }

    fn serialize_f64(self, value: f64) -> Result<(), Stop> {
        if value.is_finite() { Ok(()) } else { Err(Stop::NonFinite(String::new())) }
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
        value.serialize(self).map_err(|stop| stop.below(|| format!(".{variant}")))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Stop> {
        Ok(Items { parent: "", next: 0 })
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Stop> {
        Ok(Items { parent: "", next: 0 })
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Stop> {
        Ok(Items { parent: "", next: 0 })
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items, Stop> {
        Ok(Items { parent: variant, next: 0 })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, Stop> {
        Ok(Entries { key: String::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, Stop> {
        Ok(Members { parent: "" })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members, Stop> {
        Ok(Members { parent: variant })
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Stop> {
        Ok(())
    }
}

/// Elements of a list; `parent` is the variant they stand in, or empty.
#[derive(Debug)]
pub struct Items {
    parent: &'static str,
    next: usize,
}

impl Items {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let index = self.next;
        self.next += 1;
        let parent = self.parent;
        value.serialize(Finder).map_err(|stop| {
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
                value.serialize(Finder).map_err(|stop| {
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
    key: String,
}

impl SerializeMap for Entries {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.key = match serde_json::to_value(key) {
            Ok(serde_json::Value::String(key)) => key,
            Ok(key) => key.to_string(),
            Err(_) => return Err(Stop::Failed),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        value.serialize(Finder).map_err(|stop| stop.below(|| format!("[{:?}]", self.key)))
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}
