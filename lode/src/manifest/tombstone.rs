//! What is left of an expired snapshot.

use chrono::{DateTime, Utc};

use super::{FileRef, FormatVersion, GcRef, Operation};
use crate::id::{DatasetId, SnapshotId, WriteId};

/// What stands in the place of an expired snapshot's manifest, for ever: its id is not used again,
/// and a writer that lost the reply to its commit still finds it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tombstone {
    /// The version of the format it was written in.
    pub format_version: FormatVersion,
    /// The dataset it belongs to.
    pub dataset_id: DatasetId,
    /// The snapshot that expired.
    pub snapshot_id: SnapshotId,
    /// When the snapshot was made.
    pub created_at: DateTime<Utc>,
    /// When it expired.
    pub expired_at: DateTime<Utc>,
    /// The snapshot before it; `None` for the first.
    pub parent_snapshot_id: Option<SnapshotId>,
    /// The attempt that wrote the snapshot; `None` for Go Lode's.
    pub write_id: Option<WriteId>,
    /// The call that wrote the snapshot; `None` for Go Lode's.
    pub operation: Option<Operation>,
    /// The program that wrote the snapshot; `None` for Go Lode's.
    pub writer: Option<String>,
    /// The last clean-up before the snapshot.
    pub last_gc: Option<GcRef>,
    /// The key by which the snapshot's writer finds it again.
    pub idempotency_key: Option<String>,
    /// The objects the snapshot had, sorted by path.
    pub expired_files: Vec<FileRef>,
}
