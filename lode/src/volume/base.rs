//! What a handle stages on.

use std::sync::Arc;

use crate::manifest::{BlockRef, VolumeManifest};

/// The snapshot that a handle reads, or the length of a volume that has none yet.
#[derive(Clone)]
pub enum Base {
    New { total_length: u64 },
    At(Arc<VolumeManifest>),
}

impl Base {
    pub(crate) fn total_length(&self) -> u64 {
        match self {
            Self::New { total_length } => *total_length,
            Self::At(manifest) => manifest.total_length,
        }
    }

    pub(crate) fn manifest(&self) -> Option<&Arc<VolumeManifest>> {
        match self {
            Self::New { .. } => None,
            Self::At(manifest) => Some(manifest),
        }
    }

    pub(crate) fn blocks(&self) -> &[BlockRef] {
        self.manifest().map_or(&[], |manifest| &manifest.blocks)
    }

    /// Its number in block names: 0 for none.
    pub(crate) fn number(&self) -> u64 {
        self.manifest().map_or(0, |manifest| manifest.snapshot_id.get())
    }
}
