//! Which snapshots are kept.

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Which snapshots [`expire`](crate::Dataset::expire) keeps, beside the newest, which never expires.
///
/// ```
/// use std::time::Duration;
/// use lode::Retain;
///
/// // Everything of the last 30 days, and ten snapshots at least.
/// let retain = Retain::last(10).or_within(Duration::from_secs(30 * 24 * 3600));
/// assert_eq!(retain, Retain::within(Duration::from_secs(30 * 24 * 3600)).or_last(10));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retain {
    last: u32,
    within: Option<Duration>,
}

impl Retain {
    /// The newest `n`. The snapshots that clean-ups committed do not count: each is kept with the one
    /// whose content it has. Nor do expired ones.
    #[must_use]
    pub const fn last(n: u32) -> Self {
        Self { last: n, within: None }
    }

    /// Those that were committed less than `age` ago, by their writers' clocks and this one's.
    #[must_use]
    pub const fn within(age: Duration) -> Self {
        Self { last: 0, within: Some(age) }
    }

    /// These, and the newest `n`.
    #[must_use]
    pub const fn or_last(self, n: u32) -> Self {
        Self { last: n, ..self }
    }

    /// These, and those that were committed less than `age` ago.
    #[must_use]
    pub const fn or_within(self, age: Duration) -> Self {
        Self { within: Some(age), ..self }
    }

    /// Whether a snapshot is kept before which there are `newer` that count.
    pub(super) fn keeps(&self, newer: u64, created_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let is_young = |age| before(now, age).is_none_or(|time| created_at > time);
        newer < u64::from(self.last) || self.within.is_some_and(is_young)
    }
}

/// The time that was `age` before `now`; `None` if that is before all times.
pub(super) fn before(now: DateTime<Utc>, age: Duration) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::from_std(age).ok()?)
}
