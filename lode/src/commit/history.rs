//! The manifests of one dataset: loading, listing, remembering.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};

use crate::error::{Error, Result};
use crate::id::{DatasetId, SnapshotId, WriteId};
use crate::layout::Paths;
use crate::manifest::{Document, Expect, FormatVersion, Manifest, Operation, Tombstone};
use crate::store::Store;

/// How many manifests are loaded at once.
pub(crate) const LOADS_IN_FLIGHT: usize = 8;

/// A manifest of this many bytes or fewer is parsed or built at once: it takes a few milliseconds.
pub(super) const INLINE_BYTES: usize = 256 << 10;

/// The history of one dataset: the manifests under its prefix.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) store: Store,
    pub(crate) dataset: DatasetId,
    pub(crate) paths: Paths,
    pub(crate) max_manifest_bytes: u64,
    /// The newest head seen: a lower bound of the head, from which the next look begins.
    floor: Arc<Mutex<Option<Known>>>,
    has_timer: Arc<OnceLock<()>>,
}

/// A head that was seen.
#[derive(Debug)]
struct Known {
    manifest: Arc<Manifest>,
    /// Its object, once it was looked at.
    stamp: Option<Stamp>,
}

/// What tells one object from another of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    e_tag: Option<String>,
    last_modified: DateTime<Utc>,
}

/// What stands at one id.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Live(Arc<Manifest>),
    Expired(Arc<Tombstone>),
}

impl History {
    pub(crate) fn new(
        store: Store,
        dataset: DatasetId,
        paths: Paths,
        max_manifest_bytes: u64,
    ) -> Self {
        Self {
            store,
            dataset,
            paths,
            max_manifest_bytes,
            floor: Arc::default(),
            has_timer: Arc::default(),
        }
    }

    /// Makes sure, before anything is written, that the runtime has a timer: a commit may have to
    /// wait, and must not be lost then.
    pub(crate) async fn check_runtime(&self) -> Result<()> {
        if self.has_timer.get().is_none() {
            tokio::spawn(async { tokio::time::sleep(Duration::ZERO).await }).await?;
            let _ = self.has_timer.set(());
        }
        Ok(())
    }

    pub(crate) fn manifest_key(&self, id: SnapshotId) -> String {
        self.paths.manifest(&self.dataset, id)
    }

    /// What stands at `id`, validated whole.
    pub(crate) async fn load(&self, id: SnapshotId) -> Result<Option<Entry>> {
        let key = self.manifest_key(id);
        let Some(body) = self.store.get_bytes(&key, self.max_manifest_bytes).await? else {
            return Ok(None);
        };
        if body.len() <= INLINE_BYTES {
            return self.parse(id, &body).map(Some);
        }
        let history = self.clone();
        tokio::task::spawn_blocking(move || history.parse(id, &body)).await?.map(Some)
    }

    pub(crate) fn parse(&self, id: SnapshotId, body: &[u8]) -> Result<Entry> {
        let prefix = self.paths.prefix(&self.dataset);
        let expect = Expect { dataset: &self.dataset, id, prefix: &prefix };
        Ok(match Document::parse(&self.manifest_key(id), &expect, body)? {
            Document::Live(manifest) => Entry::Live(Arc::new(manifest)),
            Document::Tombstone(tombstone) => Entry::Expired(Arc::new(tombstone)),
        })
    }

    pub(crate) async fn exists(&self, id: SnapshotId) -> Result<bool> {
        Ok(self.store.head(&self.manifest_key(id)).await?.is_some())
    }

    pub(super) async fn stamp(&self, id: SnapshotId) -> Result<Option<Stamp>> {
        let found = self.store.head(&self.manifest_key(id)).await?;
        Ok(found.map(|meta| Stamp {
            size: meta.size,
            e_tag: meta.e_tag,
            last_modified: meta.last_modified,
        }))
    }

    /// The ids of all manifests, oldest first. Nothing else is inferred from a listing.
    pub(crate) async fn ids(&self) -> Result<Vec<SnapshotId>> {
        let folder = self.paths.manifests(&self.dataset);
        let found = self.store.list(&folder).try_filter_map(|meta| {
            let key = self.store.key(&meta.location);
            let id = key.and_then(|key| self.paths.snapshot_of(&self.dataset, key));
            async move { Ok(id) }
        });
        let mut ids: Vec<_> = found.try_collect().await?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// Whether there is any snapshot.
    pub(crate) async fn any_snapshot(&self) -> Result<bool> {
        let folder = self.paths.manifests(&self.dataset);
        let mut listed = self.store.list(&folder);
        while let Some(meta) = listed.try_next().await? {
            let key = self.store.key(&meta.location);
            if key.is_some_and(|key| self.paths.snapshot_of(&self.dataset, key).is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The entries of these ids, in order, loaded a few at a time.
    pub(crate) fn load_all(
        &self,
        ids: impl Iterator<Item = u64> + Send,
    ) -> impl futures::Stream<Item = Result<Entry>> + Send {
        futures::stream::iter(ids)
            .map(move |id| async move {
                let id = SnapshotId::new(id)?;
                self.load(id).await?.ok_or_else(|| self.not_found(id))
            })
            .buffered(LOADS_IN_FLIGHT)
    }

    /// Makes sure that a snapshot is this dataset's.
    pub(crate) fn owns(&self, manifest: &Manifest) -> Result<()> {
        match manifest.dataset_id == self.dataset {
            true => Ok(()),
            false => Err(self.not_found(manifest.snapshot_id)),
        }
    }

    pub(crate) fn not_found(&self, id: SnapshotId) -> Error {
        Error::SnapshotNotFound { dataset: self.dataset.clone(), id }
    }

    pub(crate) fn expired(&self, id: SnapshotId) -> Error {
        Error::Expired { dataset: self.dataset.clone(), id }
    }

    pub(crate) fn remembered(&self) -> Option<Arc<Manifest>> {
        self.floor().as_ref().map(|known| Arc::clone(&known.manifest))
    }

    /// Whether the remembered head is still what stands there, as far as its object tells.
    pub(super) fn is_still(&self, head: &Arc<Manifest>, found: Option<Stamp>) -> bool {
        let mut floor = self.floor();
        match (&mut *floor, found) {
            (_, None) => false,
            (Some(known), Some(found)) if Arc::ptr_eq(&known.manifest, head) => {
                *known.stamp.get_or_insert_with(|| found.clone()) == found
            }
            // Another task has seen a newer head meanwhile.
            (_, Some(_)) => true,
        }
    }

    fn floor(&self) -> MutexGuard<'_, Option<Known>> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a head, unless a newer one is known. Go's are not remembered: their neighbours
    /// say nothing.
    pub(crate) fn remember(&self, head: &Arc<Manifest>) {
        if head.write_id.is_none() {
            return;
        }
        let mut floor = self.floor();
        if floor.as_ref().is_none_or(|known| known.manifest.snapshot_id < head.snapshot_id) {
            *floor = Some(Known { manifest: Arc::clone(head), stamp: None });
        }
    }

    pub(crate) fn forget(&self) {
        *self.floor() = None;
    }
}

impl Entry {
    pub(crate) fn id(&self) -> SnapshotId {
        match self {
            Self::Live(manifest) => manifest.snapshot_id,
            Self::Expired(tombstone) => tombstone.snapshot_id,
        }
    }

    /// The parent's id, if there is one.
    pub(crate) fn parent(&self) -> Option<SnapshotId> {
        match self {
            Self::Live(manifest) => manifest.parent_snapshot_id,
            Self::Expired(tombstone) => tombstone.parent_snapshot_id,
        }
    }

    pub(crate) fn created_at(&self) -> DateTime<Utc> {
        match self {
            Self::Live(manifest) => manifest.created_at,
            Self::Expired(tombstone) => tombstone.created_at,
        }
    }

    /// The write id; absent in Go's.
    pub(crate) fn write_id(&self) -> Option<WriteId> {
        match self {
            Self::Live(manifest) => manifest.write_id,
            Self::Expired(tombstone) => tombstone.write_id,
        }
    }

    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        match self {
            Self::Live(manifest) => manifest.idempotency_key.as_deref(),
            Self::Expired(tombstone) => tombstone.idempotency_key.as_deref(),
        }
    }

    pub(crate) fn format_version(&self) -> FormatVersion {
        match self {
            Self::Live(manifest) => manifest.format_version,
            Self::Expired(tombstone) => tombstone.format_version,
        }
    }

    /// Whether it has the content of its parent.
    pub(crate) fn is_gc(&self) -> bool {
        let operation = match self {
            Self::Live(manifest) => &manifest.operation,
            Self::Expired(tombstone) => &tombstone.operation,
        };
        *operation == Some(Operation::Gc)
    }
}
