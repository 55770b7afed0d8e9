//! Staged blocks, and their names.

use serde::{Deserialize, Serialize};

use crate::id::{SessionId, VolumeId};

/// A block that was staged and not committed (yet).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedBlock {
    pub(super) volume: VolumeId,
    #[serde(rename = "block")]
    pub(super) name: BlockName,
}

/// The name of a block's object, which tells all about it:
/// `<offset>-<length>-<base>-<kind>-<session>-<seq>-<xxh3-128>.bin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BlockName {
    pub(super) offset: u64,
    pub(super) length: u64,
    /// The snapshot that the staging handle read; 0 for none.
    pub(super) base: u64,
    pub(super) kind: Kind,
    pub(super) session: SessionId,
    pub(super) seq: u32,
    pub(super) checksum: u128,
}

/// How a block was staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Where nothing was: `w`.
    Write,
    /// Over what may have been there: `o`.
    Overwrite,
}
