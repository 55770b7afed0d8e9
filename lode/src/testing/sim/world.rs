//! What there is in a simulation: one store, and processes around it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::DateTime;
use object_store::ObjectStore;
use tokio::time::Instant;

use super::clock::{SimClock, SimIds};
use super::disk::Disk;
use super::turns::Turns;
use crate::Store;
use crate::testing::Random;
use crate::testing::faults::{Call, FaultStore, Faults, Turn};

/// One store and the processes around it, in simulated time. Clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Inside>);

struct Inside {
    seed: u64,
    origin: Instant,
    clock: SimClock,
    disk: FaultStore,
    turns: Arc<Turns>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: Option<Faults>,
    processes: BTreeMap<String, Process>,
    notes: Vec<(Duration, String)>,
}

/// A process of a [`World`]: what its handles share, and no other process has.
#[derive(Clone)]
pub struct Process {
    store: Store,
    faults: FaultStore,
    clock: SimClock,
}

/// 2030-01-01, where simulated time begins.
const START: i64 = 1_893_456_000;

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let clock = SimClock::starting_at(DateTime::from_timestamp(START, 0).unwrap_or_default());
        let disk = FaultStore::new(Arc::new(Disk::new(clock.clone())));
        let turns = Arc::new(Turns::new(Random::named(seed, "turns")));
        let (origin, state) = (Instant::now(), Mutex::default());
        Self(Arc::new(Inside { seed, origin, clock, disk, turns, state }))
    }

    /// The seed of this run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// The process of this name, with a clock, ids, rules and chances of its own: made when it is first asked
    /// for, and the same one ever after. A restarted process has another name.
    #[must_use]
    pub fn process(&self, name: &str) -> Process {
        if let Some(process) = self.state().processes.get(name) {
            return process.clone();
        }
        let turns = Arc::clone(&self.0.turns);
        let turn: Turn = Arc::new(move |key| {
            let turns = Arc::clone(&turns);
            Box::pin(async move { turns.wait(key).await })
        });
        let faults = self.0.disk.process(name).by_turns(turn);
        let clock = self.0.clock.another();
        let seed = self.random(&format!("ids of {name}")).number();
        let store = faults
            .store()
            .with_clock(Arc::new(clock.clone()))
            .with_ids(Arc::new(SimIds::new(seed, clock.clone())));
        let process = Process { store, faults, clock };
        let mut state = self.state();
        if let Some(faults) = &state.faults {
            self.expose(name, &process, faults);
        }
        state.processes.insert(name.to_owned(), process.clone());
        process
    }

    /// Repeatable random numbers for what is named so. Tasks that run at the same time need numbers of their
    /// own: if they shared them, who came first would decide.
    #[must_use]
    pub fn random(&self, name: &str) -> Random {
        Random::named(self.0.seed, name)
    }

    /// From now on the calls of all processes fail by these chances, also of those that come later.
    pub fn faults(&self, faults: Faults) {
        let mut state = self.state();
        for (name, process) in &state.processes {
            self.expose(name, process, &faults);
        }
        state.faults = Some(faults);
    }

    fn expose(&self, name: &str, process: &Process, faults: &Faults) {
        let seed = self.random(&format!("faults of {name}")).number();
        process.faults.faults(seed, faults.clone());
    }

    /// From now on nothing fails. Processes that were killed stay so.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults = None;
        for process in state.processes.values() {
            process.faults.heal();
        }
    }

    /// Lets everything that is under way come to its end, in an hour of simulated time, and lets late puts
    /// land.
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        self.0.disk.land().await;
    }

    /// The store itself: nothing fails there, nothing takes time, and it is nobody's process.
    #[must_use]
    pub fn disk(&self) -> Store {
        let name = "a look at the disk";
        let seed = self.random(name).number();
        Store::from(Arc::clone(self.0.disk.inner()) as Arc<dyn ObjectStore>)
            .with_clock(Arc::new(self.0.clock.clone()))
            .with_ids(Arc::new(SimIds::new(seed, self.0.clock.clone())))
    }

    /// Writes a line into the schedule.
    pub fn note(&self, text: impl Into<String>) {
        let at = self.0.origin.elapsed();
        self.state().notes.push((at, text.into()));
    }

    /// The calls of all processes until now, in the order in which they reached the store.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.0.disk.calls()
    }

    /// Everything that happened until now, a line each: calls, and notes.
    #[must_use]
    pub fn schedule(&self) -> String {
        let notes = self.state().notes.clone();
        let mut notes = notes.into_iter().peekable();
        let mut text = String::new();
        // Writing to a string cannot fail.
        let say = |text: &mut String, at: Duration, note: String| {
            let _ = writeln!(text, "{:>12.3} s  # {note}", at.as_secs_f64());
        };
        for call in self.calls() {
            while let Some((at, note)) = notes.next_if(|(at, _)| *at <= call.at) {
                say(&mut text, at, note);
            }
            let _ = writeln!(text, "{call}");
        }
        for (at, note) in notes {
            say(&mut text, at, note);
        }
        text
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    /// The store as this process sees it.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What fails for this process: rules, chances, [`kill`](FaultStore::kill).
    #[must_use]
    pub fn faults(&self) -> &FaultStore {
        &self.faults
    }

    /// Its clock, which can be wrong.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }
}
