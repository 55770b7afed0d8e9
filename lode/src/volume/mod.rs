//! Volumes: sparse, resumable address spaces of bytes, as a chain of immutable snapshots.
//!
//! ```text
//! Volume<New> ─────────┐ stage_write_at, stage_stream_at,           commit
//!                      ├─ stage_overwrite_at, accept, resume ─► Volume<Staged> ──► Volume<Committed>
//! Volume<Committed> ───┘      (staging.rs, ledger.rs)            (change.rs, crate::commit)
//!        └─ read_at, reader, stream (read/)
//! ```

mod accept;
mod base;
mod block;
mod chain;
mod change;
mod commit;
mod context;
mod coverage;
#[cfg(feature = "local")]
mod files;
mod history;
mod ledger;
mod limits;
mod map;
mod open;
mod read;
mod resume;
mod stage;
mod stager;
mod staging;
mod state;

use std::fmt;
use std::sync::Arc;

pub use block::StagedBlock;
pub(crate) use chain::{VOLUMES, VolumeChain};
pub use commit::CommitError;
#[cfg(feature = "local")]
pub use files::{Export, Import};
pub use limits::VolumeLimits;
pub use map::Run;
pub use open::OpenVolume;
pub(crate) use open::at;
pub use read::VolumeReader;
pub use resume::{Resume, Session};
pub use stage::{Base, Discarded};
pub use stager::Stager;
pub use state::{Committable, Committed, New, Open, Readable, Staged, State};

use crate::commit::OnConflict;
use crate::id::VolumeId;
use crate::progress::Progress;
use crate::store::Store;

use context::Context;

/// A sparse address space of bytes on a [`Store`]: a disk image, a download, a model file.
///
/// Ranges are *staged* block by block, in any order and from any number of tasks and processes, and
/// then *committed* with metadata: each commit makes an immutable snapshot that covers everything
/// committed so far. What was never committed is a gap; reading one is an error that names it, never
/// zeros.
///
/// `S` is what can be done with the handle:
///
/// * [`New`]: from [`Volume::create`]. It can stage. Its first commit must be the volume's first.
/// * [`Staged`]: it has staged blocks, at least one. It can stage more, and [`commit`](Self::commit).
/// * [`Committed`]: open at one snapshot, which it reads, and on which it can stage more. A cheap
///   clone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
/// use lode::{Store, Volume, metadata};
///
/// let store = Store::memory();
/// let volume = Volume::create(&store, "disk", 1 << 30)?;
/// let staged = volume.stage_write_at(0, b"boot").await?;
/// tokio::try_join!(
///     staged.stage_write_at(4096, vec![1; 512]),
///     staged.stage_write_at(8192, vec![2; 512]),
/// )?;
/// let volume = staged.commit(metadata! { "step": "boot" }).await?;
///
/// assert_eq!(volume.read_at(0..4).await?, "boot");
/// let error = volume.read_at(0..512).await.unwrap_err();
/// assert_eq!(error.to_string(), "snapshot 1 of volume `disk` has no bytes at 4..512");
/// # Ok(()) }
/// ```
///
/// The handle holds settings beside its state; they go over to the handles that are made from it.
#[must_use = "a handle that staging gave is what commits; one that is not needed is dropped by `drop`"]
pub struct Volume<S: State> {
    context: Context,
    state: S,
}

impl<S: State> Volume<S> {
    /// The volume's id.
    #[must_use]
    pub fn id(&self) -> &VolumeId {
        &self.context.history.of.volume
    }

    /// The store it is on.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.context.history.store
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// What a commit does when another writer was first. Default: merge with what the other
    /// committed, and retry.
    pub fn on_conflict(mut self, policy: OnConflict) -> Self {
        self.context.on_conflict = policy;
        self.configured()
    }

    /// Limits on memory and concurrency.
    pub fn limits(mut self, limits: VolumeLimits) -> Self {
        self.context.history.max_manifest_bytes = limits.max_manifest_bytes;
        self.context.limits = limits;
        self.configured()
    }

    /// Tells `tell` of the bytes and blocks (as files) that calls on this handle stage, read, import
    /// and export, as [`Dataset::on_progress`](crate::Dataset::on_progress) does.
    pub fn on_progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.context.progress = Some(Arc::new(tell));
        self.configured()
    }

    fn configured(mut self) -> Self {
        self.state.configure(&self.context);
        self
    }
}

impl<S: State + Clone> Clone for Volume<S> {
    fn clone(&self) -> Self {
        Self { context: self.context.clone(), state: self.state.clone() }
    }
}

impl<S: State> fmt::Debug for Volume<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Volume").field("id", self.id()).field("state", &self.state).finish()
    }
}
