//! The clock and the source of random ids: the only module that touches the ambient ones.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where `created_at` comes from. Nothing in the commit protocol depends on it being right: ids are
/// dense numbers, and `created_at` is made to increase along the chain.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;
}

/// Where write ids come from. They must be unique over all writers of a store, for ever.
pub trait Ids: Debug + Send + Sync + 'static {
    /// A fresh UUID, version 7 (RFC 9562).
    fn next(&self) -> Uuid;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> DateTime<Utc> {
        DateTime::from(std::time::SystemTime::now())
    }
}

/// UUIDs of version 7 from the machine's clock and its random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[allow(clippy::disallowed_methods)]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
