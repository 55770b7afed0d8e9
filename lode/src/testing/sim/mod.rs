//! Simulations: processes that write and read one store, in one thread and simulated time.
//!
//! A scenario is an async function of a [`World`]. It takes [processes](World::process), opens datasets and volumes on
//! their [stores](Process::store), and lets tasks run side by side with `join!` or `tokio::spawn`. Who comes first is
//! decided by the seed: every call of the store waits for its turn, before it takes effect and before its
//! reply. Time is tokio's, paused: `tokio::time::sleep` of days takes no time.
//!
//! ```
//! use std::time::Duration;
//!
//! use chrono::TimeDelta;
//! use lode::testing::{faults::Faults, sim};
//! use lode::{Blob, Dataset, Error, Store, metadata};
//!
//! /// The program under test: publishes a report once, however often it has to try.
//! async fn publish(store: &Store, report: &'static [u8]) -> u64 {
//!     let reports = Dataset::<Blob>::new(store, "reports").unwrap();
//!     let key = String::from_utf8_lossy(report);
//!     loop {
//!         match reports.write(report, metadata! {}).idempotency_key(key.clone()).await {
//!             Ok(snapshot) => return snapshot.id().get(),
//!             Err(error) => assert!(
//!                 error.is_retryable()
//!                     || error.is_conflict()
//!                     || matches!(error, Error::CommitUnknown { .. }),
//!                 "{error}"
//!             ),
//!         }
//!         tokio::time::sleep(Duration::from_secs(1)).await;
//!     }
//! }
//!
//! sim::run_seeds(0..20, async |world| {
//!     world.faults(Faults::none().before(0.05).after(0.05).late(0.05));
//!     let (one, two) = (world.process("one"), world.process("two"));
//!     two.clock().skew(TimeDelta::minutes(-5));
//!
//!     let (a, b) = tokio::join!(publish(one.store(), b"a"), publish(two.store(), b"b"));
//!
//!     world.heal();
//!     world.settle().await;
//!     let mut ids = [a, b];
//!     ids.sort();
//!     assert_eq!(ids, [1, 2]);
//! });
//! ```
//!
//! A seed that fails is named, with the schedule: who called what and when, what was done to it, and what was
//! answered. `LODE_SIM_SEED` runs it again.
//!
//! # What is repeatable
//!
//! Two runs of one seed make the same calls in the same order with the same outcomes, as long as the scenario
//! depends on nothing but its world: not on the machine's clock, on ambient random numbers (the order of a
//! `HashMap` is one; so is the order in which `tokio::select!` asks, unless it is `biased`), or on threads
//! that tokio does not know. Work in blocking threads may take as long as it will: simulated time stands still
//! meanwhile. Tasks that meet without a call of the store between them, by a lock or a channel, meet in any order.

mod clock;
mod disk;
mod run;
#[cfg(test)]
mod tests;
mod turns;
mod world;

pub use clock::{SimClock, SimIds};
pub use run::{run, run_seeds};
pub use world::{Process, World};
