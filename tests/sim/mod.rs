//! Simulations: writers, readers and sleepers of one dataset or volume, on a store that fails by chance, in
//! every order that a seed can make of their calls. What was tried and told is written down, and at the end
//! the store is compared with it.
//!
//! ```text
//! dataset/  volume/
//!   ledger.rs   what was tried, and what was told
//!   actors.rs   what the processes do
//!   judge.rs    what must be true afterwards
//!   mod.rs      scenarios, and the tests
//! ```
//!
//! `LODE_SIM_SEEDS=100000` runs more seeds, and `LODE_SIM_SEED=17` one of them.

mod dataset;
mod volume;

use std::time::Duration;

use lode::testing::Random;
use lode::testing::faults::{Fault, Faults, Rule};
use lode::testing::sim::World;
use lode::{CommitToken, Error};
use tokio::time::sleep;

/// How many seeds of each scenario every run of the tests goes through.
const SEEDS: u64 = 250;

/// Seconds.
const DAY: u64 = 24 * 3600;

/// What a writer was told of an attempt.
#[derive(Debug)]
enum Told {
    /// Nothing: its process was killed, or is at it still.
    Nothing,
    Committed(u64),
    /// Nothing was committed.
    Not,
    /// It is not known; the token tells.
    Unknown(Box<CommitToken>),
}

impl Told {
    fn committed(&self) -> Option<u64> {
        match self {
            Self::Committed(id) => Some(*id),
            _ => None,
        }
    }
}

/// The weather: none, mild or bad, and everybody's clocks.
fn weather(world: &World) -> Faults {
    let share = match world.random("weather").below(4) {
        0 => 0.0,
        1 => 0.02,
        2 => 0.08,
        _ => 0.2,
    };
    let faults = Faults::storm(share);
    world.faults(faults.clone());
    for name in ["A", "B", "sleeper", "dropper", "keeper"] {
        let minutes = world.random(name).below(4 * 24 * 60) as i64 - 2 * 24 * 60;
        world.process(name).clock().skew(chrono::TimeDelta::minutes(minutes));
    }
    faults
}

/// Cuts one process after the other off, for up to a minute: what it asks for does not arrive, or arrives and is
/// not answered. Long enough for commits that stay unknown.
async fn outages(world: World, faults: Faults) {
    let mut random = world.random("outages");
    for name in ["A", "keeper", "B", "sleeper"] {
        let process = world.process(name);
        sleep(Duration::from_millis(random.below(4000))).await;
        if random.chance(0.6) {
            continue;
        }
        let fault = if random.chance(0.5) { Fault::Before } else { Fault::After };
        process.faults().rule(Rule::nth(1, fault).for_ever());
        sleep(Duration::from_millis(random.below(60_000))).await;
        process.faults().heal();
        process.faults().faults(random.number(), faults.clone());
    }
}

/// How long to wait before the next clean-up.
fn pause(random: &mut Random) -> Duration {
    match random.below(3) {
        0 => Duration::from_millis(random.below(10_000)),
        _ => Duration::from_secs(random.below(2 * DAY)),
    }
}

/// How old what is cleaned up is to be: what is still being written is in danger, mostly.
fn patience(random: &mut Random) -> Duration {
    match random.below(3) {
        0 => Duration::ZERO,
        1 => Duration::from_secs(random.below(10)),
        _ => Duration::from_secs(DAY),
    }
}

/// The errors that an expiry and a clean-up may end with.
fn keeper_may_fail(error: Option<Error>) {
    let Some(error) = error else { return };
    let fits =
        error.is_retryable() || error.is_conflict() || matches!(error, Error::CommitUnknown { .. });
    assert!(fits, "{error:?}");
}

/// The errors that a reader may see on a store that fails, and gives other bytes than it has.
fn may_fail(error: &Error) {
    let fits = error.is_retryable()
        || error.is_not_found()
        || error.is_corrupt()
        || matches!(error, Error::Expired { .. });
    assert!(fits, "{error:?}");
}

fn said<T>(result: &lode::Result<T>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}
