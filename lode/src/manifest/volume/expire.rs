//! What is left of an expired snapshot of a volume.

use chrono::{DateTime, Utc};

use super::build::place;
use super::validate::validate_tombstone;
use super::{ExpectVolume, VolumeManifest, VolumeTombstone};
use crate::error::{Error, Result};
use crate::manifest::{FormatVersion, time};

impl VolumeManifest {
    /// What is to stand in this manifest's place once it has expired.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`], as reading it back would.
    pub(crate) fn expire(&self, at: DateTime<Utc>) -> Result<VolumeTombstone> {
        let tombstone = VolumeTombstone {
            format_version: FormatVersion::to_write(true, false, Some(self.format_version)),
            volume_id: self.volume_id.clone(),
            snapshot_id: self.snapshot_id,
            created_at: self.created_at,
            expired_at: time::canonical(at),
            parent_snapshot_id: self.parent_snapshot_id,
            write_id: self.write_id,
            operation: self.operation.clone(),
            writer: self.writer.clone(),
            last_gc: self.last_gc,
            idempotency_key: self.idempotency_key.clone(),
            expired_blocks: self.blocks.iter().map(|block| self.carried(block)).collect(),
        };
        let expect = ExpectVolume { volume: &self.volume_id, id: self.snapshot_id };
        match validate_tombstone(&tombstone, &expect) {
            Ok(()) => Ok(tombstone),
            Err(bad) => Err(Error::ManifestInvalid {
                path: place(&self.volume_id, self.snapshot_id),
                field: bad.field,
                reason: bad.reason,
            }),
        }
    }
}
