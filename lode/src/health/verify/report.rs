//! What a verification found.

use std::fmt;

use serde::Serialize;

use super::VerifyLevel;
use crate::error::Error;
use crate::id::{Owner, SnapshotId};

/// What [`verify`](crate::Dataset::verify) found. As data it is serialisable; as text it has a line for
/// the whole and one for each problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// What was verified.
    pub of: Owner,
    /// How deep.
    pub level: VerifyLevel,
    /// How many snapshots can be opened.
    pub snapshots: u64,
    /// How many have expired.
    pub expired: u64,
    /// How many objects the snapshots name, each counted once.
    pub objects: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// How many objects could be read but not wholly judged: because of a codec, compressor or
    /// checksum that this program has not, or of records that the handle's type cannot read. Where one
    /// has a checksum that is known, it is right.
    pub partly: u64,
    /// What is wrong, by snapshot and path.
    pub problems: Vec<Problem>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong in general.
    pub kind: ProblemKind,
    /// The object, relative to the store's root.
    pub path: String,
    /// The snapshots that suffer from it, oldest first; of a volume, their numbers.
    pub snapshots: Vec<SnapshotId>,
    /// What is wrong exactly.
    pub reason: String,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A manifest or tombstone cannot be trusted.
    Manifest,
    /// Manifests are not one chain: one is missing, or does not fit the one before.
    Chain,
    /// The list of a clean-up is missing, or cannot be trusted: writers that began before it fail.
    GcList,
    /// An object is missing.
    Missing,
    /// An object has another size than the manifest says.
    Size,
    /// The bytes of an object are not what was written.
    Content,
    /// The store failed: whether anything is wrong is not known.
    Unreachable,
    /// It is larger than a limit of the handle allows, which the reason names: it was not looked at whole.
    Limit,
}

impl ProblemKind {
    /// What an error means that says nothing of what is stored.
    pub(super) fn unknown(error: &Error) -> Option<Self> {
        match error {
            Error::Storage { .. } | Error::Task { .. } => Some(Self::Unreachable),
            Error::LimitExceeded { .. } => Some(Self::Limit),
            _ => None,
        }
    }
}

impl Problem {
    /// `reason` may be the text of an error, which names the object as the problem does.
    pub(super) fn new(kind: ProblemKind, path: String, of: SnapshotId, reason: String) -> Self {
        let reason = match reason.strip_prefix(&format!("`{path}`: ")) {
            Some(rest) => rest.to_owned(),
            None => reason,
        };
        Self { kind, path, snapshots: vec![of], reason }
    }
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// What is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, snapshots, expired, objects, bytes, partly, .. } = self;
        write!(f, "{of}: {snapshots} snapshot(s), {expired} expired")?;
        match self.level {
            VerifyLevel::Chain => {}
            VerifyLevel::Objects => write!(f, ", {objects} object(s) of {bytes} bytes")?,
            VerifyLevel::Content => write!(f, ", {objects} object(s) of {bytes} bytes read")?,
        }
        if *partly > 0 {
            write!(f, " ({partly} partly)")?;
        }
        match self.problems.len() {
            0 => write!(f, ": all is well")?,
            n => write!(f, ": {n} problem(s)")?,
        }
        self.problems.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        match &self.snapshots[..] {
            [] => {}
            [one] => write!(f, "snapshot {one}: ")?,
            many => {
                let shown: Vec<_> = many.iter().take(SHOWN).map(ToString::to_string).collect();
                write!(f, "snapshots {}", shown.join(", "))?;
                if many.len() > SHOWN {
                    write!(f, " and {} more", many.len() - SHOWN)?;
                }
                write!(f, ": ")?;
            }
        }
        write!(f, "`{}`: {}", self.path, self.reason)
    }
}
