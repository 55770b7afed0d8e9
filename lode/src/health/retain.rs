//! Which snapshots are kept.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_kept_if_either_says_so() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let at = |ago: i64| now - TimeDelta::seconds(ago);
        let second = Duration::from_secs(1);
        let keeps = |retain: Retain, newer, ago| retain.keeps(newer, at(ago), now);
        assert!(keeps(Retain::last(2), 1, 100) && !keeps(Retain::last(2), 2, 0));
        assert!(!keeps(Retain::last(0), 0, 0));
        assert!(
            keeps(Retain::within(9 * second), 50, 8) && !keeps(Retain::within(9 * second), 0, 9)
        );
        let both = Retain::last(2).or_within(9 * second);
        assert!(keeps(both, 1, 100) && keeps(both, 50, 8) && !keeps(both, 2, 9));
        // Longer than there is time, and a clock that goes ahead.
        assert!(keeps(Retain::within(Duration::MAX), 50, 1_000_000));
        assert!(keeps(Retain::within(Duration::ZERO), 50, -1));
    }
}
