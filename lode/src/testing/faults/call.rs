//! Which calls there were.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What was asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Op {
    /// A put that replaces.
    Put,
    /// A create-only put.
    Create,
    /// The beginning of a multipart upload.
    Begin,
    /// One part of an upload.
    Part,
    /// The end of an upload, which makes its object visible.
    Complete,
    /// An upload that is given up.
    Abort,
    /// A read of an object, or of a range of it.
    Get,
    /// A look at what is known of an object.
    Head,
    /// A listing.
    List,
    /// The deletion of one object.
    Delete,
    /// A copy within the store. lode makes none.
    Copy,
}

/// What kind of object it was about, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The manifest of a snapshot, whose create-only put is the commit.
    Manifest,
    /// The hint at the newest snapshot.
    Hint,
    /// A list of what a clean-up condemned.
    GcList,
    /// Everything else: data files, blocks, folders.
    Data,
}

impl Class {
    /// The class of the object with this path.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path.rsplit('/').next().unwrap_or_default() {
            "manifest.json" => Self::Manifest,
            "latest" => Self::Hint,
            _ if path.contains("/gc/") => Self::GcList,
            _ => Self::Data,
        }
    }
}

/// One call. Its text is a line of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// From 1, since the log was last cleared.
    pub number: usize,
    /// Who called: see [`FaultStore::process`](super::FaultStore::process). Empty without a name.
    pub process: Arc<str>,
    /// When it was made, since the store was wrapped, by tokio's clock.
    pub at: Duration,
    /// What was asked.
    pub op: Op,
    /// What it was about.
    pub class: Class,
    /// The object, or the folder that was listed.
    pub path: String,
    /// What was done to it, if anything.
    pub fault: Option<String>,
    /// What was answered; `None` while nothing was, and for ever if the caller did not wait for it.
    pub answer: Option<String>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, at, op, path, fault, answer, .. } = self;
        write!(f, "{:>12.3} s  {process:<12} {:<8} {path}", at.as_secs_f64(), format!("{op:?}"))?;
        if let Some(fault) = fault {
            write!(f, "  [{fault}]")?;
        }
        write!(f, "  -> {}", answer.as_deref().unwrap_or("(no answer)"))
    }
}

/// How many calls of each operation on each kind of object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(Op, Class), usize>);

impl Counts {
    pub(super) fn of<'a>(calls: impl Iterator<Item = &'a Call>) -> Self {
        let mut counts = BTreeMap::new();
        for call in calls {
            *counts.entry((call.op, call.class)).or_default() += 1;
        }
        Self(counts)
    }

    /// All calls.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Calls of these operations, on whatever.
    #[must_use]
    pub fn ops(&self, ops: &[Op]) -> usize {
        self.0.iter().filter(|((op, _), _)| ops.contains(op)).map(|(_, count)| count).sum()
    }

    /// Puts of any kind that make an object visible.
    #[must_use]
    pub fn puts(&self) -> usize {
        self.ops(&[Op::Put, Op::Create, Op::Complete])
    }

    /// Listings.
    #[must_use]
    pub fn lists(&self) -> usize {
        self.ops(&[Op::List])
    }

    /// Calls of this operation on this kind of object.
    #[must_use]
    pub fn on(&self, op: Op, class: Class) -> usize {
        self.0.get(&(op, class)).copied().unwrap_or_default()
    }
}
