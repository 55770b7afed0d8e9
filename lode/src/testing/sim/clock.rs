//! Simulated time, and ids of it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use uuid::{Builder, Uuid};

use crate::ambient::{Clock, Ids};
use crate::testing::Random;

/// A clock that begins where it is told and goes as tokio's does, paused or not. It can be wrong: see
/// [`skew`](Self::skew). Clones are the same clock.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use chrono::TimeDelta;
/// use lode::testing::sim::SimClock;
/// use lode::{Blob, Dataset, Store, metadata};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> lode::Result<()> {
/// let clock = SimClock::starting_at("2030-01-01T00:00:00Z".parse().unwrap());
/// let store = Store::memory().with_clock(Arc::new(clock.clone()));
/// let reports = Dataset::<Blob>::new(&store, "reports")?;
/// let first = reports.write(b"1", metadata! {}).await?;
///
/// tokio::time::sleep(Duration::from_secs(3600)).await; // no time, under tokio's paused clock
/// clock.skew(TimeDelta::days(-1)); // somebody set it back
/// let second = reports.write(b"2", metadata! {}).await?;
/// assert!(first.created_at() < second.created_at()); // lode does not rely on it
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SimClock(Arc<Reading>);

#[derive(Debug)]
struct Reading {
    start: DateTime<Utc>,
    origin: Instant,
    skew_nanos: AtomicI64,
}

impl SimClock {
    /// A clock that says `start` now.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self(Arc::new(Reading { start, origin: Instant::now(), skew_nanos: AtomicI64::new(0) }))
    }

    /// Another clock that says the same now, and can be wrong by itself.
    pub(super) fn another(&self) -> Self {
        let Reading { start, origin, ref skew_nanos } = *self.0;
        let skew_nanos = AtomicI64::new(skew_nanos.load(Ordering::Relaxed));
        Self(Arc::new(Reading { start, origin, skew_nanos }))
    }

    /// Sets how far it is ahead of the right time (or behind, below zero), from now on: up to 292 years.
    pub fn skew(&self, by: TimeDelta) {
        let most = if by < TimeDelta::zero() { i64::MIN } else { i64::MAX };
        self.0.skew_nanos.store(by.num_nanoseconds().unwrap_or(most), Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> DateTime<Utc> {
        let Reading { start, origin, skew_nanos } = &*self.0;
        let passed = i64::try_from(origin.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let since = passed.saturating_add(skew_nanos.load(Ordering::Relaxed));
        start.checked_add_signed(TimeDelta::nanoseconds(since)).unwrap_or(*start)
    }
}

/// UUIDs of version 7, of the time of a clock, their random part from a seed. For ids that differ, give
/// each process another seed.
///
/// ```
/// use lode::ambient::Ids;
/// use lode::testing::sim::{SimClock, SimIds};
///
/// let clock = SimClock::starting_at("2030-01-01T00:00:00Z".parse().unwrap());
/// let id = SimIds::new(7, clock).next();
/// assert_eq!(id.get_version_num(), 7);
/// assert_eq!(id.get_timestamp().unwrap().to_unix().0, 1_893_456_000);
/// ```
#[derive(Debug)]
pub struct SimIds {
    clock: SimClock,
    random: Mutex<Random>,
}

impl SimIds {
    /// The ids of this seed.
    #[must_use]
    pub fn new(seed: u64, clock: SimClock) -> Self {
        Self { clock, random: Mutex::new(Random::new(seed)) }
    }
}

impl Ids for SimIds {
    fn next(&self) -> Uuid {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let (high, low) = (random.number().to_be_bytes(), random.number().to_be_bytes());
        let mut bytes = [0; 10];
        for (byte, from) in bytes.iter_mut().zip(high.into_iter().chain(low)) {
            *byte = from;
        }
        let millis = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}
