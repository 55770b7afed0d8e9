//! The states of a volume's handle.

use std::fmt::{self, Debug};
use std::sync::Arc;

use super::base::Base;
use super::context::Context;
use super::staging::Staging;
use crate::manifest::VolumeManifest;

/// Created: nothing is committed, and nothing is staged through this handle.
#[derive(Debug, Clone)]
pub struct New {
    pub(super) total_length: u64,
}

/// Open at one snapshot, which can be read.
#[derive(Clone)]
pub struct Committed {
    pub(super) manifest: Arc<VolumeManifest>,
}

impl Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committed")
            .field("snapshot", &self.manifest.snapshot_id)
            .field("blocks", &self.manifest.blocks.len())
            .finish_non_exhaustive()
    }
}

/// At least one block is staged. What is staged can be committed, and not be read before.
#[derive(Debug)]
pub struct Staged {
    pub(super) staging: Box<Staging>,
}

/// The state of a [`Volume`](crate::Volume)'s handle: [`New`], [`Staged`] or [`Committed`]. Sealed.
pub trait State: sealed::State {}

/// A state in which there is a snapshot to read: [`Committed`].
#[diagnostic::on_unimplemented(
    message = "a volume is read at a snapshot, and this handle is `Volume<{Self}>`",
    label = "staged bytes cannot be read",
    note = "what is staged can be read once it is committed: `staged.commit(metadata! {{}}).await?` gives a volume that can be read, and the handle that you staged on still reads its own snapshot"
)]
pub trait Readable: State + sealed::Readable {}

/// A state in which there is something to commit: [`Staged`].
#[diagnostic::on_unimplemented(
    message = "nothing is staged through this handle, a `Volume<{Self}>`",
    label = "nothing to commit",
    note = "stage first: `volume.stage_write_at(offset, data).await?` gives the handle to commit"
)]
pub trait Committable: State + sealed::Committable {}

/// A state on which staging begins: [`New`] or [`Committed`].
#[diagnostic::on_unimplemented(
    message = "a session begins or goes on at a snapshot, and this handle is `Volume<{Self}>`",
    label = "this handle has a session of its own",
    note = "resume through the handle that you staged on, and commit each session; or take over single blocks: `staged.accept(block).await?`"
)]
pub trait Open: State {}

impl Open for New {}
impl Open for Committed {}
impl State for New {}
impl State for Staged {}
impl State for Committed {}
impl Readable for Committed {}
impl Committable for Staged {}

pub(crate) mod sealed {
    use super::{Arc, Base, Context, Debug, Staging, VolumeManifest};

    pub trait State: Debug + Send + Sync + 'static {
        fn base(&self) -> Base;

        /// The handle has other settings now.
        fn configure(&mut self, _: &Context) {}
    }

    pub trait Readable {
        fn manifest(&self) -> &Arc<VolumeManifest>;
    }

    pub trait Committable {
        fn staging(self) -> Box<Staging>;
    }

    impl State for super::New {
        fn base(&self) -> Base {
            Base::New { total_length: self.total_length }
        }
    }

    impl State for super::Committed {
        fn base(&self) -> Base {
            Base::At(Arc::clone(&self.manifest))
        }
    }

    impl State for super::Staged {
        fn base(&self) -> Base {
            self.staging.base.clone()
        }

        fn configure(&mut self, context: &Context) {
            self.staging.context = context.clone();
        }
    }

    impl Readable for super::Committed {
        fn manifest(&self) -> &Arc<VolumeManifest> {
            &self.manifest
        }
    }

    impl Committable for super::Staged {
        fn staging(self) -> Box<Staging> {
            self.staging
        }
    }
}
