//! The manifests of one dataset or volume: loading, listing, remembering.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};

use super::chain::{Chain, Link};
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::limits::setting;
use crate::store::Store;

/// How many manifests are loaded at once.
pub(crate) const LOADS_IN_FLIGHT: usize = 8;

/// A manifest of this many bytes or fewer is parsed or built at once: it takes a few milliseconds.
pub(super) const INLINE_BYTES: usize = 256 << 10;

/// The history of one dataset or volume: the manifests under its prefix.
#[derive(Debug)]
pub(crate) struct History<C: Chain> {
    pub(crate) store: Store,
    /// What the history is of.
    pub(crate) of: C,
    pub(crate) max_manifest_bytes: u64,
    /// The newest head seen: a lower bound of the head, from which the next look begins.
    floor: Arc<Mutex<Option<Known<C>>>>,
    has_timer: Arc<OnceLock<()>>,
}

/// A head that was seen.
#[derive(Debug)]
struct Known<C: Chain> {
    manifest: Arc<C::Manifest>,
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
#[derive(Debug)]
pub(crate) enum Entry<C: Chain> {
    Live(Arc<C::Manifest>),
    Expired(Arc<C::Tombstone>),
}

impl<C: Chain> History<C> {
    pub(crate) fn new(store: Store, of: C, max_manifest_bytes: u64) -> Self {
        Self { store, of, max_manifest_bytes, floor: Arc::default(), has_timer: Arc::default() }
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
        self.of.manifest_key(id)
    }

    /// The key of this manifest.
    pub(crate) fn key_of(&self, manifest: &C::Manifest) -> String {
        self.manifest_key(manifest.id())
    }

    /// What stands at `id`, validated whole.
    pub(crate) async fn load(&self, id: SnapshotId) -> Result<Option<Entry<C>>> {
        let key = self.manifest_key(id);
        let Some(body) =
            self.store.get_bytes(&key, self.max_manifest_bytes, Some(setting::MANIFEST)).await?
        else {
            return Ok(None);
        };
        if body.len() <= INLINE_BYTES {
            return self.parse(id, &body).map(Some);
        }
        let history = self.clone();
        tokio::task::spawn_blocking(move || history.parse(id, &body)).await?.map(Some)
    }

    pub(crate) fn parse(&self, id: SnapshotId, body: &[u8]) -> Result<Entry<C>> {
        self.of.parse(&self.manifest_key(id), id, body)
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
        let folder = self.of.manifests();
        let found = self.store.list(&folder).try_filter_map(|meta| {
            let key = self.store.key(&meta.location);
            let id = key.and_then(|key| self.of.snapshot_of(key));
            async move { Ok(id) }
        });
        let mut ids: Vec<_> = found.try_collect().await?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// Whether there is any snapshot.
    pub(crate) async fn any_snapshot(&self) -> Result<bool> {
        let folder = self.of.manifests();
        let mut listed = self.store.list(&folder);
        while let Some(meta) = listed.try_next().await? {
            let key = self.store.key(&meta.location);
            if key.is_some_and(|key| self.of.snapshot_of(key).is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The entries of these ids, in order, loaded a few at a time.
    pub(crate) fn load_all(
        &self,
        ids: impl Iterator<Item = u64> + Send,
    ) -> impl futures::Stream<Item = Result<Entry<C>>> + Send {
        futures::stream::iter(ids)
            .map(move |id| async move {
                let id = SnapshotId::new(id)?;
                self.load(id).await?.ok_or_else(|| self.not_found(id))
            })
            .buffered(LOADS_IN_FLIGHT)
    }

    /// Looks at what lies between the snapshot `oldest` (0 stands before the first) and `head`, oldest
    /// first.
    ///
    /// # Errors
    /// Of the listing and the loads; [`Error::ManifestInvalid`] if the listing lacks one of lode's.
    pub(crate) async fn look_between(
        &self,
        oldest: u64,
        head: &dyn Link,
        mut look: impl FnMut(Entry<C>),
    ) -> Result<()> {
        let newest = head.id().get();
        if oldest >= newest {
            return Ok(());
        }
        // Not a range of numbers: Go's are not dense.
        let ids = self.ids().await?.into_iter().map(SnapshotId::get);
        let between: Vec<_> = ids.filter(|id| (oldest + 1..newest).contains(id)).collect();
        let mut before = SnapshotId::new(oldest).ok();
        let mut entries = pin!(self.load_all(between.into_iter()));
        while let Some(entry) = entries.try_next().await? {
            self.check_follows(before, entry.link())?;
            before = Some(entry.link().id());
            look(entry);
        }
        self.check_follows(before, head)
    }

    /// Makes sure that a listing has not left out what comes before this, which it says is there: a
    /// manifest of lode's follows the one `before` it. (Go's need not.)
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`].
    pub(crate) fn check_follows(&self, before: Option<SnapshotId>, link: &dyn Link) -> Result<()> {
        match link.parent().filter(|_| link.write_id().is_some()) {
            Some(parent) if before != Some(parent) => Err(self.missing(parent, link.id())),
            _ => Ok(()),
        }
    }

    /// A listing lacks `id`.
    pub(crate) fn missing(&self, id: SnapshotId, child: SnapshotId) -> Error {
        Error::ManifestInvalid {
            path: self.manifest_key(id),
            field: "$".to_owned(),
            reason: format!(
                "is not listed, although snapshot {child} says that it is there: the listing is late, or \
                 somebody deleted it"
            ),
        }
    }

    pub(crate) fn not_found(&self, id: SnapshotId) -> Error {
        Error::SnapshotNotFound { owner: self.of.owner(), id }
    }

    pub(crate) fn expired(&self, id: SnapshotId) -> Error {
        Error::Expired { owner: self.of.owner(), id }
    }

    pub(crate) fn remembered(&self) -> Option<Arc<C::Manifest>> {
        self.floor().as_ref().map(|known| Arc::clone(&known.manifest))
    }

    /// Whether the remembered head is still what stands there, as far as its object tells.
    pub(super) fn is_still(&self, head: &Arc<C::Manifest>, found: Option<Stamp>) -> bool {
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

    fn floor(&self) -> MutexGuard<'_, Option<Known<C>>> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a head, unless a newer one is known. Go's are not remembered: their neighbours
    /// say nothing.
    pub(crate) fn remember(&self, head: &Arc<C::Manifest>) {
        if head.write_id().is_none() {
            return;
        }
        let mut floor = self.floor();
        if floor.as_ref().is_none_or(|known| known.manifest.id() < head.id()) {
            *floor = Some(Known { manifest: Arc::clone(head), stamp: None });
        }
    }

    pub(crate) fn forget(&self) {
        *self.floor() = None;
    }
}

impl<C: Chain> Clone for History<C> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            of: self.of.clone(),
            max_manifest_bytes: self.max_manifest_bytes,
            floor: Arc::clone(&self.floor),
            has_timer: Arc::clone(&self.has_timer),
        }
    }
}

impl<C: Chain> Entry<C> {
    /// What it says of its place in the history.
    pub(crate) fn link(&self) -> &dyn Link {
        match self {
            Self::Live(manifest) => &**manifest,
            Self::Expired(tombstone) => &**tombstone,
        }
    }
}

impl<C: Chain> Clone for Entry<C> {
    fn clone(&self) -> Self {
        match self {
            Self::Live(manifest) => Self::Live(Arc::clone(manifest)),
            Self::Expired(tombstone) => Self::Expired(Arc::clone(tombstone)),
        }
    }
}
