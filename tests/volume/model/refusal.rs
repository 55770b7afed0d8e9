//! What an error says, without its words.

use std::ops::Range;

use lode::Error;

#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    Empty { offset: u64 },
    OutOfBounds { range: Range<u64>, len: u64 },
    Overlap { range: Range<u64>, found: Range<u64>, snapshot: Option<u64> },
    /// The source of the bytes failed.
    Source { offset: u64 },
    NothingStaged { session: String },
    /// The names of the candidates, sorted.
    Ambiguous { session: String, candidates: Vec<String> },
    Conflict { expected: Option<u64>, found: Option<u64> },
    Length { expected: u64, found: u64 },
    /// The store failed, and nothing happened.
    Storage,
    /// The store failed, and something may have happened.
    Unknown,
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        match error {
            Error::EmptyBlock { offset, .. } => Self::Empty { offset: *offset },
            Error::OutOfBounds { range, len, .. } => {
                Self::OutOfBounds { range: range.clone(), len: *len }
            }
            Error::Overlap { range, found, snapshot, .. } => Self::Overlap {
                range: range.clone(),
                found: found.clone(),
                snapshot: snapshot.map(|id| id.get()),
            },
            Error::StageInput { offset, .. } => Self::Source { offset: *offset },
            Error::NothingStaged { session, .. } => {
                Self::NothingStaged { session: session.to_string() }
            }
            Error::AmbiguousBlocks { session, candidates, .. } => {
                let mut candidates: Vec<_> = candidates.iter().map(super::learn::name_of).collect();
                candidates.sort();
                Self::Ambiguous { session: session.to_string(), candidates }
            }
            Error::Conflict { expected, found, .. } => Self::Conflict {
                expected: expected.map(lode::SnapshotId::get),
                found: found.map(lode::SnapshotId::get),
            },
            Error::LengthMismatch { expected, found, .. } => {
                Self::Length { expected: *expected, found: *found }
            }
            Error::Storage { .. } => Self::Storage,
            Error::CommitUnknown { .. } => Self::Unknown,
            error => panic!("{error}: {error:?}"),
        }
    }
}
