//! The content of an earlier snapshot, as a new one.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::Instrument;

use super::kind::{Kind, check_minor, child_time};
use crate::commit::{Change, Expect, History, Link, OnConflict, Proposal};
use crate::dataset::Snapshot;
use crate::error::Result;
use crate::id::{SnapshotId, VolumeSnapshotId, WriteId};
use crate::manifest::{GcRef, Operation, Successor};
use crate::metadata::Metadata;
use crate::volume::{Committed, Volume};

/// An earlier snapshot to be restored, from [`Dataset::restore`](crate::Dataset::restore) or
/// [`Volume::restore`](crate::Volume::restore): `.await` it, or say more first.
#[must_use = "nothing is restored until this is awaited"]
pub struct Restore<S> {
    options: Options,
    run: Box<dyn FnOnce(Options) -> BoxFuture<'static, Result<S>> + Send>,
}

/// What the caller says of it.
pub(super) struct Options {
    metadata: Result<Metadata>,
    expect: Expect,
    idempotency_key: Option<String>,
}

impl<S: Send + 'static> Restore<S> {
    /// `open` makes a snapshot of a manifest, if the handle can hold its content.
    pub(super) fn new<K: Kind>(
        history: History<K>,
        id: SnapshotId,
        metadata: Result<Metadata>,
        open: impl Fn(Arc<K::Manifest>) -> Result<S> + Send + Sync + 'static,
    ) -> Self {
        let options = Options { metadata, expect: Expect::Any, idempotency_key: None };
        let run = move |options| {
            let span =
                tracing::info_span!("lode.restore", of = %history.of.owner(), snapshot = %id);
            restore(history, id, options, open).instrument(span).boxed()
        };
        Self { options, run: Box::new(run) }
    }

    /// Restores only if no snapshot has this key; if one has, that one is returned, and nothing is
    /// committed. As for [writes](crate::Write::idempotency_key).
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }

    fn expect(mut self, head: Option<SnapshotId>) -> Self {
        self.options.expect = Expect::Head(head);
        self
    }
}

impl<T: 'static> Restore<Snapshot<T>> {
    /// Commits only if this is the head; clean-ups that came after it do not count. As for
    /// [writes](crate::Write::expect_head).
    pub fn expect_head(self, head: Option<SnapshotId>) -> Self {
        self.expect(head)
    }
}

impl Restore<Volume<Committed>> {
    /// Commits only if this is the head; clean-ups that came after it do not count.
    pub fn expect_head(self, head: Option<VolumeSnapshotId>) -> Self {
        self.expect(head.map(VolumeSnapshotId::number))
    }
}

impl<S: 'static> IntoFuture for Restore<S> {
    type Output = Result<S>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)(self.options)
    }
}

impl<S> fmt::Debug for Restore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restore").field("expect", &self.options.expect).finish_non_exhaustive()
    }
}

/// The base is noted first, and only then the old manifest is read, from the store: if it is live
/// then, no clean-up up to the base has condemned what it names; and those after it are checked.
async fn restore<K: Kind, S>(
    history: History<K>,
    id: SnapshotId,
    options: Options,
    open: impl Fn(Arc<K::Manifest>) -> Result<S>,
) -> Result<S> {
    let metadata = options.metadata?;
    history.store.check_trust()?;
    history.check_runtime().await?;
    let Some(base) = history.head().await? else {
        K::check_elsewhere(&history).await?;
        return Err(history.not_found(id));
    };
    if let Some(key) = &options.idempotency_key
        && let Some(found) = history.find_key(key, Some(&base)).await?
    {
        return open(found);
    }
    history.check_expected(options.expect, Some(&base)).await?;
    let content = history.live(id).await?;
    check_minor(&history, &*content)?;
    open(Arc::clone(&content))?;
    K::can_follow(&content, &base)?;
    let change = Arc::new(Restored {
        write_id: WriteId::new(history.store.fresh_id()),
        content,
        metadata,
        idempotency_key: options.idempotency_key,
    });
    let proposal = Proposal {
        history,
        base: Some(base),
        change,
        expect: options.expect,
        on_conflict: OnConflict::Fail,
    };
    open(proposal.commit().await.map_err(|failed| failed.error)?)
}

/// A snapshot's content, to be committed again.
#[derive(Debug)]
struct Restored<K: Kind> {
    write_id: WriteId,
    content: Arc<K::Manifest>,
    metadata: Metadata,
    idempotency_key: Option<String>,
}

impl<K: Kind> Change for Restored<K> {
    type Of = K;

    fn write_id(&self) -> WriteId {
        self.write_id
    }

    fn operation(&self) -> Operation {
        Operation::Restore
    }

    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    fn rebases(&self) -> bool {
        false
    }

    fn is_large_on(&self, _: Option<&K::Manifest>) -> bool {
        K::is_large(&self.content)
    }

    fn objects(&self, base: Option<GcRef>) -> Vec<(Option<GcRef>, &str)> {
        K::objects(&self.content).map(|object| (base, object.path)).collect()
    }

    fn manifest(
        &self,
        history: &History<K>,
        parent: Option<&K::Manifest>,
    ) -> Result<(K::Manifest, Vec<u8>)> {
        let parent = parent.ok_or_else(|| history.not_found(self.content.id()))?;
        check_minor(history, parent)?;
        K::can_follow(&self.content, parent)?;
        let as_ = Successor {
            write_id: self.write_id,
            operation: Operation::Restore,
            created_at: child_time(history, parent),
            metadata: self.metadata.clone(),
            last_gc: parent.last_gc(),
            idempotency_key: self.idempotency_key.clone(),
        };
        history.of.again(&self.content, parent, as_)
    }
}
