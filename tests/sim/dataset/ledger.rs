//! What was tried, and what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use crate::sim::Told;
use crate::support::{Row, rows};

/// The ids of records.
pub type Rows = BTreeSet<u64>;

/// Shared by all processes of a world.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Inner>>);

#[derive(Default)]
pub struct Inner {
    pub attempts: Vec<Attempt>,
    /// What readers found, by snapshot.
    pub seen: BTreeMap<u64, Rows>,
}

/// One write, which is to be committed once or never.
#[derive(Debug)]
pub struct Attempt {
    pub kind: Kind,
    pub told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Append,
    Replace,
    /// Of this snapshot.
    Restore(u64),
}

/// How many records an attempt has.
const ROWS: u64 = 3;

impl Ledger {
    /// A new attempt's number.
    pub fn begin(&self, kind: Kind) -> u64 {
        let mut inner = self.inner();
        inner.attempts.push(Attempt { kind, told: Told::Nothing });
        inner.attempts.len() as u64 - 1
    }

    pub fn tell(&self, n: u64, told: Told) {
        self.inner().attempts[n as usize].told = told;
    }

    /// A reader found these rows: always the same, whoever reads.
    pub fn see(&self, id: u64, rows: Rows) {
        let mut inner = self.inner();
        let before = inner.seen.entry(id).or_insert_with(|| rows.clone());
        assert_eq!(*before, rows, "snapshot {id} has changed");
    }

    /// The newest snapshot that was acknowledged.
    pub fn acknowledged(&self) -> u64 {
        let inner = self.inner();
        inner.attempts.iter().filter_map(|attempt| attempt.told.committed()).max().unwrap_or(0)
    }

    pub fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

/// The ids of an attempt's records.
pub fn numbers_of(n: u64) -> Range<u64> {
    n * ROWS..(n + 1) * ROWS
}

pub fn records_of(n: u64) -> Vec<Row> {
    rows(numbers_of(n))
}

/// The attempts whose records these are, each whole.
pub fn attempts_in(rows: &Rows) -> BTreeSet<u64> {
    let attempts: BTreeSet<u64> = rows.iter().map(|row| row / ROWS).collect();
    let whole: Rows = attempts.iter().flat_map(|&n| numbers_of(n)).collect();
    assert_eq!(*rows, whole, "an attempt is there in part");
    attempts
}
