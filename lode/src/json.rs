//! Finds what JSON cannot hold, in whatever serde can serialize: numbers that serde_json would silently
//! write as null, and what is nested too deep for anybody to read it again.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};
use serde_json::Value;

/// What is refused beside floats that are NaN or infinite.
#[derive(Debug)]
pub(crate) struct Rules {
    /// How many lists and objects may be around a value.
    pub(crate) most_levels: usize,
    /// Whether integers may have more than 64 bits.
    pub(crate) has_long_integers: bool,
    /// How a place is called in errors.
    pub(crate) name: fn(&Path<'_>) -> String,
}

impl Rules {
    /// The first thing in `value` that is refused, if any is.
    pub(crate) fn check<T: Serialize + ?Sized>(&'static self, value: &T) -> Result<(), Stop> {
        value.serialize(self.finder())
    }

    /// As [`check`](Self::check), for whoever gives its value to a serializer.
    pub(crate) fn finder(&'static self) -> Finder<'static> {
        Finder { path: &Path::Root, levels: 0, is_raw: false, rules: self }
    }
}

/// Where a value stands; kept on the stack, and made into text only for an error.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// What of the root this stands in, or is.
    fn outermost(&self) -> &Self {
        match self {
            Self::Field(parent, _) | Self::Key(parent, _) | Self::Index(parent, _)
                if !matches!(parent, Self::Root) =>
            {
                parent.outermost()
            }
            _ => self,
        }
    }
}

/// Why the search ended early, and where.
#[derive(Debug)]
pub enum Stop {
    /// JSON has no such number.
    NotFinite { path: String, value: f64 },
    /// More than 64 bits.
    TooLong { path: String, value: String },
    /// There are more levels than there may be, in what stands in the root there.
    TooDeep { path: String },
    /// The value itself does not serialize.
    Failed { path: String, reason: String },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { value, .. } => write!(f, "{value} is not a JSON number"),
            Self::TooLong { value, .. } => write!(f, "{value} does not fit 64 bits"),
            Self::TooDeep { .. } => f.write_str("it is nested too deep"),
            Self::Failed { reason, .. } => f.write_str(reason),
        }
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Failed { path: String::new(), reason: message.to_string() }
    }
}

type Checked = Result<(), Stop>;

/// A serializer that makes nothing.
#[derive(Debug, Clone, Copy)]
pub struct Finder<'a> {
    path: &'a Path<'a>,
    levels: usize,
    /// Whether the value is a text of JSON, which is stored as it is.
    is_raw: bool,
    rules: &'static Rules,
}

/// What serde_json calls its own structs, which are no objects: of numbers, and of texts of JSON.
const PRIVATE: &str = "$serde_json::private::";

impl<'a> Finder<'a> {
    fn name(self) -> String {
        (self.rules.name)(self.path)
    }

    fn float(self, value: f64) -> Checked {
        match value.is_finite() {
            true => Ok(()),
            false => Err(Stop::NotFinite { path: self.name(), value }),
        }
    }

    fn integer(self, value: impl fmt::Display, is_long: bool) -> Checked {
        match is_long && !self.rules.has_long_integers {
            false => Ok(()),
            true => Err(Stop::TooLong { path: self.name(), value: value.to_string() }),
        }
    }

    /// What stands so many levels deeper.
    fn below(self, levels: usize) -> Result<Self, Stop> {
        match self.levels + levels {
            levels if levels > self.rules.most_levels => {
                Err(Stop::TooDeep { path: (self.rules.name)(self.path.outermost()) })
            }
            levels => Ok(Self { levels, ..self }),
        }
    }

    fn open(self, levels: usize, variant: Option<&'static str>) -> Result<Open<'a>, Stop> {
        Ok(Open { at: self.below(levels)?, variant, count: 0, key: String::new() })
    }

    fn inner<T: Serialize + ?Sized>(self, path: &Path<'_>, value: &T) -> Checked {
        value.serialize(Finder { path, ..self }).map_err(|stop| match stop {
            // An error that the type's own `Serialize` made knows no path.
            Stop::Failed { path: known, reason } if known.is_empty() => {
                Stop::Failed { path: (self.rules.name)(path), reason }
            }
            stop => stop,
        })
    }
}

/// A list or object that is looked into.
#[derive(Debug)]
pub struct Open<'a> {
    at: Finder<'a>,
    /// Of an enum, whose variant it stands in.
    variant: Option<&'static str>,
    count: usize,
    key: String,
}

impl Open<'_> {
    fn parent<R>(&self, then: impl FnOnce(&Path<'_>) -> R) -> R {
        match self.variant {
            Some(variant) => then(&Path::Field(self.at.path, variant)),
            None => then(self.at.path),
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        let index = self.count;
        self.count += 1;
        self.parent(|parent| self.at.inner(&Path::Index(parent, index), value))
    }

    fn field<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Checked {
        self.parent(|parent| self.at.inner(&Path::Field(parent, name), value))
    }
}

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

macro_rules! accept {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, _: $type) -> Checked { Ok(()) })*
    };
}

impl<'a> Serializer for Finder<'a> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    accept! {
        serialize_bool(bool) serialize_char(char)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_unit_struct(&'static str)
    }

    fn serialize_i128(self, value: i128) -> Checked {
        self.integer(value, i64::try_from(value).is_err() && u64::try_from(value).is_err())
    }

    fn serialize_u128(self, value: u128) -> Checked {
        self.integer(value, u64::try_from(value).is_err())
    }

    fn serialize_f32(self, value: f32) -> Checked {
        self.float(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Checked {
        self.float(value)
    }

    fn serialize_str(self, value: &str) -> Checked {
        if self.is_raw { self.below(levels(value)).map(drop) } else { Ok(()) }
    }

    /// A list of numbers.
    fn serialize_bytes(self, _: &[u8]) -> Checked {
        self.below(1).map(drop)
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
        self.open(1, None)?.field(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, Stop> {
        self.open(1, None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, Stop> {
        self.open(1, None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Stop> {
        self.open(1, None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Stop> {
        self.open(2, Some(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, Stop> {
        self.open(1, None)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Open<'a>, Stop> {
        match name.strip_prefix(PRIVATE) {
            Some(own) => Self { is_raw: own == "RawValue", ..self }.open(0, None),
            None => self.open(1, None),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Stop> {
        self.open(2, Some(variant))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Checked {
        Ok(())
    }
}

macro_rules! items {
    ($($trait:ident $method:ident)*) => {
        $(impl ser::$trait for Open<'_> {
            type Ok = ();
            type Error = Stop;

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
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($trait:ident)*) => {
        $(impl ser::$trait for Open<'_> {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Checked {
                self.field(name, value)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

fields!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Checked {
        self.key = match serde_json::to_value(key) {
            Ok(Value::String(key)) => key,
            Ok(key) => key.to_string(),
            // Such a value has no integers of 128 bits, which a text has. A key that JSON cannot have is
            // for JSON to report.
            Err(_) => serde_json::to_string(key).unwrap_or_else(|_| "?".to_owned()),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        self.at.inner(&Path::Key(self.at.path, &self.key), value)
    }

    fn end(self) -> Checked {
        Ok(())
    }
}
