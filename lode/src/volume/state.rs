//! The states of a volume's handle.

use std::sync::Arc;

use crate::manifest::VolumeManifest;

/// Created, and nothing is staged or committed through this handle.
#[derive(Debug, Clone)]
pub struct New {
    pub(super) total_length: u64,
}

/// Open at one snapshot, which can be read.
#[derive(Debug, Clone)]
pub struct Committed {
    pub(super) manifest: Arc<VolumeManifest>,
}

/// Blocks are staged, and can be committed.
#[derive(Debug)]
pub struct Staged {}

/// The state of a [`Volume`](crate::Volume)'s handle: [`New`], [`Staged`] or [`Committed`]; sealed.
pub trait State: sealed::State {}

impl State for New {}
impl State for Staged {}
impl State for Committed {}

mod sealed {
    pub trait State {}
    impl State for super::New {}
    impl State for super::Staged {}
    impl State for super::Committed {}
}
