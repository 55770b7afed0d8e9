//! Manifests of datasets as found: read into shapes in which everything may be missing, so that whatever is
//! wrong can be told by the name of its field.

use serde_json::Value;

use super::field::{Field, object};
use super::head::{self, RawHead, Refused};
use super::list::{Content, Item, Items, check_all};
use super::rules::Bad;
use super::validate::{validate, validate_tombstone};
use super::write::SCHEMA_NAME;
use super::{
    Attachment, ColumnStats, Document, Expect, FileRef, FileStats, FormatVersion, Manifest,
    Partitioner, Tombstone,
};
use crate::error::Result;
use crate::metadata::Metadata;
use crate::partition::Partition;
use crate::record::RecordSchema;

pub(super) fn parse(path: &str, expect: &Expect<'_>, bytes: &[u8]) -> Result<Document> {
    head::parse(path, SCHEMA_NAME, bytes, |raw: RawManifest| raw.check(expect))
}

object!(RawManifest {
    schema_name: String,
    format_version: String,
    dataset_id: String,
    snapshot_id: String,
    created_at: String,
    metadata: Metadata,
    files: Content<RawFile>,
    parent_snapshot_id: String,
    row_count: u64,
    min_timestamp: String,
    max_timestamp: String,
    codec: String,
    compressor: String,
    partitioner: String,
    checksum_algorithm: String,
    write_id: String,
    operation: String,
    writer: String,
    last_gc: String,
    idempotency_key: String,
    schemas: Vec<RecordSchema>,
    attachments: Items<RawAttachment>,
    expired_at: String,
    expired_files: Items<RawFile>,
});

impl RawManifest {
    fn check(self, expect: &Expect<'_>) -> Result<Document, Refused> {
        let head = RawHead {
            schema_name: self.schema_name,
            format_version: self.format_version,
            owner: ("dataset_id", self.dataset_id),
            snapshot_id: self.snapshot_id,
            created_at: self.created_at,
            parent_snapshot_id: self.parent_snapshot_id,
            write_id: self.write_id,
            operation: self.operation,
            writer: self.writer,
            last_gc: self.last_gc,
            idempotency_key: self.idempotency_key,
        };
        let head = head.check(SCHEMA_NAME, expect.dataset.as_str())?;
        let version = head.version;
        let files = match self.files {
            Field::Is(Content::Items(files)) => files,
            Field::Is(Content::Expired) => {
                let expired_files = self.expired_files.required("expired_files")?;
                let expired_at = self.expired_at.required("expired_at")?;
                let tombstone = Tombstone {
                    format_version: version,
                    dataset_id: expect.dataset.clone(),
                    snapshot_id: head.snapshot_id,
                    created_at: head.created_at,
                    expired_at: head::time("expired_at", &expired_at, version)?,
                    parent_snapshot_id: head.parent_snapshot_id,
                    write_id: head.write_id,
                    operation: head.operation,
                    writer: head.writer,
                    last_gc: head.last_gc,
                    idempotency_key: head.idempotency_key,
                    expired_files: check_all("expired_files", expired_files, version)?,
                };
                validate_tombstone(&tombstone, expect)?;
                return Ok(Document::Tombstone(tombstone));
            }
            Field::Null if version.is_go() => Items::default(),
            other => other.required("files").map(|_| Items::default())?,
        };
        head::not_expired("files", "expired_at", &self.expired_at)?;
        head::not_expired("files", "expired_files", &self.expired_files)?;

        let optional_time = |name: &str, field: Field<String>| {
            let text = field.optional(name, version)?;
            text.map(|text| head::time(name, &text, version)).transpose()
        };
        let codec = self.codec.optional("codec", version)?;
        let schemas = self.schemas.optional("schemas", version)?;
        if schemas.is_none() && codec.is_some() && !version.is_go() {
            return Err(Bad::new("schemas", "is missing").into());
        }
        if schemas.is_some() && codec.is_none() {
            return Err(Bad::new("schemas", "is there, but a blob has none").into());
        }
        let attachments = self.attachments.optional("attachments", version)?.unwrap_or_default();
        let manifest = Manifest {
            format_version: version,
            dataset_id: expect.dataset.clone(),
            snapshot_id: head.snapshot_id,
            created_at: head.created_at,
            metadata: self.metadata.required("metadata")?,
            files: check_all("files", files, version)?,
            parent_snapshot_id: head.parent_snapshot_id,
            row_count: self.row_count.required("row_count")?,
            min_timestamp: optional_time("min_timestamp", self.min_timestamp)?,
            max_timestamp: optional_time("max_timestamp", self.max_timestamp)?,
            codec,
            compressor: self.compressor.required("compressor")?,
            partitioner: Partitioner::of(self.partitioner.required("partitioner")?),
            checksum_algorithm: self.checksum_algorithm.optional("checksum_algorithm", version)?,
            write_id: head.write_id,
            operation: head.operation,
            writer: head.writer,
            last_gc: head.last_gc,
            idempotency_key: head.idempotency_key,
            schemas: schemas.unwrap_or_default(),
            attachments: check_all("attachments", attachments, version)?,
        };
        validate(&manifest, expect)?;
        Ok(Document::Live(manifest))
    }
}

object!(RawFile {
    path: String,
    size_bytes: u64,
    checksum: String,
    stats: RawStats,
    row_count: u64,
    schema: usize,
    partition: Partition,
    codec: String,
    compressor: String,
    checksum_algorithm: String,
});

impl Item for RawFile {
    type Checked = FileRef;

    fn is_named(&self) -> bool {
        !self.path.is_absent()
    }

    fn check(self, version: FormatVersion) -> Result<FileRef, Bad> {
        let stats = self.stats.optional("stats", version)?;
        Ok(FileRef {
            path: self.path.required("path")?,
            size_bytes: self.size_bytes.required("size_bytes")?,
            checksum: self.checksum.optional("checksum", version)?,
            stats: stats
                .map(|stats| stats.check(version).map_err(|bad| bad.within("stats")))
                .transpose()?,
            row_count: self.row_count.optional("row_count", version)?,
            schema: self.schema.optional("schema", version)?,
            partition: self.partition.optional("partition", version)?,
            codec: self.codec.optional("codec", version)?,
            compressor: self.compressor.optional("compressor", version)?,
            checksum_algorithm: self.checksum_algorithm.optional("checksum_algorithm", version)?,
        })
    }
}

object!(RawStats {
    row_count: u64,
    columns: Items<RawColumn>,
});

impl RawStats {
    fn check(self, version: FormatVersion) -> Result<FileStats, Bad> {
        let columns = match version.is_go() {
            true => self.columns.optional("columns", version)?.unwrap_or_default(),
            false => self.columns.required("columns")?,
        };
        Ok(FileStats {
            row_count: self.row_count.required("row_count")?,
            columns: check_all("columns", columns, version)?,
        })
    }
}

object!(RawColumn {
    name: String,
    min: Value,
    max: Value,
    null_count: u64,
    nan_count: u64,
    distinct_count: u64,
    min_exact: bool,
    max_exact: bool,
});

impl Item for RawColumn {
    type Checked = ColumnStats;

    fn is_named(&self) -> bool {
        !self.name.is_absent()
    }

    fn check(self, version: FormatVersion) -> Result<ColumnStats, Bad> {
        let bound = |name: &str, field: Field<Value>| match field.optional(name, version)? {
            Some(Value::Array(_) | Value::Object(_)) => {
                Err(Bad::new(name, "is not a number, text or boolean"))
            }
            other => Ok(other),
        };
        Ok(ColumnStats {
            name: self.name.required("name")?,
            min: bound("min", self.min)?,
            max: bound("max", self.max)?,
            null_count: self.null_count.optional("null_count", version)?,
            nan_count: self.nan_count.optional("nan_count", version)?,
            distinct_count: self.distinct_count.optional("distinct_count", version)?,
            min_exact: self.min_exact.optional("min_exact", version)?,
            max_exact: self.max_exact.optional("max_exact", version)?,
        })
    }
}

object!(RawAttachment { name: String, path: String, size_bytes: u64, checksum: String });

impl Item for RawAttachment {
    type Checked = Attachment;

    fn is_named(&self) -> bool {
        !self.path.is_absent()
    }

    fn check(self, version: FormatVersion) -> Result<Attachment, Bad> {
        Ok(Attachment {
            name: self.name.required("name")?,
            path: self.path.required("path")?,
            size_bytes: self.size_bytes.required("size_bytes")?,
            checksum: self.checksum.optional("checksum", version)?,
        })
    }
}
