//! What is left of an expired snapshot of a dataset.

use chrono::{DateTime, Utc};

use super::build::place;
use super::validate::validate_tombstone;
use super::{Expect, FileRef, FormatVersion, Manifest, Tombstone, time};
use crate::error::{Error, Result};
use crate::layout::Paths;

impl Manifest {
    /// What is to stand in this manifest's place once it has expired.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`], as reading it back would.
    pub(crate) fn expire(&self, paths: Paths, at: DateTime<Utc>) -> Result<Tombstone> {
        let attachments = self.attachments.iter().map(|attachment| FileRef {
            checksum: attachment.checksum.clone(),
            ..FileRef::new(attachment.path.as_str(), attachment.size_bytes)
        });
        let mut expired_files: Vec<_> = self.files.iter().cloned().chain(attachments).collect();
        expired_files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let tombstone = Tombstone {
            format_version: FormatVersion::to_write(
                true,
                !self.attachments.is_empty(),
                Some(self.format_version),
            ),
            dataset_id: self.dataset_id.clone(),
            snapshot_id: self.snapshot_id,
            created_at: self.created_at,
            expired_at: time::canonical(at),
            parent_snapshot_id: self.parent_snapshot_id,
            write_id: self.write_id,
            operation: self.operation.clone(),
            writer: self.writer.clone(),
            last_gc: self.last_gc,
            idempotency_key: self.idempotency_key.clone(),
            expired_files,
        };
        let (path, prefix) = place(paths, &self.dataset_id, self.snapshot_id);
        let expect = Expect { dataset: &self.dataset_id, id: self.snapshot_id, prefix: &prefix };
        match validate_tombstone(&tombstone, &expect) {
            Ok(()) => Ok(tombstone),
            Err(bad) => Err(Error::ManifestInvalid { path, field: bad.field, reason: bad.reason }),
        }
    }
}
