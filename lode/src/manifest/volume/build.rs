//! How new manifests of volumes are made.

use chrono::DateTime;

use super::validate::validate;
use super::{BlockRef, ExpectVolume, VolumeManifest};
use crate::checksum::Checksum;
use crate::error::{Error, Result};
use crate::id::{SnapshotId, VolumeId, VolumeSnapshotId, WriteId};
use crate::manifest::{FormatVersion, Operation, WRITER, time};
use crate::metadata::Metadata;

/// The algorithm that lode's blocks are checksummed with.
const ALGORITHM: &str = Checksum::Xxh3_128.name();

impl VolumeManifest {
    /// The beginnings of a manifest: an empty first snapshot. The caller fills in the rest, and ends
    /// with [`finish`](Self::finish).
    pub(crate) fn draft(
        volume: VolumeId,
        write_id: WriteId,
        operation: Operation,
        total_length: u64,
    ) -> Self {
        Self {
            format_version: FormatVersion::BASE,
            volume_id: volume,
            snapshot_id: VolumeSnapshotId::of(SnapshotId::FIRST),
            created_at: DateTime::UNIX_EPOCH,
            metadata: Metadata::empty(),
            total_length,
            blocks: Vec::new(),
            parent_snapshot_id: None,
            checksum_algorithm: Some(ALGORITHM.to_owned()),
            write_id: Some(write_id),
            operation: Some(operation),
            writer: Some(WRITER.to_owned()),
            last_gc: None,
            idempotency_key: None,
        }
    }

    /// A block of this manifest as it stands in any other one: it names the algorithm of its checksum
    /// itself, if that is not the one of lode's blocks.
    pub(crate) fn carried(&self, block: &BlockRef) -> BlockRef {
        let algorithm = block.checksum_in(self).map(|(name, _)| name);
        let checksum_algorithm = algorithm.filter(|name| *name != ALGORITHM).map(str::to_owned);
        BlockRef {
            path: block.path.clone(),
            checksum: block.checksum.clone(),
            checksum_algorithm,
            ..*block
        }
    }

    /// The manifest as it is to be written: blocks sorted, the algorithms of checksums only where
    /// they are needed, the format version that fits, and all rules checked. To be called again
    /// after any change.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`], as reading it back would.
    pub(crate) fn finish(mut self, parent: Option<&Self>) -> Result<Self> {
        self.blocks.sort_unstable_by_key(|block| block.offset);
        self.created_at = time::canonical(self.created_at);
        self.settle_algorithms();
        let is_split = self.blocks.iter().any(|block| !block.is_whole());
        let parent = parent.map(|parent| parent.format_version);
        self.format_version = FormatVersion::to_write(is_split, false, parent);
        let expect = ExpectVolume { volume: &self.volume_id, id: self.snapshot_id };
        match validate(&self, &expect) {
            Ok(()) => Ok(self),
            Err(bad) => Err(Error::ManifestInvalid {
                path: place(&self.volume_id, self.snapshot_id),
                field: bad.field,
                reason: bad.reason,
            }),
        }
    }

    /// Names the algorithm of lode's blocks in the manifest, and any other one at its blocks.
    fn settle_algorithms(&mut self) {
        let default = self.checksum_algorithm.replace(ALGORITHM.to_owned());
        let default = default.filter(|name| name != ALGORITHM);
        for block in &mut self.blocks {
            if block.checksum.is_none() {
                block.checksum_algorithm = None;
            } else if let Some(default) = &default {
                block.checksum_algorithm.get_or_insert_with(|| default.clone());
            }
            block.checksum_algorithm.take_if(|name| name == ALGORITHM);
        }
    }
}

pub(super) fn place(volume: &VolumeId, id: VolumeSnapshotId) -> String {
    format!("volumes/{volume}/snapshots/{}/manifest.json", id.padded())
}
