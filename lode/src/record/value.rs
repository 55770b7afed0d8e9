use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Bytes, Element, Field, Scalar, Type, Value};

macro_rules! scalars {
    ($($(#[$attribute:meta])* $ty:ty => $scalar:ident;)*) => {$(
        $(#[$attribute])*
        impl Value for $ty {
            const TYPE: Type = Type::Scalar(Scalar::$scalar);
            const FLOATS: bool = false;

            #[inline]
            fn find_non_finite(&self) -> Option<String> {
                None
            }
        }
    )*};
}

scalars! {
    bool => Bool;
    i8 => Int8;
    i16 => Int16;
    i32 => Int32;
    i64 => Int64;
    u8 => Uint8;
    u16 => Uint16;
    u32 => Uint32;
    u64 => Uint64;
    String => String;
    Cow<'static, str> => String;
    Bytes => Bytes;
    NaiveDate => Date;
    DateTime<Utc> => Timestamp;
    #[cfg(feature = "jiff")]
    jiff::civil::Date => Date;
    #[cfg(feature = "jiff")]
    jiff::Timestamp => Timestamp;
    #[cfg(feature = "uuid")]
    uuid::Uuid => Uuid;
}

macro_rules! floats {
    ($($ty:ty => $scalar:ident;)*) => {$(
        impl Value for $ty {
            const TYPE: Type = Type::Scalar(Scalar::$scalar);
            const FLOATS: bool = true;

            #[inline]
            fn find_non_finite(&self) -> Option<String> {
                if self.is_finite() { None } else { Some(String::new()) }
            }
        }
    )*};
}

floats! {
    f32 => Float32;
    f64 => Float64;
}

impl<T: Field> Value for Vec<T> {
    const TYPE: Type = list_of::<T>();
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_list(self)
    }
}

impl<T: Field, const N: usize> Value for [T; N] {
    const TYPE: Type = list_of::<T>();
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_list(self)
    }
}

impl<V: Field> Value for BTreeMap<String, V> {
    const TYPE: Type = map_of::<V>();
    const FLOATS: bool = V::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_map(self)
    }
}

impl<V: Field, S: BuildHasher + Default> Value for HashMap<String, V, S> {
    const TYPE: Type = map_of::<V>();
    const FLOATS: bool = V::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_map(self)
    }
}

const fn list_of<T: Field>() -> Type {
    Type::List(const { &Element { ty: T::TYPE, nullable: T::NULLABLE } })
}

const fn map_of<T: Field>() -> Type {
    Type::Map(const { &Element { ty: T::TYPE, nullable: T::NULLABLE } })
}

#[inline]
fn in_list<T: Field>(list: &[T]) -> Option<String> {
    if !T::FLOATS {
        return None;
    }
    let at = |(i, item): (usize, &T)| Some(format!("[{i}]{}", item.find_non_finite()?));
    list.iter().enumerate().find_map(at)
}

#[inline]
fn in_map<'a, V: Field + 'a>(map: impl IntoIterator<Item = (&'a String, &'a V)>) -> Option<String> {
    if !V::FLOATS {
        return None;
    }
    let at = |(key, value): (&String, &V)| Some(format!("[{key:?}]{}", value.find_non_finite()?));
    map.into_iter().find_map(at)
}
