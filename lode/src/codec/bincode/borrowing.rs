//! A deserializer around another that borrows texts and bytes from the input, whether owned ones
//! are asked for or not: bincode allocates an owned one by its claimed length before it looks for
//! its bytes, and a borrowed one is found to be there first.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor,
};

/// Deserializes a `T`, borrowing.
pub(super) struct Of<T>(PhantomData<fn() -> T>);

impl<T> Of<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Of<T> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(Borrowing(deserializer))
    }
}

struct Borrowing<I>(I);

macro_rules! forward {
    ($($method:ident $(($($argument:ident: $ty:ty),*))? => $inner:ident $wrap:ident;)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(
            self,
            $($($argument: $ty,)*)?
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            self.0.$inner($($($argument,)*)? $wrap(visitor))
        }
    )*};
}

/// What needs no wrapping: nothing is deserialized inside of it.
#[inline]
fn plain<V>(visitor: V) -> V {
    visitor
}

type Names = &'static [&'static str];

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Borrowing<D> {
    type Error = D::Error;

    forward! {
        deserialize_any => deserialize_any Borrowing;
        deserialize_bool => deserialize_bool plain;
        deserialize_i8 => deserialize_i8 plain;
        deserialize_i16 => deserialize_i16 plain;
        deserialize_i32 => deserialize_i32 plain;
        deserialize_i64 => deserialize_i64 plain;
        deserialize_i128 => deserialize_i128 plain;
        deserialize_u8 => deserialize_u8 plain;
        deserialize_u16 => deserialize_u16 plain;
        deserialize_u32 => deserialize_u32 plain;
        deserialize_u64 => deserialize_u64 plain;
        deserialize_u128 => deserialize_u128 plain;
        deserialize_f32 => deserialize_f32 plain;
        deserialize_f64 => deserialize_f64 plain;
        deserialize_char => deserialize_char plain;
        deserialize_str => deserialize_str plain;
        deserialize_string => deserialize_str plain;
        deserialize_bytes => deserialize_bytes plain;
        deserialize_byte_buf => deserialize_bytes plain;
        deserialize_option => deserialize_option Borrowing;
        deserialize_unit => deserialize_unit plain;
        deserialize_unit_struct(name: &'static str) => deserialize_unit_struct plain;
        deserialize_newtype_struct(name: &'static str) => deserialize_newtype_struct Borrowing;
        deserialize_seq => deserialize_seq Borrowing;
        deserialize_tuple(len: usize) => deserialize_tuple Borrowing;
        deserialize_tuple_struct(name: &'static str, len: usize) =>
            deserialize_tuple_struct Borrowing;
        deserialize_map => deserialize_map Borrowing;
        deserialize_struct(name: &'static str, fields: Names) => deserialize_struct Borrowing;
        deserialize_enum(name: &'static str, variants: Names) => deserialize_enum Borrowing;
        deserialize_identifier => deserialize_identifier plain;
        deserialize_ignored_any => deserialize_ignored_any plain;
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Borrowing<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Borrowing(deserializer))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Borrowing(deserializer))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Borrowing(access))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Borrowing(access))
    }

    /// Enums that lode stores have no data in their variants.
    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(access)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Borrowing<A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Borrowing(seed))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Borrowing<A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Borrowing(seed))
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Borrowing(seed))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Borrowing<S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Borrowing(deserializer))
    }
}
