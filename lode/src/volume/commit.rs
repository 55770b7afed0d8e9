//! Committing what is staged.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use super::Volume;
use super::base::Base;
use super::chain::VolumeChain;
use super::change::{BlocksAt, VolumeChange};
use super::open::at;
use super::staging::Staging;
use super::state::{Committable, Committed, Staged, State};
use crate::commit::{Chain, Change, Entry, Expect, History, LOADS_IN_FLIGHT, OnConflict, Proposal};
use crate::error::{Error, Result};
use crate::id::{SnapshotId, WriteId};
use crate::manifest::VolumeManifest;
use crate::metadata::{IntoMetadata, Metadata};

impl<S: State> Volume<S> {
    /// Commits everything that is staged, with metadata: the next snapshot has it, and everything that
    /// was committed before. Gives a handle at that snapshot.
    ///
    /// If another writer committed meanwhile, the blocks are merged into that snapshot, as
    /// [`on_conflict`](Self::on_conflict) allows; nothing is uploaded again. If the future is dropped,
    /// the commit ends by itself, as committed or not.
    ///
    /// # Errors
    /// [`CommitError`], which gives the staged handle back. Its source is
    /// [`Error::InvalidMetadata`]; [`Error::Overlap`] if a newer snapshot has bytes where some are
    /// staged, or has changed what was to be overwritten; [`Error::Conflict`] if the volume was to be
    /// created, or the policy is to fail; [`Error::LengthMismatch`] if it was created with another
    /// length; [`Error::Condemned`], with the blocks to discard and stage again;
    /// [`Error::UncheckedStore`] or [`Error::UnsafeStore`] if the store is not committed to;
    /// [`Error::CommitUnknown`]; or [`Error::Storage`]. Nothing is visible after any of them but
    /// [`Error::CommitUnknown`], and [`Error::Task`] where the runtime shuts down or the store panics,
    /// after which it may be.
    pub fn commit<M: IntoMetadata>(
        self,
        metadata: M,
    ) -> BoxFuture<'static, Result<Volume<Committed>, CommitError>>
    where
        S: Committable,
    {
        let staging = self.state.staging();
        let context = self.context;
        let metadata = metadata.into_metadata();
        async move {
            let committed = match metadata {
                Ok(metadata) => commit(&staging, metadata).await,
                Err(error) => Err(error),
            };
            match committed {
                Ok(manifest) => Ok(at(context, manifest)),
                Err(source) => {
                    staging.settle(false);
                    Err(CommitError {
                        source,
                        staged: Volume { context, state: Staged { staging } },
                    })
                }
            }
        }
        .boxed()
    }
}

/// A commit that failed, with the handle that has everything staged still. `?` turns it into an
/// [`Error`].
///
/// To commit again, call [`commit`](Volume::commit) again: should the first attempt have landed after
/// all, its blocks are there already, and only the rest is added.
#[derive(thiserror::Error)]
#[error("cannot commit what is staged of volume `{}`", staged.id())]
#[non_exhaustive]
pub struct CommitError {
    /// Why it failed.
    pub source: Error,
    /// What was to be committed, and can be again.
    pub staged: Volume<Staged>,
}

impl fmt::Debug for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitError")
            .field("source", &self.source)
            .field("staged", &self.staged)
            .finish()
    }
}

impl From<CommitError> for Error {
    fn from(failed: CommitError) -> Self {
        failed.source
    }
}

async fn commit(staging: &Staging, metadata: Metadata) -> Result<Arc<VolumeManifest>> {
    let history = staging.context.history.clone();
    history.store.check_trust()?;
    history.check_runtime().await?;
    let blocks = staging.ledger.blocks();
    let numbers: BTreeSet<u64> = blocks.iter().map(|block| block.name.base).collect();
    let staged_on = (numbers.first().copied().unwrap_or(0), numbers.last().copied().unwrap_or(0));
    let write_id = WriteId::new(history.store.fresh_id());
    let change = Arc::new(VolumeChange {
        write_id,
        attempts: staging.attempt(write_id),
        metadata,
        total_length: staging.base.total_length(),
        blocks: blocks.into_iter().map(|block| (block.path(), block)).collect(),
        bases: bases(staging, numbers).await?,
        landed: Mutex::default(),
    });
    let on_conflict = staging.context.on_conflict.clone();
    let (base, expect) = match staging.base.manifest() {
        Some(base) => {
            let parent = parent(&history, &change, base, staged_on, &on_conflict).await?;
            (Some(parent), Expect::Any)
        }
        None => (None, expect_none(&history, &change).await?),
    };
    let proposal = Proposal { history, base, change, expect, on_conflict };
    // It goes on when this is dropped: then nothing is lost that could be told.
    staging.settle(true);
    proposal.commit().await.map_err(|failed| failed.error)
}

/// Makes sure that a volume which is to be created is not there; unless an earlier attempt of this very
/// handle has created it after all.
async fn expect_none(history: &History<VolumeChain>, change: &VolumeChange) -> Result<Expect> {
    let Some(head) = history.head().await? else { return Ok(Expect::Head(None)) };
    match history.load(SnapshotId::FIRST).await? {
        Some(first) if change.look_into(&first) => Ok(Expect::Any),
        _ => Err(change.unborn(history, &head)),
    }
}

/// What to commit on first, after a look at what was committed since the `oldest` and the `newest` of
/// the snapshots that blocks were staged on: the snapshot that the handle reads. The newest instead,
/// where a block was staged on a newer one; and where Go wrote the handle's, whose ids are not dense,
/// so that the next one is free does not say that nothing came after.
async fn parent(
    history: &History<VolumeChain>,
    change: &VolumeChange,
    base: &Arc<VolumeManifest>,
    (oldest, newest): (u64, u64),
    on_conflict: &OnConflict,
) -> Result<Arc<VolumeManifest>> {
    let id = base.snapshot_id.number();
    let head = match base.write_id {
        Some(_) if newest <= id.get() => None,
        _ => history.head().await?.filter(|head| head.snapshot_id > base.snapshot_id),
    };
    let onto = head.as_ref().unwrap_or(base);
    // What was committed once is not committed again, even if it was overwritten since.
    let look = |entry: Entry<VolumeChain>| {
        change.look_into(&entry);
    };
    history.look_between(oldest, &**onto, look).await?;
    change.look_into(&Entry::Live(Arc::clone(onto)));
    let Some(head) = head else { return Ok(Arc::clone(base)) };
    let may_rebase = matches!(on_conflict, OnConflict::Retry(retry) if retry.attempts > 0);
    if may_rebase || is_harmless(history, change, id, &head).await? {
        return Ok(head);
    }
    let owner = history.of.owner();
    let found = Some(head.snapshot_id.number());
    Err(change.conflict(&head).unwrap_or(Error::Conflict { owner, expected: Some(id), found }))
}

/// Whether everything from the snapshot after `base` up to `head` was gc, which changes no content, or
/// an earlier attempt at the same commit.
async fn is_harmless(
    history: &History<VolumeChain>,
    change: &VolumeChange,
    base: SnapshotId,
    head: &Arc<VolumeManifest>,
) -> Result<bool> {
    let mut entry = Entry::Live(Arc::clone(head));
    while entry.link().id() != base {
        let is_harmless = change.has_landed_in(&entry) || entry.link().is_gc();
        match entry.link().parent() {
            Some(parent) if is_harmless && parent >= base => {
                entry = history.load(parent).await?.ok_or_else(|| history.not_found(parent))?;
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// What the snapshots with these numbers have.
async fn bases(staging: &Staging, numbers: BTreeSet<u64>) -> Result<HashMap<u64, BlocksAt>> {
    let history = &staging.context.history;
    let load = |number: u64| async move {
        let blocks = match (number, &staging.base) {
            (0, _) => BlocksAt::None,
            (_, Base::At(base)) if base.snapshot_id.get() == number => {
                BlocksAt::Live(Arc::clone(base))
            }
            _ => {
                let id = SnapshotId::new(number)?;
                match history.load(id).await?.ok_or_else(|| history.not_found(id))? {
                    Entry::Live(manifest) => BlocksAt::Live(manifest),
                    Entry::Expired(tombstone) => BlocksAt::Expired(tombstone),
                }
            }
        };
        Ok((number, blocks))
    };
    stream::iter(numbers).map(load).buffered(LOADS_IN_FLIGHT).try_collect().await
}
