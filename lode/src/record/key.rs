use std::borrow::Cow;

use chrono::NaiveDate;

use super::field::repeat;
use super::{Element, Field, Value};

/// A value that records can be partitioned by: what `#[lode(partition)]` works on. It has one text,
/// and equal texts mean equal values.
pub trait Key: Value {
    /// The value as it stands in paths and manifests, before percent-encoding. Dates are
    /// `YYYY-MM-DD`.
    fn text(&self) -> Cow<'_, str>;
}

/// A [`Key`], or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "records cannot be partitioned by `{Self}`",
    label = "not a partition key",
    note = "use a string, an integer of fixed size, a bool, a date, a `lode::Enum`, or an `Option` of one",
    note = "for a time say which part of it: `#[lode(partition = \"day\")]`"
)]
pub trait KeyField: Field {
    /// As for [`Field`]; repeated, so that a type that is neither is refused once.
    #[doc(hidden)]
    const STORED: Element = Element { ty: Self::TYPE, nullable: Self::NULLABLE };

    repeat!(of Field);

    /// As [`Key::text`]; `None` for null.
    fn text(&self) -> Option<Cow<'_, str>>;
}

#[diagnostic::do_not_recommend]
impl<T: Key> KeyField for T {
    repeat!(by Field);

    #[inline]
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Key::text(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Key> KeyField for Option<T> {
    repeat!(by Field);

    #[inline]
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().map(Key::text)
    }
}

impl Key for String {
    #[inline]
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl Key for Cow<'static, str> {
    #[inline]
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl Key for bool {
    #[inline]
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "true" } else { "false" })
    }
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Key for $ty {
            fn text(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl Key for NaiveDate {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(super::time::date(*self))
    }
}

#[cfg(feature = "jiff")]
impl Key for jiff::civil::Date {
    fn text(&self) -> Cow<'_, str> {
        let year = super::time::year_text(i32::from(self.year()));
        Cow::Owned(format!("{year}-{:02}-{:02}", self.month(), self.day()))
    }
}
