//! Manifests as JSON: their fields in the order of the format's description.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::list::EXPIRED;
use super::{
    Attachment, FileRef, FormatVersion, GcRef, Manifest, Operation, Partitioner, Tombstone,
};
use super::{time, validate};
use crate::error::{Error, Result};
use crate::id::{DatasetId, SnapshotId, WriteId};
use crate::metadata::Metadata;
use crate::record::RecordSchema;

pub(super) const SCHEMA_NAME: &str = "lode-manifest";

impl Manifest {
    /// As pretty-printed JSON, in the document's order of fields.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`] for a schema that cannot be written; there is none such that
    /// lode makes.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        to_json(
            self.snapshot_id,
            self.files.len() * BYTES_PER_FILE,
            &LiveJson {
                schema_name: SCHEMA_NAME,
                format_version: self.format_version,
                dataset_id: &self.dataset_id,
                snapshot_id: self.snapshot_id,
                created_at: self.created_at,
                metadata: &self.metadata,
                files: &self.files,
                parent_snapshot_id: self.parent_snapshot_id,
                row_count: self.row_count,
                min_timestamp: self.min_timestamp,
                max_timestamp: self.max_timestamp,
                codec: self.codec.as_deref(),
                compressor: &self.compressor,
                partitioner: &self.partitioner,
                checksum_algorithm: self.checksum_algorithm.as_deref(),
                write_id: self.write_id,
                operation: self.operation.as_ref(),
                writer: self.writer.as_deref(),
                last_gc: self.last_gc,
                idempotency_key: self.idempotency_key.as_deref(),
                schemas: validate::has_schemas(self).then_some(&self.schemas),
                attachments: &self.attachments,
            },
        )
    }
}

impl Tombstone {
    /// As pretty-printed JSON.
    ///
    /// # Errors
    /// As [`Manifest::to_json`].
    pub fn to_json(&self) -> Result<Vec<u8>> {
        to_json(
            self.snapshot_id,
            self.expired_files.len() * BYTES_PER_FILE,
            &TombstoneJson {
                schema_name: SCHEMA_NAME,
                format_version: self.format_version,
                dataset_id: &self.dataset_id,
                snapshot_id: self.snapshot_id,
                created_at: self.created_at,
                files: EXPIRED,
                parent_snapshot_id: self.parent_snapshot_id,
                write_id: self.write_id,
                operation: self.operation.as_ref(),
                writer: self.writer.as_deref(),
                last_gc: self.last_gc,
                idempotency_key: self.idempotency_key.as_deref(),
                expired_at: self.expired_at,
                expired_files: &self.expired_files,
            },
        )
    }
}

/// About what a file takes in a manifest: see `docs/DESIGN.md`.
const BYTES_PER_FILE: usize = 320;

/// `content` is about how many bytes the references to objects will take.
pub(super) fn to_json(
    id: SnapshotId,
    content: usize,
    document: &impl Serialize,
) -> Result<Vec<u8>> {
    let mut json = Vec::with_capacity(content.saturating_add(1024));
    match serde_json::to_writer_pretty(&mut json, document) {
        Ok(()) => Ok(json),
        Err(error) => Err(Error::ManifestInvalid {
            path: format!("{}/manifest.json", id.padded()),
            field: "$".to_owned(),
            reason: format!("cannot be written: {error}"),
        }),
    }
}

#[derive(Serialize)]
struct LiveJson<'a> {
    schema_name: &'static str,
    format_version: FormatVersion,
    dataset_id: &'a DatasetId,
    snapshot_id: SnapshotId,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    metadata: &'a Metadata,
    files: &'a [FileRef],
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_snapshot_id: Option<SnapshotId>,
    row_count: u64,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::serialize_some")]
    min_timestamp: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::serialize_some")]
    max_timestamp: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec: Option<&'a str>,
    compressor: &'a str,
    partitioner: &'a Partitioner,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    schemas: Option<&'a Vec<RecordSchema>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attachments: &'a [Attachment],
}

#[derive(Serialize)]
struct TombstoneJson<'a> {
    schema_name: &'static str,
    format_version: FormatVersion,
    dataset_id: &'a DatasetId,
    snapshot_id: SnapshotId,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    files: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_snapshot_id: Option<SnapshotId>,
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
    expired_files: &'a [FileRef],
}
