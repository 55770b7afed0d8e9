//! What is left of a commit whose outcome is unknown.

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, SnapshotId, WriteId};

/// What is needed to settle a commit whose outcome is unknown: hand it to
/// [`Dataset::resolve`](crate::Dataset::resolve), now or after a restart (it is serialisable).
///
/// It holds the manifest, so it holds the metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitToken {
    pub(super) dataset: DatasetId,
    pub(super) id: SnapshotId,
    pub(super) write_id: WriteId,
    pub(super) manifest: String,
}

impl CommitToken {
    /// The dataset that was written.
    #[must_use]
    pub fn dataset(&self) -> &DatasetId {
        &self.dataset
    }

    /// The id that the snapshot has, if it was committed.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.id
    }
}
