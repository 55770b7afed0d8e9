//! Volumes: sparse, resumable byte ranges as a chain of immutable snapshots.

mod block;
mod chain;
mod context;
mod coverage;
mod limits;
mod map;
mod read;
mod state;

pub use block::StagedBlock;
pub use limits::VolumeLimits;
pub use map::Run;
pub use read::VolumeReader;
pub use state::{Committed, New, Staged, State};

use crate::id::VolumeId;
use context::Context;

/// A sparse address space of bytes on a [`Store`](crate::Store).
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
}
