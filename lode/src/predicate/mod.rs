//! Typed columns and predicates: which records a scan wants.
//!
//! ```text
//! Flight::columns() ── Column ── gt, eq, is_in … ──► Predicate<Flight> ── &, |, ! ──► Predicate<Flight>
//!                                                        │
//!              one record ◄── matches ── expr.rs ────────┤
//!        bounds of a file ◄── outcomes.rs ───────────────┘
//! ```

mod column;
mod expr;
mod literal;
mod outcomes;
mod path;
mod print;
#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

#[doc(hidden)]
pub use column::HasColumns;
pub use column::{Column, Comparable, Json, Nullable, Ordered, Text};
#[doc(hidden)]
pub use literal::{Cell, Literal};
#[doc(hidden)]
pub use path::{At, Place, Root, Steps};

#[cfg(feature = "parquet")]
pub(crate) use expr::Row;
pub(crate) use expr::{ColumnPath, Expr};
#[cfg(feature = "jiff")]
pub(crate) use literal::jiff_days;
pub(crate) use literal::{days, nanoseconds, time_of};
pub(crate) use outcomes::Bounds;

use crate::record::Record;

/// A question to records of type `R`, made of [`Column`]s with `&`, `|` and `!`.
///
/// As in SQL it is true, false or null (unknown): comparing a null is null; `&` is false if one side
/// is, `|` true if one side is, and null if a null leaves it open; `!` of null is null. A scan gives
/// the records for which it is true.
///
/// ```
/// use lode::Record;
///
/// #[derive(serde::Serialize, serde::Deserialize, Record)]
/// struct Flight { origin: String, dep_delay: Option<i32> }
///
/// let wanted = Flight::columns().dep_delay.gt(60) & Flight::columns().origin.eq("JFK");
/// assert_eq!(wanted.to_string(), r#"dep_delay > 60 and origin = "JFK""#);
///
/// let late = Flight { origin: "JFK".into(), dep_delay: Some(90) };
/// let unknown = Flight { origin: "JFK".into(), dep_delay: None };
/// let elsewhere = Flight { origin: "LGA".into(), dep_delay: None };
/// assert_eq!(wanted.matches(&late), Some(true));
/// assert_eq!(wanted.matches(&unknown), None);
/// assert_eq!(wanted.matches(&elsewhere), Some(false));
/// ```
#[must_use = "a predicate does nothing until it is given to a scan, or to `matches`"]
pub struct Predicate<R> {
    expr: Expr,
    of: PhantomData<fn(R)>,
}

impl<R> Predicate<R> {
    pub(crate) fn new(expr: Expr) -> Self {
        Self { expr, of: PhantomData }
    }

    pub(crate) fn into_expr(self) -> Expr {
        self.expr
    }
}

impl<R: Record> Predicate<R> {
    /// What it says of this record; `None` is null. It allocates nothing.
    #[must_use]
    pub fn matches(&self, record: &R) -> Option<bool> {
        self.expr.eval(&record)
    }
}

impl<R> BitAnd for Predicate<R> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self::new(self.expr.and(other.expr))
    }
}

impl<R> BitOr for Predicate<R> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self::new(self.expr.or(other.expr))
    }
}

impl<R> Not for Predicate<R> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(self.expr.negated())
    }
}

impl<R> Clone for Predicate<R> {
    fn clone(&self) -> Self {
        Self::new(self.expr.clone())
    }
}

impl<R> PartialEq for Predicate<R> {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl<R> fmt::Debug for Predicate<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Predicate({})", self.expr)
    }
}

/// As one would say it: `dep_delay > 60 and origin = "JFK"`.
impl<R> fmt::Display for Predicate<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}
