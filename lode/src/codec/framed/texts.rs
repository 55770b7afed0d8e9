//! A serializer around another, for values that are texts to serde but do not hold one, such as
//! times: each is made once, in place, where the codecs' own way is to make it twice, or to allocate.

use std::fmt::{self, Display, Write};

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Around a value: it serializes by a serializer of this kind. Around a serializer: it is one.
pub(in crate::codec) struct Texts<I>(pub(in crate::codec) I);

impl<T: Serialize + ?Sized> Serialize for Texts<&T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Texts(serializer))
    }
}

macro_rules! plain {
    ($($method:ident($($argument:ident: $ty:ty),*);)*) => {$(
        #[inline]
        fn $method(self, $($argument: $ty),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($argument),*)
        }
    )*};
}

macro_rules! nested {
    ($($method:ident($($argument:ident: $ty:ty),*) -> $compound:ident;)*) => {$(
        #[inline]
        fn $method(self, $($argument: $ty),*) -> Result<Self::$compound, S::Error> {
            self.0.$method($($argument),*).map(Texts)
        }
    )*};
}

type Name = &'static str;

impl<S: Serializer> Serializer for Texts<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Texts<S::SerializeSeq>;
    type SerializeTuple = Texts<S::SerializeTuple>;
    type SerializeTupleStruct = Texts<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Texts<S::SerializeTupleVariant>;
    type SerializeMap = Texts<S::SerializeMap>;
    type SerializeStruct = Texts<S::SerializeStruct>;
    type SerializeStructVariant = Texts<S::SerializeStructVariant>;

    plain! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: Name);
        serialize_unit_variant(name: Name, index: u32, variant: Name);
    }

    nested! {
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple(len: usize) -> SerializeTuple;
        serialize_tuple_struct(name: Name, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: Name, index: u32, variant: Name, len: usize) -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct(name: Name, len: usize) -> SerializeStruct;
        serialize_struct_variant(name: Name, index: u32, variant: Name, len: usize) -> SerializeStructVariant;
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Texts(value))
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: Name,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Texts(value))
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: Name,
        index: u32,
        variant: Name,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &Texts(value))
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let mut text = Text { bytes: [0; SHORT], len: 0, long: String::new() };
        write!(text, "{value}").map_err(S::Error::custom)?;
        self.0.serialize_str(text.as_str().map_err(S::Error::custom)?)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! compounds {
    ($($compound:ident { $($method:ident($($key:ident: $ty:ty)?);)* })*) => {$(
        impl<C: $compound> $compound for Texts<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            $(
                #[inline]
                fn $method<T: Serialize + ?Sized>(
                    &mut self,
                    $($key: $ty,)?
                    value: &T,
                ) -> Result<(), C::Error> {
                    self.0.$method($($key,)? &Texts(value))
                }
            )*

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )*};
}

compounds! {
    SerializeSeq { serialize_element(); }
    SerializeTuple { serialize_element(); }
    SerializeTupleStruct { serialize_field(); }
    SerializeTupleVariant { serialize_field(); }
    SerializeMap { serialize_key(); serialize_value(); }
    SerializeStruct { serialize_field(key: Name); }
    SerializeStructVariant { serialize_field(key: Name); }
}

/// Room for a time with nanoseconds.
const SHORT: usize = 40;

/// A text that is being made: on the stack while it is short.
struct Text {
    bytes: [u8; SHORT],
    len: usize,
    /// All of it, once it is longer.
    long: String,
}

impl Text {
    fn as_str(&self) -> Result<&str, std::str::Utf8Error> {
        match self.long.is_empty() {
            true => std::str::from_utf8(self.bytes.get(..self.len).unwrap_or_default()),
            false => Ok(&self.long),
        }
    }
}

impl Write for Text {
    #[inline]
    fn write_char(&mut self, letter: char) -> fmt::Result {
        match self.bytes.get_mut(self.len) {
            Some(place) if letter.is_ascii() => {
                *place = letter as u8;
                self.len += 1;
                Ok(())
            }
            _ => self.write_str(letter.encode_utf8(&mut [0; 4])),
        }
    }

    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let end = self.len.saturating_add(part.len());
        match self.bytes.get_mut(self.len..end) {
            Some(place) => place.copy_from_slice(part.as_bytes()),
            None => {
                if self.long.is_empty() {
                    let short = self.as_str().map_err(|_| fmt::Error)?.to_owned();
                    self.long = short;
                }
                self.long.push_str(part);
            }
        }
        // From the first long part on nothing fits in `bytes` any more.
        self.len = end;
        Ok(())
    }
}
