use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use chrono::{DateTime, NaiveDate, Utc};

use super::Predicate;
use super::expr::{ColumnPath, Expr, Op, sorted};
#[cfg(feature = "jiff")]
use super::literal::jiff_days;
use super::literal::{Literal, days, nanoseconds};
use super::path::{Place, Root};
use crate::record::{Bytes, Field, Record};

/// A column of the record `R` whose field has the type `V`: what [`Record::columns`] has one of for
/// each stored field. Comparing it makes a [`Predicate`].
///
/// Values are given as the type itself, texts as `&str`, bytes as `&[u8]`. A field of type
/// `Option<V>` is compared with values of `V`, and a null makes the comparison null.
///
/// ```
/// use lode::Record;
/// # #[derive(serde::Serialize, serde::Deserialize, Record)]
/// # struct Flight { origin: String, dep_delay: Option<i32> }
///
/// let late = Flight::columns().dep_delay.gt(60);
/// let here = Flight::columns().origin.is_in(["JFK", "LGA"]);
/// assert_eq!((late & here).to_string(), r#"dep_delay > 60 and origin in ("JFK", "LGA")"#);
/// ```
///
/// The columns of a nested record are its fields:
///
/// ```
/// use lode::Record;
///
/// #[derive(serde::Serialize, serde::Deserialize, Record)]
/// struct Position { lat: f64, lon: f64 }
///
/// #[derive(serde::Serialize, serde::Deserialize, Record)]
/// struct Photo { name: String, position: Option<Position> }
///
/// let north = Photo::columns().position.lat.gt(60.0) | Photo::columns().position.is_null();
/// assert_eq!(north.to_string(), "position.lat > 60.0 or position is null");
/// ```
pub struct Column<R, V, P = Root> {
    of: PhantomData<Of<R, V, P>>,
}

/// `P` is where it is.
type Of<R, V, P> = fn() -> (R, V, P);

impl<R, V, P> Column<R, V, P> {
    #[doc(hidden)]
    pub const NEW: Self = Self { of: PhantomData };
}

impl<R: Record, V, P: Place> Column<R, V, P> {
    fn path(self) -> ColumnPath {
        ColumnPath::of::<R>(P::PATH.0)
    }

    fn compare(self, op: Op, literal: Literal) -> Predicate<R> {
        Predicate::new(Expr::Compare { column: self.path(), op, literal })
    }

    /// Rows whose value is equal to this one. Of floats −0.0 equals 0.0, and NaN equals nothing.
    pub fn eq(self, value: V::Query<'_>) -> Predicate<R>
    where
        V: Comparable,
    {
        self.compare(Op::Eq, V::literal(value))
    }

    /// Rows whose value is not equal to this one; null is neither equal nor unequal. Of floats,
    /// NaN is unequal to everything.
    pub fn ne(self, value: V::Query<'_>) -> Predicate<R>
    where
        V: Comparable,
    {
        self.compare(Op::Ne, V::literal(value))
    }

    /// Rows whose value is equal to one of these.
    ///
    /// ```
    /// # use lode::Record;
    /// # #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// # struct Flight { carrier: String, month: u8 }
    /// let summer = Flight::columns().month.is_in([6, 7, 8]);
    /// assert_eq!(summer.to_string(), "month in (6, 7, 8)");
    /// ```
    pub fn is_in<'q>(self, values: impl IntoIterator<Item = V::Query<'q>>) -> Predicate<R>
    where
        V: Comparable,
    {
        let list = sorted(values.into_iter().map(V::literal));
        Predicate::new(Expr::In { column: self.path(), list })
    }

    /// Rows whose value is below this one. Texts and bytes are ordered byte by byte.
    pub fn lt(self, value: V::Query<'_>) -> Predicate<R>
    where
        V: Ordered,
    {
        self.compare(Op::Lt, V::literal(value))
    }

    /// Rows whose value is this one or below it.
    pub fn le(self, value: V::Query<'_>) -> Predicate<R>
    where
        V: Ordered,
    {
        self.compare(Op::Le, V::literal(value))
    }

    /// Rows whose value is above this one.
    pub fn gt(self, value: V::Query<'_>) -> Predicate<R>
    where
        V: Ordered,
    {
        self.compare(Op::Gt, V::literal(value))
    }

    /// Rows whose value is this one or above it.
    pub fn ge(self, value: V::Query<'_>) -> Predicate<R>
    where
        V: Ordered,
    {
        self.compare(Op::Ge, V::literal(value))
    }

    /// Rows whose text begins with this one.
    pub fn starts_with(self, prefix: &str) -> Predicate<R>
    where
        V: Text,
    {
        Predicate::new(Expr::StartsWith { column: self.path(), prefix: prefix.to_owned() })
    }

    /// Rows where it is null: never itself null. In a nested record, also rows where that record is
    /// null.
    pub fn is_null(self) -> Predicate<R>
    where
        V: Nullable,
    {
        Predicate::new(Expr::IsNull { column: self.path() })
    }

    /// Rows where it is not null.
    pub fn is_not_null(self) -> Predicate<R>
    where
        V: Nullable,
    {
        !self.is_null()
    }
}

impl<R, V, P> Clone for Column<R, V, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, V, P> Copy for Column<R, V, P> {}

impl<R: Record, V, P: Place> fmt::Debug for Column<R, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({})", self.path().name())
    }
}

/// To the columns of a nested record.
impl<R: 'static, V: HasColumns, P: 'static> Deref for Column<R, V, P> {
    type Target = V::Columns<R, P>;

    fn deref(&self) -> &Self::Target {
        V::columns()
    }
}

/// A record, or an `Option` of one, as a field: it has columns of its own.
#[doc(hidden)]
pub trait HasColumns {
    type Columns<R: 'static, P: 'static>: 'static;

    fn columns<R: 'static, P: 'static>() -> &'static Self::Columns<R, P>;
}

#[diagnostic::do_not_recommend]
impl<V: HasColumns> HasColumns for Option<V> {
    type Columns<R: 'static, P: 'static> = V::Columns<R, P>;

    fn columns<R: 'static, P: 'static>() -> &'static V::Columns<R, P> {
        V::columns()
    }
}

/// What the column of a `#[lode(json)]` field holds: JSON of any kind, which predicates do not look
/// into.
#[derive(Debug, Clone, Copy)]
pub enum Json {}

/// A type of fields whose columns can be compared with values.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` cannot be compared with a value",
    label = "not comparable",
    note = "lists, maps and JSON have no comparisons; a nested record's fields have: `.position.lat.gt(…)`"
)]
pub trait Comparable {
    /// What its columns are compared with: the type itself, `&str` for texts, `&[u8]` for bytes.
    type Query<'q>;

    #[doc(hidden)]
    fn literal(query: Self::Query<'_>) -> Literal;
}

#[diagnostic::do_not_recommend]
impl<V: Comparable> Comparable for Option<V> {
    type Query<'q> = V::Query<'q>;

    #[inline]
    fn literal(query: V::Query<'_>) -> Literal {
        V::literal(query)
    }
}

/// A [`Comparable`] with an order.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` has no order",
    label = "not ordered",
    note = "numbers, texts, bytes, dates, times and UUIDs are ordered; for others there are `eq`, `ne` and `is_in`"
)]
pub trait Ordered: Comparable {}

#[diagnostic::do_not_recommend]
impl<V: Ordered> Ordered for Option<V> {}

/// A [`Comparable`] that is text.
#[diagnostic::on_unimplemented(message = "a column of `{Self}` is not text", label = "not text")]
pub trait Text: Comparable {}

#[diagnostic::do_not_recommend]
impl<V: Text> Text for Option<V> {}

/// What can be null, or stand in something that is: every [`Field`].
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` is never null",
    label = "never null",
    note = "JSON has a null of its own"
)]
pub trait Nullable {}

#[diagnostic::do_not_recommend]
impl<V: Field> Nullable for V {}

macro_rules! comparable {
    ($query_of:lifetime: $($(#[$attribute:meta])* $ty:ty as $query:ty => $literal:expr;)*) => {$(
        $(#[$attribute])*
        impl Comparable for $ty {
            type Query<$query_of> = $query;

            #[inline]
            fn literal<$query_of>(query: $query) -> Literal {
                let literal: fn($query) -> Literal = $literal;
                literal(query)
            }
        }
    )*};
}

comparable! { 'q:
    bool as bool => Literal::Bool;
    i8 as i8 => |value| Literal::Int(value.into());
    i16 as i16 => |value| Literal::Int(value.into());
    i32 as i32 => |value| Literal::Int(value.into());
    i64 as i64 => |value| Literal::Int(value.into());
    u8 as u8 => |value| Literal::Int(value.into());
    u16 as u16 => |value| Literal::Int(value.into());
    u32 as u32 => |value| Literal::Int(value.into());
    u64 as u64 => |value| Literal::Int(value.into());
    f32 as f32 => |value| Literal::Float(value.into());
    f64 as f64 => Literal::Float;
    String as &'q str => |value| Literal::Text(value.to_owned());
    Cow<'static, str> as &'q str => |value| Literal::Text(value.to_owned());
    Bytes as &'q [u8] => |value| Literal::Bytes(value.to_owned());
    NaiveDate as NaiveDate => |value| Literal::Date(days(value));
    DateTime<Utc> as DateTime<Utc> => |value| Literal::Time(nanoseconds(value));
    #[cfg(feature = "jiff")]
    jiff::civil::Date as jiff::civil::Date => |value| Literal::Date(jiff_days(value));
    #[cfg(feature = "jiff")]
    jiff::Timestamp as jiff::Timestamp => |value| Literal::Time(value.as_nanosecond());
    #[cfg(feature = "uuid")]
    uuid::Uuid as uuid::Uuid => |value| Literal::Uuid(value.into_bytes());
}

macro_rules! marked {
    ($trait:ident: $($(#[$attribute:meta])* $ty:ty;)*) => {$(
        $(#[$attribute])*
        impl $trait for $ty {}
    )*};
}

marked! { Ordered:
    i8; i16; i32; i64; u8; u16; u32; u64; f32; f64;
    String; Cow<'static, str>; Bytes; NaiveDate; DateTime<Utc>;
    #[cfg(feature = "jiff")]
    jiff::civil::Date;
    #[cfg(feature = "jiff")]
    jiff::Timestamp;
    #[cfg(feature = "uuid")]
    uuid::Uuid;
}

marked! { Text: String; Cow<'static, str>; }
