use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

use super::field::repeat;
use super::{Element, Field, Value};

/// A moment: what `#[lode(timestamp)]` and `#[lode(partition = "day")]` work on.
pub trait Time: Value {
    /// The moment in UTC; `None` where chrono's calendar does not reach.
    fn utc(&self) -> Option<DateTime<Utc>>;
}

/// A [`Time`], or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold a time",
    label = "not a time in UTC",
    note = "use `chrono::DateTime<Utc>`, `jiff::Timestamp` (feature `jiff`), or an `Option` of one"
)]
pub trait TimeField: Field {
    /// As for [`Field`]; repeated, so that a type that is neither is refused once.
    #[doc(hidden)]
    const STORED: Element = Element { ty: Self::TYPE, nullable: Self::NULLABLE };

    repeat!(of Field);

    /// The moment in UTC, if there is one.
    fn utc(&self) -> Option<DateTime<Utc>>;
}

#[diagnostic::do_not_recommend]
impl<T: Time> TimeField for T {
    repeat!(by Field);

    #[inline]
    fn utc(&self) -> Option<DateTime<Utc>> {
        Time::utc(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Time> TimeField for Option<T> {
    repeat!(by Field);

    #[inline]
    fn utc(&self) -> Option<DateTime<Utc>> {
        self.as_ref().and_then(Time::utc)
    }
}

impl Time for DateTime<Utc> {
    #[inline]
    fn utc(&self) -> Option<DateTime<Utc>> {
        Some(*self)
    }
}

#[cfg(feature = "jiff")]
impl Time for jiff::Timestamp {
    fn utc(&self) -> Option<DateTime<Utc>> {
        const SECOND: i128 = 1_000_000_000;
        let nanoseconds = self.as_nanosecond();
        let seconds = i64::try_from(nanoseconds.div_euclid(SECOND)).ok()?;
        let rest = u32::try_from(nanoseconds.rem_euclid(SECOND)).ok()?;
        DateTime::from_timestamp(seconds, rest)
    }
}

/// `2013-01-01`
pub(crate) fn day(time: DateTime<Utc>) -> String {
    date(time.date_naive())
}

/// `2013-01-01T05`
pub(crate) fn hour(time: DateTime<Utc>) -> String {
    format!("{}T{:02}", day(time), time.hour())
}

/// `2013-01`
pub(crate) fn month(time: DateTime<Utc>) -> String {
    format!("{}-{:02}", year(time), time.month())
}

/// `2013`
pub(crate) fn year(time: DateTime<Utc>) -> String {
    year_text(time.year())
}

pub(super) fn date(date: NaiveDate) -> String {
    format!("{}-{:02}-{:02}", year_text(date.year()), date.month(), date.day())
}

/// Four digits; outside of those years with a sign, as in ISO 8601.
pub(super) fn year_text(year: i32) -> String {
    if (0..=9999).contains(&year) { format!("{year:04}") } else { format!("{year:+05}") }
}
