use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};

use super::field::repeat;
use super::{Bytes, Element, Field, Value};

/// A value that the rows of a Parquet file can be sorted by: what `#[lode(sort)]` works on. The order
/// is the one that Parquet gives the type.
pub trait Sort: Value {
    /// Which of both comes first.
    fn order(&self, other: &Self) -> Ordering;
}

/// A [`Sort`], or an `Option` of one: nulls come first.
#[diagnostic::on_unimplemented(
    message = "records cannot be sorted by `{Self}`",
    label = "has no order that every reader agrees on",
    note = "`#[lode(sort)]` works on strings, bytes, integers, bools, dates, times, UUIDs, and `Option` of them"
)]
pub trait SortField: Field {
    /// As for [`Field`]; repeated, so that a type that is neither is refused once.
    #[doc(hidden)]
    const STORED: Element = Element { ty: Self::TYPE, nullable: Self::NULLABLE };

    repeat!(of Field);

    /// As [`Sort::order`].
    fn order(&self, other: &Self) -> Ordering;
}

#[diagnostic::do_not_recommend]
impl<T: Sort> SortField for T {
    repeat!(by Field);

    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        Sort::order(self, other)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Sort> SortField for Option<T> {
    repeat!(by Field);

    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Some(one), Some(other)) => Sort::order(one, other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }
}

/// A value that a Parquet file can have a bloom filter of: what `#[lode(bloom)]` works on.
pub trait Bloom: Value {}

/// A [`Bloom`], or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "there is no bloom filter of `{Self}`",
    label = "not a type that is looked up by equality",
    note = "`#[lode(bloom)]` works on strings, bytes, integers, dates, times, UUIDs, and `Option` of them"
)]
pub trait BloomField: Field {
    /// As for [`Field`]; repeated, so that a type that is neither is refused once.
    #[doc(hidden)]
    const STORED: Element = Element { ty: Self::TYPE, nullable: Self::NULLABLE };

    repeat!(of Field);
}

#[diagnostic::do_not_recommend]
impl<T: Bloom> BloomField for T {
    repeat!(by Field);
}

#[diagnostic::do_not_recommend]
impl<T: Bloom> BloomField for Option<T> {
    repeat!(by Field);
}

macro_rules! ordered {
    ($($(#[$attribute:meta])* $ty:ty)*) => {$(
        $(#[$attribute])*
        impl Sort for $ty {
            #[inline]
            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        }
    )*};
}

macro_rules! bloomed {
    ($($(#[$attribute:meta])* $ty:ty)*) => {$(
        ordered!($(#[$attribute])* $ty);

        $(#[$attribute])*
        impl Bloom for $ty {}
    )*};
}

ordered!(bool);

bloomed! {
    i8 i16 i32 i64 u8 u16 u32 u64
    String Cow<'static, str> Bytes
    NaiveDate DateTime<Utc>
    #[cfg(feature = "jiff")] jiff::civil::Date
    #[cfg(feature = "jiff")] jiff::Timestamp
    #[cfg(feature = "uuid")] uuid::Uuid
}
