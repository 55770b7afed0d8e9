//! What is left of a commit whose outcome is unknown.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Owner, SnapshotId, WriteId};

/// What is needed to settle a commit whose outcome is unknown: hand it to
/// [`Dataset::resolve`](crate::Dataset::resolve) or [`Volume::resolve`](crate::Volume::resolve), now or after a restart (it is serialisable).
///
/// It holds the manifest, so it holds the metadata, which its `Debug` leaves out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitToken {
    #[serde(flatten)]
    pub(super) owner: Owner,
    pub(super) id: SnapshotId,
    /// The key of the manifest: one dataset can have several layouts.
    pub(super) path: String,
    pub(super) write_id: WriteId,
    pub(super) manifest: String,
}

impl CommitToken {
    /// The dataset or volume that was written.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The id that the snapshot has, if it was committed.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.id
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Debug for CommitToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitToken")
            .field("owner", &self.owner)
            .field("id", &self.id)
            .field("write_id", &self.write_id)
            .finish_non_exhaustive()
    }
}
