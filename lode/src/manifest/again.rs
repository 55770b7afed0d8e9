//! The content of a snapshot, as another one.

use chrono::{DateTime, Utc};

use super::{GcRef, Manifest, Operation, WRITER};
use crate::error::Result;
use crate::id::WriteId;
use crate::layout::Paths;
use crate::metadata::Metadata;

/// What a snapshot that has the content of another one does not have from it.
#[derive(Debug)]
pub(crate) struct Successor {
    pub(crate) write_id: WriteId,
    pub(crate) operation: Operation,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) metadata: Metadata,
    pub(crate) last_gc: Option<GcRef>,
    pub(crate) idempotency_key: Option<String>,
}

impl Manifest {
    /// This content as the child of `parent`: its files and attachments, and all that is said of
    /// them. A snapshot of Go's becomes one of lode's, of records that say no schema.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`](crate::Error::ManifestInvalid), as reading it back would.
    pub(crate) fn again(&self, paths: Paths, parent: &Self, as_: Successor) -> Result<Self> {
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
        next.settle(paths, Some(parent))
    }
}
