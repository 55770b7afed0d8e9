use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use chrono::{DateTime, NaiveDate, Utc};

use super::stats::Gauges;
use super::{Bytes, Element, Field, Misfit, Scalar, Type, Value};
#[cfg(feature = "jiff")]
use crate::predicate::jiff_days;
use crate::predicate::{Cell, days, nanoseconds};

macro_rules! scalars {
    ($($(#[$attribute:meta])* $ty:ty => $scalar:ident, $cell:ident by $add:ident(|$value:ident| $raw:expr);)*) => {$(
        $(#[$attribute])*
        impl Value for $ty {
            const TYPE: Type = Type::Scalar(Scalar::$scalar);
            const FLOATS: bool = false;

            #[inline]
            fn find_misfit(&self) -> Option<Misfit> {
                None
            }

            #[inline]
            fn cell(&self, _: &[u16]) -> Cell<'_> {
                let $value = self;
                Cell::$cell($raw)
            }

            #[inline]
            fn observe(this: Option<&Self>, to: &mut Gauges) {
                to.$add(this.map(|$value| $raw));
            }
        }
    )*};
}

scalars! {
    bool => Bool, Bool by bool(|value| *value);
    i8 => Int8, Int by int(|value| (*value).into());
    i16 => Int16, Int by int(|value| (*value).into());
    i32 => Int32, Int by int(|value| (*value).into());
    i64 => Int64, Int by int(|value| (*value).into());
    u8 => Uint8, Int by int(|value| (*value).into());
    u16 => Uint16, Int by int(|value| (*value).into());
    u32 => Uint32, Int by int(|value| (*value).into());
    u64 => Uint64, Int by int(|value| (*value).into());
    String => String, Text by text(|value| &**value);
    Cow<'static, str> => String, Text by text(|value| &**value);
    Bytes => Bytes, Bytes by bytes(|value| &**value);
    NaiveDate => Date, Date by date(|value| days(*value));
    DateTime<Utc> => Timestamp, Time by time(|value| nanoseconds(*value));
    #[cfg(feature = "jiff")]
    jiff::civil::Date => Date, Date by date(|value| jiff_days(*value));
    #[cfg(feature = "jiff")]
    jiff::Timestamp => Timestamp, Time by time(|value| value.as_nanosecond());
    #[cfg(feature = "uuid")]
    uuid::Uuid => Uuid, Uuid by uuid(|value| *value.as_bytes());
}

macro_rules! floats {
    ($($ty:ty => $scalar:ident, $cell:ident by $add:ident(|$value:ident| $raw:expr);)*) => {$(
        impl Value for $ty {
            const TYPE: Type = Type::Scalar(Scalar::$scalar);
            const FLOATS: bool = true;

            #[inline]
            fn find_misfit(&self) -> Option<Misfit> {
                if self.is_finite() { None } else { Some(Misfit::number(String::new())) }
            }

            #[inline]
            fn cell(&self, _: &[u16]) -> Cell<'_> {
                let $value = self;
                Cell::$cell($raw)
            }

            #[inline]
            fn observe(this: Option<&Self>, to: &mut Gauges) {
                to.$add(this.map(|$value| $raw));
            }
        }
    )*};
}

floats! {
    f32 => Float32, Float by float(|value| (*value).into());
    f64 => Float64, Float by float(|value| *value);
}

/// What predicates do not look into.
macro_rules! opaque {
    () => {
        #[inline]
        fn cell(&self, _: &[u16]) -> Cell<'_> {
            Cell::Other
        }

        #[inline]
        fn observe(this: Option<&Self>, to: &mut Gauges) {
            to.opaque(this.is_none());
        }
    };
}

impl<T: Field> Value for Vec<T> {
    const TYPE: Type = list_of::<T>();
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_misfit(&self) -> Option<Misfit> {
        in_list(self)
    }

    opaque!();
}

impl<T: Field, const N: usize> Value for [T; N] {
    const TYPE: Type = Type::Array(const { &Element { ty: T::TYPE, nullable: T::NULLABLE } }, N);
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_misfit(&self) -> Option<Misfit> {
        in_list(self)
    }

    opaque!();
}

impl<V: Field> Value for BTreeMap<String, V> {
    const TYPE: Type = map_of::<V>();
    const FLOATS: bool = V::FLOATS;

    #[inline]
    fn find_misfit(&self) -> Option<Misfit> {
        in_map(self)
    }

    opaque!();
}

impl<V: Field, S: BuildHasher + Default + 'static> Value for HashMap<String, V, S> {
    const TYPE: Type = map_of::<V>();
    const FLOATS: bool = V::FLOATS;

    #[inline]
    fn find_misfit(&self) -> Option<Misfit> {
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
fn in_list<T: Field>(list: &[T]) -> Option<Misfit> {
    if !T::FLOATS {
        return None;
    }
    let at = |(i, item): (usize, &T)| Some(item.find_misfit()?.below(&format!("[{i}]")));
    list.iter().enumerate().find_map(at)
}

#[inline]
fn in_map<'a, V: Field + 'a>(map: impl IntoIterator<Item = (&'a String, &'a V)>) -> Option<Misfit> {
    if !V::FLOATS {
        return None;
    }
    let at = |(key, value): (&String, &V)| Some(value.find_misfit()?.below(&format!("[{key:?}]")));
    map.into_iter().find_map(at)
}
