//! Progress of long reads and writes.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How far one read or write has come: totals since it began, from zero for each call.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Stored bytes (after compression) written or read.
    pub bytes: u64,
    /// Records written or read.
    pub records: u64,
    /// Data files finished.
    pub files: u64,
}

/// The function a long read or write tells its [`Progress`]. It is called from several threads, a few
/// times per megabyte, and one call comes after the other: no number falls, and the last call has the
/// totals. It should return at once, since others wait for it, and must not call into the read or write
/// that it is told of, which may be among them.
pub type ProgressFn = Arc<dyn Fn(Progress) + Send + Sync>;

/// Counts, and tells the caller's function if there is one.
#[derive(Clone, Default)]
pub(crate) struct Meter(Option<Arc<Inner>>);

struct Inner {
    tell: ProgressFn,
    /// Held while the function is called: what it is told grows.
    totals: Mutex<Progress>,
}

impl Meter {
    pub(crate) fn new(tell: Option<ProgressFn>) -> Self {
        Self(tell.map(|tell| Arc::new(Inner { tell, totals: Mutex::default() })))
    }

    pub(crate) fn bytes(&self, n: u64) {
        self.add(n, 0, 0);
    }

    pub(crate) fn records(&self, n: u64) {
        self.add(0, n, 0);
    }

    pub(crate) fn file(&self) {
        self.add(0, 0, 1);
    }

    fn add(&self, bytes: u64, records: u64, files: u64) {
        let Some(inner) = &self.0 else { return };
        let mut totals = inner.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.bytes = totals.bytes.saturating_add(bytes);
        totals.records = totals.records.saturating_add(records);
        totals.files = totals.files.saturating_add(files);
        (inner.tell)(*totals);
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter").field(&self.0.is_some()).finish()
    }
}
