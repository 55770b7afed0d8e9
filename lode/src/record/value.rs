use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Bytes, Element, Field, Scalar, Type, Value};
#[cfg(feature = "jiff")]
use crate::predicate::jiff_days;
use crate::predicate::{Cell, Column, Path, days, nanoseconds};

macro_rules! scalars {
    ($($(#[$attribute:meta])* $ty:ty => $scalar:ident, |$value:ident| $cell:expr;)*) => {$(
        $(#[$attribute])*
        impl Value for $ty {
            const TYPE: Type = Type::Scalar(Scalar::$scalar);
            const FLOATS: bool = false;

            #[inline]
            fn find_non_finite(&self) -> Option<String> {
                None
            }

            type Handle<R> = Column<R, Self>;

            fn handle<R>(path: Path) -> Column<R, Self> {
                Column::at(path)
            }

            #[inline]
            fn cell(&self, _: &[u16]) -> Cell<'_> {
                let $value = self;
                $cell
            }
        }
    )*};
}

scalars! {
    bool => Bool, |value| Cell::Bool(*value);
    i8 => Int8, |value| Cell::Int((*value).into());
    i16 => Int16, |value| Cell::Int((*value).into());
    i32 => Int32, |value| Cell::Int((*value).into());
    i64 => Int64, |value| Cell::Int((*value).into());
    u8 => Uint8, |value| Cell::Int((*value).into());
    u16 => Uint16, |value| Cell::Int((*value).into());
    u32 => Uint32, |value| Cell::Int((*value).into());
    u64 => Uint64, |value| Cell::Int((*value).into());
    String => String, |value| Cell::Text(value);
    Cow<'static, str> => String, |value| Cell::Text(value);
    Bytes => Bytes, |value| Cell::Bytes(value);
    NaiveDate => Date, |value| Cell::Date(days(*value));
    DateTime<Utc> => Timestamp, |value| Cell::Time(nanoseconds(*value));
    #[cfg(feature = "jiff")]
    jiff::civil::Date => Date, |value| Cell::Date(jiff_days(*value));
    #[cfg(feature = "jiff")]
    jiff::Timestamp => Timestamp, |value| Cell::Time(value.as_nanosecond());
    #[cfg(feature = "uuid")]
    uuid::Uuid => Uuid, |value| Cell::Uuid(*value.as_bytes());
}

macro_rules! floats {
    ($($ty:ty => $scalar:ident, |$value:ident| $cell:expr;)*) => {$(
        impl Value for $ty {
            const TYPE: Type = Type::Scalar(Scalar::$scalar);
            const FLOATS: bool = true;

            #[inline]
            fn find_non_finite(&self) -> Option<String> {
                if self.is_finite() { None } else { Some(String::new()) }
            }

            type Handle<R> = Column<R, Self>;

            fn handle<R>(path: Path) -> Column<R, Self> {
                Column::at(path)
            }

            #[inline]
            fn cell(&self, _: &[u16]) -> Cell<'_> {
                let $value = self;
                $cell
            }
        }
    )*};
}

floats! {
    f32 => Float32, |value| Cell::Float((*value).into());
    f64 => Float64, |value| Cell::Float(*value);
}

/// What predicates do not look into.
macro_rules! opaque {
    () => {
        type Handle<R> = Column<R, Self>;

        fn handle<R>(path: Path) -> Column<R, Self> {
            Column::at(path)
        }

        #[inline]
        fn cell(&self, _: &[u16]) -> Cell<'_> {
            Cell::Other
        }
    };
}

impl<T: Field> Value for Vec<T> {
    const TYPE: Type = list_of::<T>();
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_list(self)
    }

    opaque!();
}

impl<T: Field, const N: usize> Value for [T; N] {
    const TYPE: Type = Type::Array(const { &Element { ty: T::TYPE, nullable: T::NULLABLE } }, N);
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_list(self)
    }

    opaque!();
}

impl<V: Field> Value for BTreeMap<String, V> {
    const TYPE: Type = map_of::<V>();
    const FLOATS: bool = V::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_map(self)
    }

    opaque!();
}

impl<V: Field, S: BuildHasher + Default + 'static> Value for HashMap<String, V, S> {
    const TYPE: Type = map_of::<V>();
    const FLOATS: bool = V::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        in_map(self)
    }

    opaque!();
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
