//! Manifests of volumes.

mod again;
mod build;
mod expire;
mod raw;
mod validate;
mod write;

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use super::{FormatVersion, GcRef, Operation};
use crate::error::{Error, Result};
use crate::id::{Owner, VolumeId, VolumeSnapshotId, WriteId};
use crate::metadata::Metadata;

/// The manifest of one snapshot of a volume.
///
/// The fields are those of the JSON document, in its order; those that are absent there are `None`
/// or empty here. Where a manifest was written by Go Lode, what only lode adds is absent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VolumeManifest {
    /// The version of the format it was written in.
    pub format_version: FormatVersion,
    /// The volume it belongs to.
    pub volume_id: VolumeId,
    /// The snapshot it describes.
    pub snapshot_id: VolumeSnapshotId,
    /// When it was made. Increases from parent to child.
    pub created_at: DateTime<Utc>,
    /// What the writer said of the snapshot.
    pub metadata: Metadata,
    /// The length of the volume, in bytes.
    pub total_length: u64,
    /// Everything that is there, sorted by offset, without overlaps.
    pub blocks: Vec<BlockRef>,
    /// The snapshot before this one; `None` for the first.
    pub parent_snapshot_id: Option<VolumeSnapshotId>,
    /// The name of the algorithm of the checksums of the blocks that name no other one.
    pub checksum_algorithm: Option<String>,
    /// The attempt that wrote it, unique for ever; `None` for Go Lode's.
    pub write_id: Option<WriteId>,
    /// The call that wrote it; `None` for Go Lode's.
    pub operation: Option<Operation>,
    /// The program that wrote it, such as `lode-rs/0.1.0`; `None` for Go Lode's.
    pub writer: Option<String>,
    /// The last clean-up before it; `None` if there was none.
    pub last_gc: Option<GcRef>,
    /// The key by which its writer finds it again.
    pub idempotency_key: Option<String>,
}

/// What is left of an expired snapshot of a volume.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VolumeTombstone {
    /// The version of the format it was written in.
    pub format_version: FormatVersion,
    /// The volume it belongs to.
    pub volume_id: VolumeId,
    /// The snapshot that expired.
    pub snapshot_id: VolumeSnapshotId,
    /// When the snapshot was made.
    pub created_at: DateTime<Utc>,
    /// When it expired.
    pub expired_at: DateTime<Utc>,
    /// The snapshot before it; `None` for the first.
    pub parent_snapshot_id: Option<VolumeSnapshotId>,
    /// The attempt that wrote the snapshot; `None` for Go Lode's.
    pub write_id: Option<WriteId>,
    /// The call that wrote the snapshot; `None` for Go Lode's.
    pub operation: Option<Operation>,
    /// The program that wrote the snapshot; `None` for Go Lode's.
    pub writer: Option<String>,
    /// The last clean-up before the snapshot.
    pub last_gc: Option<GcRef>,
    /// The key by which the snapshot's writer finds it again.
    pub idempotency_key: Option<String>,
    /// The blocks the snapshot had, sorted by offset, without overlaps.
    pub expired_blocks: Vec<BlockRef>,
}

/// A run of bytes of a volume, and the object (or the part of one) that holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockRef {
    /// Its first byte in the volume.
    pub offset: u64,
    /// How many bytes it has; more than none.
    pub length: u64,
    /// The object's key, relative to the store's root.
    pub path: String,
    /// How many bytes of the object come before it: 0, unless an overwrite left only a part of the
    /// object visible.
    pub path_offset: u64,
    /// The size of the whole object, in bytes.
    pub object_length: u64,
    /// The checksum of the whole object, in lower-case hex; `None` if there is none (Go Lode's).
    pub checksum: Option<String>,
    /// The name of the algorithm of its checksum, where that is not the manifest's.
    pub checksum_algorithm: Option<String>,
}

/// What lies under the name of a volume's manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeDocument {
    /// The manifest of a snapshot that can be read.
    Live(VolumeManifest),
    /// What is left of one that has expired.
    Tombstone(VolumeTombstone),
}

/// What a volume's manifest has to agree with: the place it was read from.
#[derive(Debug, Clone, Copy)]
pub struct ExpectVolume<'a> {
    /// The volume that was asked for.
    pub volume: &'a VolumeId,
    /// The snapshot that was asked for.
    pub id: VolumeSnapshotId,
}

impl BlockRef {
    /// The bytes of the volume that it holds.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<u64> {
        self.offset..self.offset.saturating_add(self.length)
    }

    /// Whether it is the whole object.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.path_offset == 0 && self.object_length == self.length
    }

    /// The name of the checksum's algorithm, and the checksum; `None` if the block has none.
    /// `manifest` is the one it stands in.
    #[must_use]
    pub fn checksum_in<'a>(&'a self, manifest: &'a VolumeManifest) -> Option<(&'a str, &'a str)> {
        let algorithm = self.checksum_algorithm.as_deref();
        let algorithm = algorithm.or(manifest.checksum_algorithm.as_deref())?;
        Some((algorithm, self.checksum.as_deref()?))
    }
}

impl VolumeDocument {
    /// Reads and validates the manifest or tombstone in `bytes`, which were found at `path`.
    ///
    /// # Errors
    /// [`Error::UnsupportedVersion`] if it is of a newer major version, else
    /// [`Error::ManifestInvalid`] with the field that is wrong, or `$` for the whole document.
    pub fn parse(path: &str, expect: &ExpectVolume<'_>, bytes: &[u8]) -> Result<Self> {
        raw::parse(path, expect, bytes)
    }

    /// The snapshot.
    #[must_use]
    pub fn snapshot_id(&self) -> VolumeSnapshotId {
        match self {
            Self::Live(manifest) => manifest.snapshot_id,
            Self::Tombstone(tombstone) => tombstone.snapshot_id,
        }
    }

    /// The manifest of a snapshot that can be read.
    ///
    /// # Errors
    /// [`Error::Expired`] for a tombstone.
    pub fn into_live(self) -> Result<VolumeManifest> {
        match self {
            Self::Live(manifest) => Ok(manifest),
            Self::Tombstone(VolumeTombstone { volume_id, snapshot_id, .. }) => {
                Err(Error::Expired { owner: Owner::Volume(volume_id), id: snapshot_id.number() })
            }
        }
    }
}

impl VolumeManifest {
    /// Reads and validates the manifest in `bytes`, which were found at `path`.
    ///
    /// # Errors
    /// Those of [`VolumeDocument::parse`], and [`Error::Expired`] for a tombstone.
    pub fn parse(path: &str, expect: &ExpectVolume<'_>, bytes: &[u8]) -> Result<Self> {
        VolumeDocument::parse(path, expect, bytes)?.into_live()
    }

    /// Whether Go Lode wrote it.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.format_version.is_go()
    }

    /// Whether a later version of lode wrote it, of a minor version that this one may read but not
    /// build upon.
    #[must_use]
    pub fn is_newer_minor(&self) -> bool {
        self.format_version.is_newer_minor()
    }
}
