//! The snapshots of a volume.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::de::DeserializeOwned;

use super::Volume;
use super::open::at;
use super::state::{Committed, State};
use crate::commit::{CommitToken, resolve};
use crate::error::Result;
use crate::id::VolumeSnapshotId;
use crate::manifest::VolumeManifest;
use crate::metadata::Metadata;

impl<S: State> Volume<S> {
    /// The newest snapshot, or `None` if nothing was ever committed. Always looks at storage: at most
    /// three requests where the hint is current, whatever the length of the history.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`](crate::Error::ManifestInvalid) or
    /// [`Error::UnsupportedVersion`](crate::Error::UnsupportedVersion) if the newest cannot be trusted;
    /// [`Error::Storage`](crate::Error::Storage).
    pub async fn latest(&self) -> Result<Option<Volume<Committed>>> {
        Ok(self.context.history.head().await?.map(|manifest| self.at(manifest)))
    }

    /// The snapshot `id`.
    ///
    /// # Errors
    /// [`Error::SnapshotNotFound`](crate::Error::SnapshotNotFound),
    /// [`Error::Expired`](crate::Error::Expired), and as for [`latest`](Self::latest).
    pub async fn snapshot(&self, id: VolumeSnapshotId) -> Result<Volume<Committed>> {
        Ok(self.at(self.context.history.live(id.number()).await?))
    }

    /// The ids of all snapshots, oldest first, from one listing. Nothing is loaded: one of them may
    /// turn out to have expired, or to be damaged, without harm to the others.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage).
    pub async fn snapshots(&self) -> Result<Vec<VolumeSnapshotId>> {
        let ids = self.context.history.ids().await?;
        Ok(ids.into_iter().map(VolumeSnapshotId::of).collect())
    }

    /// All snapshots, newest first, loaded as they are asked for (a few ahead, concurrently).
    /// Expired ones are left out. A damaged one is an error in its place, and those after it follow.
    pub fn history(&self) -> BoxStream<'static, Result<Volume<Committed>>> {
        let context = self.context.clone();
        let found = self.context.history.newest_first();
        found.map(move |found| Ok(at(context.clone(), found?))).boxed()
    }

    /// The newest snapshot that was committed at `time` or before, by the writers' clocks; `None` if
    /// the first is younger. One listing and O(log n) manifests.
    ///
    /// # Errors
    /// [`Error::Expired`](crate::Error::Expired) if that snapshot has expired; and as for
    /// [`latest`](Self::latest), if one that cannot be trusted is, or may be, the one.
    pub async fn as_of(&self, time: DateTime<Utc>) -> Result<Option<Volume<Committed>>> {
        Ok(self.context.history.as_of(time).await?.map(|manifest| self.at(manifest)))
    }

    /// Settles a commit that ended as [`Error::CommitUnknown`](crate::Error::CommitUnknown): the
    /// snapshot, if it is committed now; `None` if it never will be. May be called again, and from
    /// another process.
    ///
    /// # Errors
    /// [`Error::CommitUnknown`](crate::Error::CommitUnknown) again, if the store still gives no clear
    /// answer; [`Error::Expired`](crate::Error::Expired) if it was committed and has expired since.
    /// [`Error::Storage`](crate::Error::Storage) from local disk and memory alone: it is not committed,
    /// and may be resolved again. [`Error::SnapshotNotFound`](crate::Error::SnapshotNotFound) for a
    /// token of another volume or dataset, and
    /// [`Error::ManifestInvalid`](crate::Error::ManifestInvalid) for one that does not fit: nothing is
    /// done then. [`Error::UncheckedStore`](crate::Error::UncheckedStore) and
    /// [`Error::UnsafeStore`](crate::Error::UnsafeStore) likewise, if the store is not committed to.
    pub async fn resolve(&self, token: CommitToken) -> Result<Option<Volume<Committed>>> {
        let found = resolve(self.context.history.clone(), token).await?;
        Ok(found.map(|manifest| self.at(manifest)))
    }

    fn at(&self, manifest: Arc<VolumeManifest>) -> Volume<Committed> {
        at(self.context.clone(), manifest)
    }
}

impl Volume<Committed> {
    /// The number of the snapshot that this handle reads.
    #[must_use]
    pub fn snapshot_id(&self) -> VolumeSnapshotId {
        self.manifest().snapshot_id
    }

    /// The snapshot it was committed on; `None` for the first.
    #[must_use]
    pub fn parent(&self) -> Option<VolumeSnapshotId> {
        self.manifest().parent_snapshot_id
    }

    /// When the snapshot was committed, by its writer's clock; it increases from snapshot to snapshot.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.manifest().created_at
    }

    /// The metadata that the snapshot's writer gave.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.manifest().metadata
    }

    /// The metadata as a struct of yours.
    ///
    /// # Errors
    /// [`Error::InvalidMetadata`](crate::Error::InvalidMetadata) if it has not that shape.
    pub fn metadata_as<M: DeserializeOwned>(&self) -> Result<M> {
        self.metadata().parse_as()
    }

    /// Everything that the snapshot's manifest says.
    #[must_use]
    pub fn manifest(&self) -> &VolumeManifest {
        &self.state.manifest
    }
}
