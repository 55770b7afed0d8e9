//! The commit protocol.

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, SnapshotId};

/// What is needed to find out whether an unclear commit happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommitToken {
    dataset: DatasetId,
    id: SnapshotId,
}

impl CommitToken {
    /// The dataset.
    #[must_use]
    pub fn dataset(&self) -> &DatasetId {
        &self.dataset
    }

    /// The id that the snapshot has if it was committed.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.id
    }
}
