//! Manifests of volumes as JSON: their fields in the order of the format's description.

use chrono::{DateTime, Utc};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{BlockRef, VolumeManifest, VolumeTombstone};
use crate::error::Result;
use crate::id::{VolumeId, VolumeSnapshotId, WriteId};
use crate::manifest::list::EXPIRED;
use crate::manifest::write::to_json;
use crate::manifest::{FormatVersion, GcRef, Operation, time};
use crate::metadata::Metadata;

pub(super) const SCHEMA_NAME: &str = "lode-volume-manifest";

impl VolumeManifest {
    /// As pretty-printed JSON, in the document's order of fields.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`](crate::Error::ManifestInvalid) for metadata that cannot be
    /// written; there is none such that lode makes.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        to_json(
            self.snapshot_id.number(),
            size(&self.blocks),
            &LiveJson {
                schema_name: SCHEMA_NAME,
                format_version: self.format_version,
                volume_id: &self.volume_id,
                snapshot_id: self.snapshot_id,
                created_at: self.created_at,
                metadata: &self.metadata,
                total_length: self.total_length,
                blocks: &self.blocks,
                parent_snapshot_id: self.parent_snapshot_id,
                checksum_algorithm: self.checksum_algorithm.as_deref(),
                write_id: self.write_id,
                operation: self.operation.as_ref(),
                writer: self.writer.as_deref(),
                last_gc: self.last_gc,
                idempotency_key: self.idempotency_key.as_deref(),
            },
        )
    }
}

impl VolumeTombstone {
    /// As pretty-printed JSON.
    ///
    /// # Errors
    /// As [`VolumeManifest::to_json`].
    pub fn to_json(&self) -> Result<Vec<u8>> {
        to_json(
            self.snapshot_id.number(),
            size(&self.expired_blocks),
            &TombstoneJson {
                schema_name: SCHEMA_NAME,
                format_version: self.format_version,
                volume_id: &self.volume_id,
                snapshot_id: self.snapshot_id,
                created_at: self.created_at,
                blocks: EXPIRED,
                parent_snapshot_id: self.parent_snapshot_id,
                write_id: self.write_id,
                operation: self.operation.as_ref(),
                writer: self.writer.as_deref(),
                last_gc: self.last_gc,
                idempotency_key: self.idempotency_key.as_deref(),
                expired_at: self.expired_at,
                expired_blocks: &self.expired_blocks,
            },
        )
    }
}

/// About what some blocks take in a manifest: most are alike, so that the first tells.
fn size(blocks: &[BlockRef]) -> usize {
    /// What a block takes beside its object's key, with its checksum and numbers of eleven digits.
    const BESIDE_PATH: usize = 150;
    let one = blocks.first().map_or(0, |block| block.path.len() + BESIDE_PATH);
    blocks.len().saturating_mul(one)
}

/// A part of an object names it by another field, at which readers of version 1 stop.
impl Serialize for BlockRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut block = serializer.serialize_struct("BlockRef", 7)?;
        block.serialize_field("offset", &self.offset)?;
        block.serialize_field("length", &self.length)?;
        if self.is_whole() {
            block.serialize_field("path", &self.path)?;
        } else {
            block.serialize_field("object", &self.path)?;
            block.serialize_field("path_offset", &self.path_offset)?;
            block.serialize_field("object_length", &self.object_length)?;
        }
        if let Some(checksum) = &self.checksum {
            block.serialize_field("checksum", checksum)?;
        }
        if let Some(algorithm) = &self.checksum_algorithm {
            block.serialize_field("checksum_algorithm", algorithm)?;
        }
        block.end()
    }
}

#[derive(Serialize)]
struct LiveJson<'a> {
    schema_name: &'static str,
    format_version: FormatVersion,
    volume_id: &'a VolumeId,
    snapshot_id: VolumeSnapshotId,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    metadata: &'a Metadata,
    total_length: u64,
    blocks: &'a [BlockRef],
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_snapshot_id: Option<VolumeSnapshotId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_algorithm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    write_id: Option<WriteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_gc: Option<GcRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
}

#[derive(Serialize)]
struct TombstoneJson<'a> {
    schema_name: &'static str,
    format_version: FormatVersion,
    volume_id: &'a VolumeId,
    snapshot_id: VolumeSnapshotId,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    blocks: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_snapshot_id: Option<VolumeSnapshotId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    write_id: Option<WriteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_gc: Option<GcRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    #[serde(serialize_with = "time::serialize")]
    expired_at: DateTime<Utc>,
    expired_blocks: &'a [BlockRef],
}
