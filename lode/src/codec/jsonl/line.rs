//! One record as one JSON object, by serde_json but for what takes the most time: the names, which
//! are most of a record, and texts made by `Display`, as times are. Both are written as they are, if
//! one look says that they need no escapes.

#[cfg(test)]
mod tests;

use std::fmt::{self, Display};

use serde::Serialize;
use serde::ser::{self, Impossible, SerializeStruct, Serializer};

/// Appends a value as `serde_json::to_writer` would, and by it if the value is not of a kind that is
/// written here. After an error `output` may end in a part of it.
pub(super) fn write<T>(value: &T, output: &mut Vec<u8>) -> serde_json::Result<()>
where
    T: Serialize + ?Sized,
{
    let start = output.len();
    match value.serialize(Json { output }) {
        Ok(()) => Ok(()),
        Err(Failure::Json(error)) => Err(error),
        Err(Failure::OtherKind) => {
            output.truncate(start);
            serde_json::to_writer(output, value)
        }
    }
}

/// Takes structs, and what is neither a sequence nor a map.
struct Json<'a> {
    output: &'a mut Vec<u8>,
}

struct Object<'a> {
    output: &'a mut Vec<u8>,
    is_empty: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("of another kind")]
    OtherKind,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl ser::Error for Failure {
    fn custom<M: Display>(message: M) -> Self {
        Self::Json(ser::Error::custom(message))
    }
}

impl SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), Failure>
    where
        T: ?Sized + Serialize,
    {
        self.output.push(if self.is_empty { b'{' } else { b',' });
        self.is_empty = false;
        if is_plain(name.as_bytes()) {
            self.output.push(b'"');
            self.output.extend_from_slice(name.as_bytes());
            self.output.extend_from_slice(b"\":");
        } else {
            serde_json::to_writer(&mut *self.output, name)?;
            self.output.push(b':');
        }
        Ok(write(value, self.output)?)
    }

    fn end(self) -> Result<(), Failure> {
        self.output.extend_from_slice(if self.is_empty { b"{}" } else { b"}" });
        Ok(())
    }
}

/// Whether this text stands in JSON as it is (RFC 8259 §7). Written without an early end, so that
/// many bytes are looked at in one step.
fn is_plain(text: &[u8]) -> bool {
    let plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
    text.iter().fold(true, |all, byte| all & plain(*byte))
}

/// `Display` into bytes; the usual times are written a character at a time.
struct Text<'a>(&'a mut Vec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn write_char(&mut self, char: char) -> fmt::Result {
        match u8::try_from(char) {
            Ok(byte) if byte.is_ascii() => self.0.push(byte),
            _ => self.write_str(char.encode_utf8(&mut [0; 4]))?,
        }
        Ok(())
    }
}

/// The methods for values that serde_json writes.
macro_rules! scalars {
    ($($method:ident($value:ty);)*) => {
        $(fn $method(self, value: $value) -> Result<(), Failure> {
            Ok(serde_json::to_writer(self.output, &value)?)
        })*
    };
}

/// The methods by which a value says that it is of another kind.
macro_rules! others {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, Failure> {
            Err(Failure::OtherKind)
        })*
    };
}

impl<'a> Serializer for Json<'a> {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Impossible<(), Failure>;
    type SerializeTuple = Impossible<(), Failure>;
    type SerializeTupleStruct = Impossible<(), Failure>;
    type SerializeTupleVariant = Impossible<(), Failure>;
    type SerializeMap = Impossible<(), Failure>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Impossible<(), Failure>;

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object<'a>, Failure> {
        // serde_json has structs of its own, by whose names it knows what is verbatim JSON.
        match name.starts_with('$') {
            true => Err(Failure::OtherKind),
            false => Ok(Object { output: self.output, is_empty: true }),
        }
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Result<(), Failure> {
        let start = self.output.len();
        self.output.push(b'"');
        let written = fmt::write(&mut Text(self.output), format_args!("{value}"));
        if written.is_ok() && is_plain(&self.output[start + 1..]) {
            self.output.push(b'"');
            return Ok(());
        }
        self.output.truncate(start);
        Ok(serde_json::Serializer::new(self.output).collect_str(value)?)
    }

    fn serialize_none(self) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Failure> {
        Ok(serde_json::to_writer(self.output, &())?)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Failure> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T>(self, _: &'static str, value: &T) -> Result<(), Failure>
    where
        T: ?Sized + Serialize,
    {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Failure>
    where
        T: ?Sized + Serialize,
    {
        Err(Failure::OtherKind)
    }

    scalars! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
    }

    others! {
        serialize_bytes(&[u8]) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeStructVariant;
    }
}
