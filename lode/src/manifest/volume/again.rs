//! The content of a volume's snapshot, as another one.

use super::VolumeManifest;
use crate::error::Result;
use crate::manifest::{Successor, WRITER};

impl VolumeManifest {
    /// These blocks as the child of `parent`.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`](crate::Error::ManifestInvalid), as reading it back would.
    pub(crate) fn again(&self, parent: &Self, as_: Successor) -> Result<Self> {
        let next = Self {
            snapshot_id: parent.snapshot_id.next()?,
            parent_snapshot_id: Some(parent.snapshot_id),
            created_at: as_.created_at,
            metadata: as_.metadata,
            write_id: Some(as_.write_id),
            operation: Some(as_.operation),
            writer: Some(WRITER.to_owned()),
            last_gc: as_.last_gc,
            idempotency_key: as_.idempotency_key,
            ..self.clone()
        };
        next.finish(Some(parent))
    }
}
