//! Finding snapshots.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};

use super::draft::content_name;
use super::read::{HasRecords, RecordStream};
use super::{Dataset, Snapshot};
use crate::codec::{Codec, Content};
use crate::commit::{CommitToken, resolve};
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::manifest::Manifest;

/// What [`Dataset::stream_added`] found.
#[derive(Debug)]
pub struct Added<T> {
    /// The head that was looked at: give it to the next `stream_added`.
    pub snapshot: Snapshot<T>,
    /// The records of its files that the older snapshot has not.
    pub records: RecordStream<T>,
}

impl<T: Content, C, L> Dataset<T, C, L> {
    /// The newest snapshot, or `None` if nothing was ever written. Always looks at storage: at most
    /// three requests where the hint is current, whatever the length of the history.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`] or [`Error::UnsupportedVersion`] if the newest cannot be trusted;
    /// [`Error::ContentMismatch`] if it holds blobs and `T` is a record, or the other way round;
    /// [`Error::LayoutMismatch`] if the dataset exists in another layout; [`Error::Storage`].
    pub async fn latest(&self) -> Result<Option<Snapshot<T>>> {
        match self.context.history.head().await? {
            Some(head) => self.open(head).map(Some),
            None => {
                self.context.history.check_other_layouts().await?;
                Ok(None)
            }
        }
    }

    /// The snapshot `id`.
    ///
    /// # Errors
    /// [`Error::SnapshotNotFound`], [`Error::Expired`], and as for [`latest`](Self::latest).
    pub async fn snapshot(&self, id: SnapshotId) -> Result<Snapshot<T>> {
        self.open(self.context.history.live(id).await?)
    }

    /// The ids of all snapshots, oldest first, from one listing. Nothing is loaded: one of them may
    /// turn out to have expired, or to be damaged, without harm to the others.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn snapshots(&self) -> Result<Vec<SnapshotId>> {
        self.context.history.ids().await
    }

    /// All snapshots, newest first, loaded as they are asked for (a few ahead, concurrently).
    /// Expired ones are left out. A damaged one is an error in its place, and those after it follow.
    pub fn history(&self) -> BoxStream<'static, Result<Snapshot<T>>> {
        self.context.history.newest_first().map(|found| found.and_then(open)).boxed()
    }

    /// The newest snapshot that was committed at `time` or before, by the writers' clocks; `None` if
    /// the first is younger. One listing and O(log n) manifests.
    ///
    /// # Errors
    /// [`Error::Expired`] if that snapshot has expired; [`Error::ManifestInvalid`] or
    /// [`Error::UnsupportedVersion`] if it cannot be trusted, or if one that cannot be trusted may be
    /// the one (others do no harm); [`Error::ContentMismatch`]; [`Error::Storage`].
    pub async fn as_of(&self, time: DateTime<Utc>) -> Result<Option<Snapshot<T>>> {
        let found = self.context.history.as_of(time).await?;
        found.map(|manifest| self.open(manifest)).transpose()
    }

    /// Settles a commit that ended as [`Error::CommitUnknown`]: the snapshot, if it is committed
    /// now; `None` if it never will be. May be called again, and from another process.
    ///
    /// # Errors
    /// [`Error::CommitUnknown`] again, if the store still gives no clear answer;
    /// [`Error::Expired`] if it was committed and has expired since. [`Error::Storage`] from local disk
    /// and memory alone: it is not committed, and may be resolved again.
    /// [`Error::SnapshotNotFound`] for a token of another dataset or volume,
    /// [`Error::LayoutMismatch`] for one of another layout, and [`Error::ManifestInvalid`] for one that
    /// does not fit: nothing is done then.
    /// [`Error::UncheckedStore`] and [`Error::UnsafeStore`] likewise, if the store is not committed to.
    pub async fn resolve(&self, token: CommitToken) -> Result<Option<Snapshot<T>>> {
        self.context.history.check_layout_of(&token)?;
        let found = resolve(self.context.history.clone(), token).await?;
        found.map(|manifest| self.open(manifest)).transpose()
    }

    /// The snapshot of a manifest, if it holds what this handle is about.
    pub(super) fn open(&self, manifest: Arc<Manifest>) -> Result<Snapshot<T>> {
        open(manifest)
    }
}

/// The snapshot of a manifest, if it holds what `T` says.
pub(crate) fn open<T: Content>(manifest: Arc<Manifest>) -> Result<Snapshot<T>> {
    if manifest.is_blob() != T::IS_BLOB {
        let [found, expected] = [manifest.is_blob(), T::IS_BLOB].map(content_name);
        return Err(Error::ContentMismatch {
            dataset: manifest.dataset_id.clone(),
            snapshot: manifest.snapshot_id,
            expected,
            found,
        });
    }
    Ok(Snapshot::new(manifest))
}

impl<T, C, L> Dataset<T, C, L> {
    /// The newest snapshot, and the records of those of its files that `since` has not: what was
    /// appended since, or everything where the content was replaced.
    ///
    /// # Errors
    /// As for [`latest`](Self::latest); [`Error::SnapshotNotFound`] if `since` is of another
    /// dataset.
    // Not an `async fn`: the compiler would report content that has no records several times.
    pub fn stream_added<'a>(&'a self, since: &'a Snapshot<T>) -> BoxFuture<'a, Result<Added<T>>>
    where
        T: HasRecords,
        C: Codec<T> + Sync,
        L: Sync,
    {
        let added = async move {
            self.context.history.owns(since.manifest())?;
            let head = self.latest().await?;
            let snapshot = head.ok_or_else(|| self.context.history.not_found(since.id()))?;
            let records = self.read(&snapshot).added_since(since).stream();
            Ok(Added { snapshot, records })
        };
        added.boxed()
    }
}
