//! A clock and ids that are set.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeZone, Utc};
use lode::ambient::{Clock, Ids};
use uuid::Uuid;

/// A clock that says these times, and then the last of them for ever.
#[derive(Debug)]
pub struct SetClock(Mutex<VecDeque<DateTime<Utc>>>);

impl SetClock {
    /// Seconds since 1970.
    pub fn new(times: impl IntoIterator<Item = i64>) -> Self {
        let times = times.into_iter().map(|time| Utc.timestamp_opt(time, 0).unwrap());
        Self(Mutex::new(times.collect()))
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        let mut times = self.0.lock().unwrap();
        let now = times[0];
        if times.len() > 1 {
            times.pop_front();
        }
        now
    }
}

/// Ids that count from a seed on.
#[derive(Debug)]
pub struct CountingIds(AtomicU64);

impl CountingIds {
    pub fn from(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Ids for CountingIds {
    fn next(&self) -> Uuid {
        uuid(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// The UUIDv7 with this number.
pub fn uuid(number: u64) -> Uuid {
    let high = 0x0190_0000_0000_7000_u128 << 64;
    Uuid::from_u128(high | 0x8000_0000_0000_0000 | u128::from(number))
}
