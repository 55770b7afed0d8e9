#[cfg(feature = "parquet")]
use super::columnar::{Column, Optional, Required};
use super::stats::Gauges;
use super::{Columnar, Element, Misfit, Type};
use crate::predicate::Cell;

/// A type whose values a record can hold, and that are never null.
///
/// Implemented for the built-in types, for lists, arrays and string-keyed maps of [`Field`]s, for
/// records by `#[derive(Record)]` and for unit enums by `#[derive(lode::Enum)]`. To be generic over
/// the type of a field, write the bound `T: Value`.
#[diagnostic::on_unimplemented(
    message = "a record cannot hold `{Self}`",
    label = "not a type that lode stores",
    note = "derive `lode::Record` for a struct of your own, `lode::Enum` for an enum",
    note = "use `u64` for `usize`, `String` for `&str`, `DateTime<Utc>` for other times",
    note = "`#[lode(json)]` on the field stores whatever serde can serialize"
)]
pub trait Value: Columnar + 'static {
    /// Its type in the schema.
    const TYPE: Type;

    /// Whether there can be a float in it, or what is stored as JSON: something for
    /// [`find_misfit`](Self::find_misfit) to look at.
    const FLOATS: bool;

    /// The first thing in it that JSON does not take. The path is relative to this value: empty for a
    /// float itself, else such as `[2]` or `.lat`.
    fn find_misfit(&self) -> Option<Misfit>;

    /// What stands at `path` in it.
    #[doc(hidden)]
    fn cell(&self, path: &[u16]) -> Cell<'_>;

    /// Adds it, or nulls in its place, to the statistics of its columns.
    #[doc(hidden)]
    fn observe(this: Option<&Self>, to: &mut Gauges);
}

/// A type that a field of a record, the element of a list or the value of a map can have: every
/// [`Value`], and `Option` of every [`Value`]. Nested options are refused, since JSON cannot tell
/// them apart.
#[diagnostic::on_unimplemented(
    message = "a record cannot hold `{Self}`",
    label = "not a type that lode stores",
    note = "derive `lode::Record` for a struct of your own, `lode::Enum` for an enum",
    note = "use `u64` for `usize`, `String` for `&str`, `DateTime<Utc>` for other times",
    note = "`#[lode(json)]` on the field stores whatever serde can serialize"
)]
pub trait Field: Sized + 'static {
    /// How it becomes a column.
    #[cfg(feature = "parquet")]
    #[doc(hidden)]
    type Column: Column<Self>;

    /// Its type in the schema.
    const TYPE: Type;

    /// Whether it may be null.
    const NULLABLE: bool;

    /// As [`Value::FLOATS`].
    const FLOATS: bool;

    /// Type and nullability together.
    #[doc(hidden)]
    const STORED: Element = Element { ty: Self::TYPE, nullable: Self::NULLABLE };

    /// As [`Value::find_misfit`].
    fn find_misfit(&self) -> Option<Misfit>;

    #[doc(hidden)]
    fn cell(&self, path: &[u16]) -> Cell<'_>;

    #[doc(hidden)]
    fn observe(this: Option<&Self>, to: &mut Gauges);
}

#[diagnostic::do_not_recommend]
impl<T: Value> Field for T {
    #[cfg(feature = "parquet")]
    type Column = Required<T>;

    const TYPE: Type = T::TYPE;
    const NULLABLE: bool = false;
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_misfit(&self) -> Option<Misfit> {
        Value::find_misfit(self)
    }

    #[inline]
    fn cell(&self, path: &[u16]) -> Cell<'_> {
        Value::cell(self, path)
    }

    #[inline]
    fn observe(this: Option<&Self>, to: &mut Gauges) {
        Value::observe(this, to);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Value> Field for Option<T> {
    #[cfg(feature = "parquet")]
    type Column = Optional<T>;

    const TYPE: Type = T::TYPE;
    const NULLABLE: bool = true;
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_misfit(&self) -> Option<Misfit> {
        self.as_ref().and_then(Value::find_misfit)
    }

    #[inline]
    fn cell(&self, path: &[u16]) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, |value| value.cell(path))
    }

    #[inline]
    fn observe(this: Option<&Self>, to: &mut Gauges) {
        Value::observe(this.and_then(Option::as_ref), to);
    }
}

/// What the traits that judge fields repeat of [`Field`]: so that a type that is neither is refused
/// once.
macro_rules! repeat {
    (of Field) => {
        #[doc(hidden)]
        fn cell(&self, path: &[u16]) -> crate::predicate::Cell<'_>;

        #[doc(hidden)]
        fn observe(this: Option<&Self>, to: &mut crate::record::stats::Gauges);
    };
    (by Field) => {
        #[inline]
        fn cell(&self, path: &[u16]) -> crate::predicate::Cell<'_> {
            crate::record::Field::cell(self, path)
        }

        #[inline]
        fn observe(this: Option<&Self>, to: &mut crate::record::stats::Gauges) {
            crate::record::Field::observe(this, to);
        }
    };
}

pub(super) use repeat;
