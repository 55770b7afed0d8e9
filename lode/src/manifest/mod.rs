//! Manifests: what a snapshot consists of, as it stands in storage.
//!
//! ```text
//! Document ─┬─ Live(Manifest) ── files: FileRef ── stats: FileStats ── columns: ColumnStats
//!           └─ Tombstone                (an expired snapshot)
//!
//! VolumeDocument ─┬─ Live(VolumeManifest) ── blocks: BlockRef
//!                 └─ Tombstone(VolumeTombstone)
//! ```
//!
//! Everything here is validated whole when it is read: a [`Manifest`] that was parsed has sorted
//! paths inside its own dataset, counts that add up, and references that resolve; a
//! [`VolumeManifest`] has sorted blocks that neither overlap nor leave the volume. It is also
//! validated before it is written, by the same rules.

mod again;
mod build;
mod expire;
mod field;
mod file;
mod gc;
mod head;
mod list;
mod names;
mod raw;
mod rules;
mod time;
mod tombstone;
mod validate;
mod version;
mod volume;
mod write;

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub(crate) use again::Successor;
pub use file::{Attachment, ColumnStats, FileRef, FileStats};
pub(crate) use gc::GcList;
pub use gc::GcRef;
pub use names::{Operation, Partitioner};
pub(crate) use rules::bad_name;
pub(crate) use time::{MAX_TIMESTAMP, MIN_TIMESTAMP, canonical, is_writable, time_json};
pub use tombstone::Tombstone;
pub use version::FormatVersion;
pub use volume::{BlockRef, ExpectVolume, VolumeDocument, VolumeManifest, VolumeTombstone};

use crate::error::{Error, Result};
use crate::id::{DatasetId, Owner, SnapshotId, WriteId};
use crate::metadata::Metadata;
use crate::record::RecordSchema;

/// The codec that a manifest names when its files have several: each file then names its own.
pub(crate) const MIXED: &str = "mixed";

/// What this program calls itself in manifests.
const WRITER: &str = concat!("lode-rs/", env!("CARGO_PKG_VERSION"));

/// The manifest of one snapshot of a dataset.
///
/// The fields are those of the JSON document, in its order; those that are absent there are `None`
/// or empty here. Where a manifest was written by Go Lode, what only lode adds is absent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// The version of the format it was written in.
    pub format_version: FormatVersion,
    /// The dataset it belongs to.
    pub dataset_id: DatasetId,
    /// The snapshot it describes.
    pub snapshot_id: SnapshotId,
    /// When it was made. Increases from parent to child.
    pub created_at: DateTime<Utc>,
    /// What the writer said of the snapshot.
    pub metadata: Metadata,
    /// The data files, sorted by path.
    pub files: Vec<FileRef>,
    /// The snapshot before this one; `None` for the first.
    pub parent_snapshot_id: Option<SnapshotId>,
    /// The number of records; 1 for a blob.
    pub row_count: u64,
    /// The earliest timestamp of the records, if they have one.
    pub min_timestamp: Option<DateTime<Utc>>,
    /// The latest timestamp of the records, if they have one.
    pub max_timestamp: Option<DateTime<Utc>>,
    /// The name of the codec of the files that name no other one, or `mixed` if all files name
    /// theirs; `None` for a blob.
    pub codec: Option<String>,
    /// The name of the compressor of the files that name no other one.
    pub compressor: String,
    /// How the records are divided over files.
    pub partitioner: Partitioner,
    /// The name of the algorithm of the checksums of the files that name no other one; `None` if
    /// checksums are off.
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
    /// The schemas of the records, by which [`FileRef::schema`] counts; empty for a blob.
    pub schemas: Vec<RecordSchema>,
    /// Objects that belong to the snapshot without being its data.
    pub attachments: Vec<Attachment>,
}

/// What lies under a manifest's name.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    /// The manifest of a snapshot that can be read.
    Live(Manifest),
    /// What is left of one that has expired.
    Tombstone(Tombstone),
}

/// What a manifest has to agree with: the place it was read from.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The dataset that was asked for.
    pub dataset: &'a DatasetId,
    /// The snapshot that was asked for.
    pub id: SnapshotId,
    /// The folder of everything that belongs to the dataset, relative to the store's root, such as
    /// `datasets/flights/`: all paths in the manifest lie in it. It ends in `/`.
    pub prefix: &'a str,
}

impl Document {
    /// Reads and validates the manifest or tombstone in `bytes`, which were found at `path`.
    ///
    /// # Errors
    /// [`Error::UnsupportedVersion`] if it is of a newer major version, else
    /// [`Error::ManifestInvalid`] with the field that is wrong, or `$` for the whole document.
    pub fn parse(path: &str, expect: &Expect<'_>, bytes: &[u8]) -> Result<Self> {
        raw::parse(path, expect, bytes)
    }

    /// The snapshot.
    #[must_use]
    pub fn snapshot_id(&self) -> SnapshotId {
        match self {
            Self::Live(manifest) => manifest.snapshot_id,
            Self::Tombstone(tombstone) => tombstone.snapshot_id,
        }
    }

    /// The snapshot before it; `None` for the first.
    #[must_use]
    pub fn parent_snapshot_id(&self) -> Option<SnapshotId> {
        match self {
            Self::Live(manifest) => manifest.parent_snapshot_id,
            Self::Tombstone(tombstone) => tombstone.parent_snapshot_id,
        }
    }

    /// The attempt that wrote the snapshot; `None` for Go Lode's.
    #[must_use]
    pub fn write_id(&self) -> Option<WriteId> {
        match self {
            Self::Live(manifest) => manifest.write_id,
            Self::Tombstone(tombstone) => tombstone.write_id,
        }
    }

    /// When the snapshot was made.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        match self {
            Self::Live(manifest) => manifest.created_at,
            Self::Tombstone(tombstone) => tombstone.created_at,
        }
    }

    /// The call that wrote the snapshot; `None` for Go Lode's.
    #[must_use]
    pub fn operation(&self) -> Option<&Operation> {
        match self {
            Self::Live(manifest) => manifest.operation.as_ref(),
            Self::Tombstone(tombstone) => tombstone.operation.as_ref(),
        }
    }

    /// The last clean-up before the snapshot.
    #[must_use]
    pub fn last_gc(&self) -> Option<GcRef> {
        match self {
            Self::Live(manifest) => manifest.last_gc,
            Self::Tombstone(tombstone) => tombstone.last_gc,
        }
    }

    /// The key by which the snapshot's writer finds it again.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        match self {
            Self::Live(manifest) => manifest.idempotency_key.as_deref(),
            Self::Tombstone(tombstone) => tombstone.idempotency_key.as_deref(),
        }
    }

    /// The version of the format it was written in.
    #[must_use]
    pub fn format_version(&self) -> FormatVersion {
        match self {
            Self::Live(manifest) => manifest.format_version,
            Self::Tombstone(tombstone) => tombstone.format_version,
        }
    }

    /// The manifest of a snapshot that can be read.
    ///
    /// # Errors
    /// [`Error::Expired`] for a tombstone.
    pub fn into_live(self) -> Result<Manifest> {
        match self {
            Self::Live(manifest) => Ok(manifest),
            Self::Tombstone(Tombstone { dataset_id, snapshot_id: id, .. }) => {
                Err(Error::Expired { owner: Owner::Dataset(dataset_id), id })
            }
        }
    }
}

impl Manifest {
    /// Reads and validates the manifest in `bytes`, which were found at `path`.
    ///
    /// # Errors
    /// Those of [`Document::parse`], and [`Error::Expired`] for a tombstone.
    pub fn parse(path: &str, expect: &Expect<'_>, bytes: &[u8]) -> Result<Self> {
        Document::parse(path, expect, bytes)?.into_live()
    }

    /// Whether the snapshot is a blob, not records.
    #[must_use]
    pub fn is_blob(&self) -> bool {
        self.codec.is_none()
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

    /// The stored bytes of all data files.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size_bytes))
    }

    /// The partition keys in their order, as the files say them; empty if they are not partitioned.
    #[must_use]
    pub fn partition_keys(&self) -> Vec<String> {
        if self.partitioner == Partitioner::Noop {
            return Vec::new();
        }
        let partition = self.files.iter().find_map(FileRef::partition);
        partition.map_or_else(Vec::new, |found| found.keys().map(str::to_owned).collect())
    }
}
