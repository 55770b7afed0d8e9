//! Committing what is staged.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Volume;
use super::base::Base;
use super::chain::VolumeChain;
use super::change::{BlocksAt, VolumeChange};
use super::open::at;
use super::staging::Staging;
use super::state::{Committable, Committed, Staged, State};
use crate::commit::{Entry, Expect, History, Proposal};
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
    /// [`Error::CommitUnknown`]; or [`Error::Storage`].
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
#[error("{source}")]
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
    history.check_runtime().await?;
    let blocks = staging.ledger.blocks();
    let bases = bases(staging, blocks.iter().map(|block| block.name.base).collect()).await?;
    let change = Arc::new(VolumeChange {
        write_id: WriteId::new(history.store.fresh_id()),
        metadata,
        total_length: staging.base.total_length(),
        blocks: blocks.into_iter().map(|block| (block.key(), block)).collect(),
        bases,
    });
    let base = staging.base.manifest().cloned();
    let expect = match base {
        Some(_) => Expect::Any,
        None => expect_none(&history, &change).await?,
    };
    let on_conflict = staging.context.on_conflict.clone();
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
        Some(Entry::Live(first)) if change.has_one_of(&first.blocks) => Ok(Expect::Any),
        Some(Entry::Expired(first)) if change.has_one_of(&first.expired_blocks) => Ok(Expect::Any),
        _ => Err(change.unborn(history, &head)),
    }
}

/// What the snapshots with these numbers have.
async fn bases(staging: &Staging, numbers: BTreeSet<u64>) -> Result<HashMap<u64, BlocksAt>> {
    let history = &staging.context.history;
    let mut bases = HashMap::new();
    for number in numbers {
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
        bases.insert(number, blocks);
    }
    Ok(bases)
}
