#[cfg(feature = "parquet")]
use super::columnar::{Column, Optional, Required};
use super::{Columnar, Element, Type};

use crate::predicate::{Cell, Path};

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

    /// Whether there can be a float in it.
    const FLOATS: bool;

    /// The path, relative to this value, of the first float in it that is NaN or infinite: empty
    /// for a float itself, else such as `[2]` or `.lat`.
    fn find_non_finite(&self) -> Option<String>;

    /// The handle on a column of it, for predicates.
    #[doc(hidden)]
    type Handle<R>;

    /// The handle on the column at `path` of the record `R`.
    #[doc(hidden)]
    fn handle<R>(path: Path) -> Self::Handle<R>;

    /// What stands at `path` in it.
    #[doc(hidden)]
    fn cell(&self, path: &[u16]) -> Cell<'_>;
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

    /// Whether there can be a float in it.
    const FLOATS: bool;

    /// Type and nullability together.
    #[doc(hidden)]
    const STORED: Element = Element { ty: Self::TYPE, nullable: Self::NULLABLE };

    /// As [`Value::find_non_finite`].
    fn find_non_finite(&self) -> Option<String>;

    #[doc(hidden)]
    type Handle<R>;

    #[doc(hidden)]
    fn handle<R>(path: Path) -> Self::Handle<R>;

    #[doc(hidden)]
    fn cell(&self, path: &[u16]) -> Cell<'_>;
}

#[diagnostic::do_not_recommend]
impl<T: Value> Field for T {
    #[cfg(feature = "parquet")]
    type Column = Required<T>;

    const TYPE: Type = T::TYPE;
    const NULLABLE: bool = false;
    const FLOATS: bool = T::FLOATS;

    #[inline]
    fn find_non_finite(&self) -> Option<String> {
        Value::find_non_finite(self)
    }

    type Handle<R> = T::Handle<R>;

    fn handle<R>(path: Path) -> Self::Handle<R> {
        T::handle(path)
    }

    #[inline]
    fn cell(&self, path: &[u16]) -> Cell<'_> {
        Value::cell(self, path)
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
    fn find_non_finite(&self) -> Option<String> {
        self.as_ref().and_then(Value::find_non_finite)
    }

    type Handle<R> = T::Handle<R>;

    fn handle<R>(path: Path) -> Self::Handle<R> {
        T::handle(path)
    }

    #[inline]
    fn cell(&self, path: &[u16]) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, |value| value.cell(path))
    }
}
