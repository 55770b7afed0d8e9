//! Progress of long reads and writes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// The function a long read or write tells its [`Progress`]. It is called from several threads,
/// a few times per megabyte, and should return at once.
pub type ProgressFn = Arc<dyn Fn(Progress) + Send + Sync>;

/// Counts, and tells the caller's function if there is one.
#[derive(Clone, Default)]
pub(crate) struct Meter(Option<Arc<Inner>>);

struct Inner {
    tell: ProgressFn,
    bytes: AtomicU64,
    records: AtomicU64,
    files: AtomicU64,
}

impl Meter {
    pub(crate) fn new(tell: Option<ProgressFn>) -> Self {
        Self(tell.map(|tell| {
            Arc::new(Inner {
                tell,
                bytes: AtomicU64::new(0),
                records: AtomicU64::new(0),
                files: AtomicU64::new(0),
            })
        }))
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
        (inner.tell)(Progress {
            bytes: inner.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes,
            records: inner.records.fetch_add(records, Ordering::Relaxed) + records,
            files: inner.files.fetch_add(files, Ordering::Relaxed) + files,
        });
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter").field(&self.0.is_some()).finish()
    }
}
