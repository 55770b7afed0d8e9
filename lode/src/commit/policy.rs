//! What a write does when another writer committed first.

#[cfg(test)]
mod tests;

use std::time::Duration;

/// What a commit that may be rebased does when another writer was first.
///
/// Only an append, and a commit of a volume, is ever rebased. A replacing write that lost is always an
/// [`Error::Conflict`](crate::Error::Conflict), and so is any write with an expected head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnConflict {
    /// Build on the new head and try again; no data is written twice.
    Retry(Retry),
    /// Return [`Error::Conflict`](crate::Error::Conflict) at once.
    Fail,
}

/// How often, and how patiently, a lost commit is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How many times after the first. Default: 100.
    pub attempts: u32,
    /// The wait before the first retry; it doubles with each, up to the longest. From then on it halves
    /// again: of many writers, whoever has lost most often waits least. Default: 10 ms.
    pub base_delay: Duration,
    /// The longest wait. Default: 1 s.
    pub max_delay: Duration,
    /// Wait a random part of that time (between none and all of it), so that writers do not meet
    /// again and again. Default: true.
    pub jitter: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 100,
            base_delay: Duration::from_millis(10),
            max_delay: Duration::from_secs(1),
            jitter: true,
        }
    }
}

impl Default for OnConflict {
    fn default() -> Self {
        Self::Retry(Retry::default())
    }
}

impl Retry {
    /// The wait before retry `attempt` (from 0); `entropy` is where its jitter comes from.
    pub(crate) fn delay(&self, attempt: u32, entropy: u128) -> Duration {
        let doubled = |times: u32| {
            let factor = 1_u32.checked_shl(times).unwrap_or(u32::MAX);
            self.base_delay.saturating_mul(factor).min(self.max_delay)
        };
        // Whoever waits does not slow those down that win.
        let peak = (0..u32::BITS).find(|&times| doubled(times) >= self.max_delay);
        let full = match peak.filter(|&peak| attempt > peak) {
            Some(peak) => doubled((2 * peak).saturating_sub(attempt)),
            None => doubled(attempt),
        };
        if !self.jitter {
            return full;
        }
        // A version 7 UUID ends in 62 random bits (RFC 9562 §5.7).
        let part = (entropy as u32 >> 8) as f64 / f64::from(1_u32 << 24);
        full.mul_f64(part)
    }
}
