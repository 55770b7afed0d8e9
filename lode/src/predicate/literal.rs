use std::cmp::Ordering;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// A value that a predicate compares with.
#[derive(Debug, Clone, PartialEq)]
#[doc(hidden)]
pub enum Literal {
    Bool(bool),
    /// Of any integer type.
    Int(i128),
    /// Of either float type, widened.
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Time(i128),
    Uuid([u8; 16]),
    /// A name of an enum.
    Name(String),
}

/// One value of a record, as predicates see it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[doc(hidden)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Date(i32),
    Time(i128),
    Uuid([u8; 16]),
    Name(&'a str),
    /// Something that is not null and not compared: a list, a map, a nested record, JSON.
    Other,
}

impl Literal {
    /// As a cell that holds it.
    pub(crate) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Bool(value) => Cell::Bool(*value),
            Self::Int(value) => Cell::Int(*value),
            Self::Float(value) => Cell::Float(*value),
            Self::Text(value) => Cell::Text(value),
            Self::Bytes(value) => Cell::Bytes(value),
            Self::Date(value) => Cell::Date(*value),
            Self::Time(value) => Cell::Time(*value),
            Self::Uuid(value) => Cell::Uuid(*value),
            Self::Name(value) => Cell::Name(value),
        }
    }
}

impl Cell<'_> {
    /// How it stands to `other`; `None` where there is no order: NaN, null, other types.
    #[inline]
    pub(crate) fn order(self, other: Cell<'_>) -> Option<Ordering> {
        match (self, other) {
            (Cell::Bool(a), Cell::Bool(b)) => Some(a.cmp(&b)),
            (Cell::Int(a), Cell::Int(b)) | (Cell::Time(a), Cell::Time(b)) => Some(a.cmp(&b)),
            (Cell::Float(a), Cell::Float(b)) => a.partial_cmp(&b),
            (Cell::Text(a), Cell::Text(b)) | (Cell::Name(a), Cell::Name(b)) => Some(a.cmp(b)),
            (Cell::Bytes(a), Cell::Bytes(b)) => Some(a.cmp(b)),
            (Cell::Date(a), Cell::Date(b)) => Some(a.cmp(&b)),
            (Cell::Uuid(a), Cell::Uuid(b)) => Some(a.cmp(&b)),
            _ => None,
        }
    }
}

/// Nanoseconds since 1970; a leap second counts as the second after it.
#[inline]
pub(crate) fn nanoseconds(time: DateTime<Utc>) -> i128 {
    i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos())
}

/// The moment so many nanoseconds after 1970-01-01T00:00:00Z, as far as chrono's calendar reaches.
pub(crate) fn time_of(nanoseconds: i128) -> Option<DateTime<Utc>> {
    const SECOND: i128 = 1_000_000_000;
    let seconds = i64::try_from(nanoseconds.div_euclid(SECOND)).ok()?;
    let rest = u32::try_from(nanoseconds.rem_euclid(SECOND)).ok()?;
    DateTime::from_timestamp(seconds, rest)
}

/// Days since 1970-01-01.
#[inline]
pub(crate) fn days(date: NaiveDate) -> i32 {
    // chrono's years end at 262142, so that the days fit.
    date.num_days_from_ce() - EPOCH
}

/// The day 1970-01-01, in days since the year 1 began.
pub(crate) const EPOCH: i32 = 719_163;

#[cfg(feature = "jiff")]
#[inline]
pub(crate) fn jiff_days(date: jiff::civil::Date) -> i32 {
    let (year, month, day) = (date.year(), date.month(), date.day());
    // jiff's years are within chrono's.
    NaiveDate::from_ymd_opt(
        i32::from(year),
        u32::from(month.unsigned_abs()),
        u32::from(day.unsigned_abs()),
    )
    .map_or(0, days)
}
