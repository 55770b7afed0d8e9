//! Manifests as found: read into shapes in which everything may be missing, so that whatever is
//! wrong can be told by the name of its field.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::field::{Field, object};
use super::validate::{Bad, validate, validate_tombstone};
use super::write::{EXPIRED, SCHEMA_NAME};
use super::{
    Attachment, ColumnStats, Document, Expect, FileRef, FileStats, FormatVersion, GcRef, Manifest,
    Operation, Partitioner, Tombstone, field, gc, time,
};
use crate::error::{Error, Result};
use crate::id::{DatasetId, SnapshotId, WriteId};
use crate::metadata::Metadata;
use crate::partition::Partition;
use crate::record::RecordSchema;

pub(super) fn parse(path: &str, expect: &Expect<'_>, bytes: &[u8]) -> Result<Document> {
    let invalid = |bad: Bad| Error::ManifestInvalid {
        path: path.to_owned(),
        field: bad.field,
        reason: bad.reason,
    };
    let unsupported = |version: FormatVersion| Error::UnsupportedVersion {
        path: path.to_owned(),
        found: version.to_string(),
        can: "knows the major versions 1 and 2",
    };

    let raw: RawManifest = match field::read(bytes) {
        Ok(raw) => raw,
        // Another major version can have another shape.
        Err(bad) => match field::read::<Head>(bytes).ok().and_then(Head::unknown) {
            Some(version) => return Err(unsupported(version)),
            None => return Err(invalid(bad)),
        },
    };
    match raw.check(expect) {
        Ok(document) => Ok(document),
        Err(Refused::Version(version)) => Err(unsupported(version)),
        Err(Refused::Invalid(bad)) => Err(invalid(bad)),
    }
}

enum Refused {
    Version(FormatVersion),
    Invalid(Bad),
}

impl From<Bad> for Refused {
    fn from(bad: Bad) -> Self {
        Self::Invalid(bad)
    }
}

// What every version has.
object!(Head { schema_name: String, format_version: String });

impl Head {
    /// The version, if it is one of ours that is not known here.
    fn unknown(self) -> Option<FormatVersion> {
        let (Field::Is(name), Field::Is(version)) = (self.schema_name, self.format_version) else {
            return None;
        };
        let version = FormatVersion::parse(&version)?;
        if name == SCHEMA_NAME && !version.is_known() { Some(version) } else { None }
    }
}

object!(RawManifest {
    schema_name: String,
    format_version: String,
    dataset_id: String,
    snapshot_id: String,
    created_at: String,
    metadata: Metadata,
    files: RawFiles,
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
    attachments: Vec<RawAttachment>,
    expired_at: String,
    expired_files: Vec<RawFile>,
});

impl RawManifest {
    fn check(self, expect: &Expect<'_>) -> Result<Document, Refused> {
        let schema_name = self.schema_name.required("schema_name")?;
        if schema_name != SCHEMA_NAME {
            let reason = format!("is {schema_name:?}, not {SCHEMA_NAME:?}");
            return Err(Bad::new("schema_name", reason).into());
        }
        let version = self.format_version.required("format_version")?;
        let version = FormatVersion::parse(&version).ok_or_else(|| {
            Bad::new("format_version", format!("is {version:?}, not three numbers such as 1.1.0"))
        })?;
        if !version.is_known() {
            return Err(Refused::Version(version));
        }

        let dataset_id = id("dataset_id", self.dataset_id.required("dataset_id")?, expect.dataset)?;
        let snapshot_id = self.snapshot_id.required("snapshot_id")?;
        let snapshot_id = stored_id("snapshot_id", &snapshot_id)?;
        let parse_time = if version.is_go() { time::parse_any } else { time::parse_utc };
        let time = |name: &str, text: String| {
            parse_time(&text).ok_or_else(|| {
                Bad::new(name, format!("is {text:?}, not a time of RFC 3339 in UTC"))
            })
        };
        let created_at = time("created_at", self.created_at.required("created_at")?)?;
        let parent_snapshot_id = self
            .parent_snapshot_id
            .optional("parent_snapshot_id", version)?
            .map(|text| stored_id("parent_snapshot_id", &text))
            .transpose()?;
        let write_id = self
            .write_id
            .optional("write_id", version)?
            .map(|text| {
                let reason = || format!("is {text:?}, not 32 lower-case hex digits");
                WriteId::parse(&text).ok_or_else(|| Bad::new("write_id", reason()))
            })
            .transpose()?;
        let operation = self.operation.optional("operation", version)?.map(Operation::of);
        let writer = self.writer.optional("writer", version)?;
        let last_gc = self
            .last_gc
            .optional("last_gc", version)?
            .map(|text| GcRef::parse(&text).ok_or_else(|| Bad::new("last_gc", gc::SHAPE)))
            .transpose()?;
        let idempotency_key = self.idempotency_key.optional("idempotency_key", version)?;

        let files = match self.files {
            Field::Is(RawFiles::List(files)) => files,
            Field::Is(RawFiles::Expired) => {
                let expired_files = self.expired_files.required("expired_files")?;
                let tombstone = Tombstone {
                    format_version: version,
                    dataset_id,
                    snapshot_id,
                    created_at,
                    expired_at: time("expired_at", self.expired_at.required("expired_at")?)?,
                    parent_snapshot_id,
                    write_id,
                    operation,
                    writer,
                    last_gc,
                    idempotency_key,
                    expired_files: check_all("expired_files", expired_files, version)?,
                };
                validate_tombstone(&tombstone, expect)?;
                return Ok(Document::Tombstone(tombstone));
            }
            Field::Null if version.is_go() => Vec::new(),
            other => other.required("files").map(|_| Vec::new())?,
        };
        for (name, is_there) in [
            ("expired_at", !self.expired_at.is_absent()),
            ("expired_files", !self.expired_files.is_absent()),
        ] {
            if is_there {
                return Err(Bad::new(name, "is there, but `files` is not \"expired\"").into());
            }
        }

        let optional_time = |name: &str, field: Field<String>| {
            field.optional(name, version)?.map(|text| time(name, text)).transpose()
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
            dataset_id,
            snapshot_id,
            created_at,
            metadata: self.metadata.required("metadata")?,
            files: check_all("files", files, version)?,
            parent_snapshot_id,
            row_count: self.row_count.required("row_count")?,
            min_timestamp: optional_time("min_timestamp", self.min_timestamp)?,
            max_timestamp: optional_time("max_timestamp", self.max_timestamp)?,
            codec,
            compressor: self.compressor.required("compressor")?,
            partitioner: Partitioner::of(self.partitioner.required("partitioner")?),
            checksum_algorithm: self.checksum_algorithm.optional("checksum_algorithm", version)?,
            write_id,
            operation,
            writer,
            last_gc,
            idempotency_key,
            schemas: schemas.unwrap_or_default(),
            attachments: check_all("attachments", attachments, version)?,
        };
        validate(&manifest, expect)?;
        Ok(Document::Live(manifest))
    }
}

fn id(name: &str, found: String, expected: &DatasetId) -> Result<DatasetId, Bad> {
    match found == expected.as_str() {
        true => Ok(expected.clone()),
        false => Err(Bad::new(name, format!("is {found:?}, not `{expected}`"))),
    }
}

/// An id as it stands in storage.
fn stored_id(name: &str, text: &str) -> Result<SnapshotId, Bad> {
    SnapshotId::parse(text)
        .filter(|_| text.len() == 19)
        .ok_or_else(|| Bad::new(name, format!("is {text:?}, not a snapshot id of 19 digits")))
}

/// Something in an array of the manifest.
trait Item {
    type Checked;

    fn check(self, version: FormatVersion) -> Result<Self::Checked, Bad>;
}

fn check_all<T: Item>(
    name: &str,
    items: Vec<T>,
    version: FormatVersion,
) -> Result<Vec<T::Checked>, Bad> {
    let checked = items
        .into_iter()
        .enumerate()
        .map(|(i, item)| item.check(version).map_err(|bad| bad.within(&format!("{name}[{i}]"))));
    checked.collect()
}

/// `files`: an array, or the mark of a tombstone.
enum RawFiles {
    List(Vec<RawFile>),
    Expired,
}

impl<'de> Deserialize<'de> for RawFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Files;

        impl<'de> Visitor<'de> for Files {
            type Value = RawFiles;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of files or \"expired\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawFiles, E> {
                match text == EXPIRED {
                    true => Ok(RawFiles::Expired),
                    false => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawFiles, A::Error> {
                let mut files = Vec::new();
                while let Some(file) = seq.next_element()? {
                    files.push(file);
                }
                Ok(RawFiles::List(files))
            }
        }

        deserializer.deserialize_any(Files)
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
    columns: Vec<RawColumn>,
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

    fn check(self, version: FormatVersion) -> Result<Attachment, Bad> {
        Ok(Attachment {
            name: self.name.required("name")?,
            path: self.path.required("path")?,
            size_bytes: self.size_bytes.required("size_bytes")?,
            checksum: self.checksum.optional("checksum", version)?,
        })
    }
}
