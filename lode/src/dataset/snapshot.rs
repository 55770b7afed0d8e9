//! An opened snapshot.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::id::{DatasetId, SnapshotId};
use crate::manifest::{FileRef, Manifest};
use crate::metadata::Metadata;

/// A snapshot of a dataset with records of type `T` (or blobs): an immutable manifest, held in
/// memory. A cheap clone; it never changes, and reading it never looks at newer snapshots.
///
/// It belongs to its record type: the snapshot of another dataset's type does not compile, and that
/// of another dataset with the same type is an error when it is read.
pub struct Snapshot<T> {
    manifest: Arc<Manifest>,
    content: PhantomData<fn() -> T>,
}

impl<T> Snapshot<T> {
    pub(crate) fn new(manifest: Arc<Manifest>) -> Self {
        Self { manifest, content: PhantomData }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.manifest.snapshot_id
    }

    /// The dataset it is of.
    #[must_use]
    pub fn dataset(&self) -> &DatasetId {
        &self.manifest.dataset_id
    }

    /// The snapshot it was committed on; `None` for the first.
    #[must_use]
    pub fn parent(&self) -> Option<SnapshotId> {
        self.manifest.parent_snapshot_id
    }

    /// When it was committed, by its writer's clock; it increases from snapshot to snapshot.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.manifest.created_at
    }

    /// The metadata its writer gave.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.manifest.metadata
    }

    /// The metadata as a struct of yours.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// #[derive(serde::Serialize, serde::Deserialize, lode::Metadata)]
    /// struct Origin { source: String, month: u32 }
    ///
    /// let backups = lode::Dataset::<lode::Blob>::new(&lode::Store::memory(), "backups")?;
    /// let origin = Origin { source: "bts".into(), month: 2 };
    /// let snapshot = backups.write(b"data", origin).await?;
    /// assert_eq!(snapshot.metadata_as::<Origin>()?.month, 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidMetadata`](crate::Error::InvalidMetadata) if it has not that shape.
    pub fn metadata_as<M: DeserializeOwned>(&self) -> Result<M> {
        self.manifest.metadata.parse_as()
    }

    /// The number of records; 1 for a blob.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.manifest.row_count
    }

    /// The data files, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[FileRef] {
        &self.manifest.files
    }

    /// The stored size of all data files, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files().iter().fold(0, |sum, file| sum.saturating_add(file.size_bytes))
    }

    /// The earliest and the latest value of the timestamp field over all records, where it has any.
    #[must_use]
    pub fn time_range(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.manifest.min_timestamp.zip(self.manifest.max_timestamp)
    }

    pub(crate) fn shared(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// Everything the manifest says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl<T> Clone for Snapshot<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.manifest))
    }
}

impl<T> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("dataset", self.dataset())
            .field("id", &self.id())
            .field("row_count", &self.row_count())
            .field("files", &self.files().len())
            .finish_non_exhaustive()
    }
}

impl<T> PartialEq for Snapshot<T> {
    fn eq(&self, other: &Self) -> bool {
        self.manifest == other.manifest
    }
}
