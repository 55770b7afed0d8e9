//! What manifests of every kind begin with, as found.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::field::{self, Field, object};
use super::rules::Bad;
use super::{FormatVersion, GcRef, Operation, gc, time};
use crate::error::{Error, Result};
use crate::id::{SnapshotId, WriteId};

/// Why a document is refused.
pub(super) enum Refused {
    Version(FormatVersion),
    Invalid(Bad),
}

impl From<Bad> for Refused {
    fn from(bad: Bad) -> Self {
        Self::Invalid(bad)
    }
}

/// Reads the document in `bytes`, which were found at `path`, and checks it.
pub(super) fn parse<Raw: DeserializeOwned, T>(
    path: &str,
    schema_name: &str,
    bytes: &[u8],
    check: impl FnOnce(Raw) -> Result<T, Refused>,
) -> Result<T> {
    let read = field::read(bytes).map_err(|bad| {
        // Another kind of manifest, or another major version, can have another shape.
        match field::read::<Signature>(bytes) {
            Ok(signature) => signature.check(schema_name).err().unwrap_or(Refused::Invalid(bad)),
            Err(_) => Refused::Invalid(bad),
        }
    });
    read.and_then(check).map_err(|refused| match refused {
        Refused::Version(version) => Error::UnsupportedVersion {
            path: path.to_owned(),
            found: version.to_string(),
            can: "knows the major versions 1 and 2",
        },
        Refused::Invalid(Bad { field, reason }) => {
            Error::ManifestInvalid { path: path.to_owned(), field, reason }
        }
    })
}

// What every version has.
object!(Signature { schema_name: String, format_version: String });

impl Signature {
    /// The version, if it is one that is known here.
    fn check(self, expected: &str) -> Result<FormatVersion, Refused> {
        let schema_name = self.schema_name.required("schema_name")?;
        if schema_name != expected {
            let reason = format!("is {schema_name:?}, not {expected:?}");
            return Err(Bad::new("schema_name", reason).into());
        }
        let version = self.format_version.required("format_version")?;
        let version = FormatVersion::parse(&version).ok_or_else(|| {
            Bad::new("format_version", format!("is {version:?}, not three numbers such as 1.1.0"))
        })?;
        if version.is_known() { Ok(version) } else { Err(Refused::Version(version)) }
    }
}

/// The fields that manifests and tombstones of every kind have.
pub(super) struct RawHead {
    pub(super) schema_name: Field<String>,
    pub(super) format_version: Field<String>,
    /// The name of the field, and its value.
    pub(super) owner: (&'static str, Field<String>),
    pub(super) snapshot_id: Field<String>,
    pub(super) created_at: Field<String>,
    pub(super) parent_snapshot_id: Field<String>,
    pub(super) write_id: Field<String>,
    pub(super) operation: Field<String>,
    pub(super) writer: Field<String>,
    pub(super) last_gc: Field<String>,
    pub(super) idempotency_key: Field<String>,
}

/// The same, each for itself in order.
pub(super) struct Head {
    pub(super) version: FormatVersion,
    pub(super) snapshot_id: SnapshotId,
    pub(super) created_at: DateTime<Utc>,
    pub(super) parent_snapshot_id: Option<SnapshotId>,
    pub(super) write_id: Option<WriteId>,
    pub(super) operation: Option<Operation>,
    pub(super) writer: Option<String>,
    pub(super) last_gc: Option<GcRef>,
    pub(super) idempotency_key: Option<String>,
}

impl RawHead {
    /// The head of a document of the kind `schema_name` that belongs to `owner`.
    pub(super) fn check(self, schema_name: &str, owner: &str) -> Result<Head, Refused> {
        let signature =
            Signature { schema_name: self.schema_name, format_version: self.format_version };
        let version = signature.check(schema_name)?;
        let (name, found) = self.owner;
        let found = found.required(name)?;
        if found != owner {
            return Err(Bad::new(name, format!("is {found:?}, not `{owner}`")).into());
        }
        let parse_write_id = |text: String| {
            let reason = || format!("is {text:?}, not 32 lower-case hex digits");
            WriteId::parse(&text).ok_or_else(|| Bad::new("write_id", reason()))
        };
        let parse_gc =
            |text: String| GcRef::parse(&text).ok_or_else(|| Bad::new("last_gc", gc::SHAPE));
        Ok(Head {
            version,
            snapshot_id: stored_id("snapshot_id", &self.snapshot_id.required("snapshot_id")?)?,
            created_at: time("created_at", &self.created_at.required("created_at")?, version)?,
            parent_snapshot_id: self
                .parent_snapshot_id
                .optional("parent_snapshot_id", version)?
                .map(|text| stored_id("parent_snapshot_id", &text))
                .transpose()?,
            write_id: self
                .write_id
                .optional("write_id", version)?
                .map(parse_write_id)
                .transpose()?,
            operation: self.operation.optional("operation", version)?.map(Operation::of),
            writer: self.writer.optional("writer", version)?,
            last_gc: self.last_gc.optional("last_gc", version)?.map(parse_gc).transpose()?,
            idempotency_key: self.idempotency_key.optional("idempotency_key", version)?,
        })
    }
}

/// A time: lode's are in UTC, Go's in any zone.
pub(super) fn time(name: &str, text: &str, version: FormatVersion) -> Result<DateTime<Utc>, Bad> {
    let time = if version.is_go() { time::parse_any(text) } else { time::parse_utc(text) };
    time.ok_or_else(|| Bad::new(name, format!("is {text:?}, not a time of RFC 3339 in UTC")))
}

/// That a field of tombstones is absent, where `content` is not marked as expired.
pub(super) fn not_expired<T>(content: &str, name: &str, field: &Field<T>) -> Result<(), Bad> {
    if field.is_absent() {
        return Ok(());
    }
    Err(Bad::new(name, format!("is there, but `{content}` is not \"expired\"")))
}

/// An id as it stands in storage.
fn stored_id(name: &str, text: &str) -> Result<SnapshotId, Bad> {
    SnapshotId::parse(text)
        .filter(|_| text.len() == 19)
        .ok_or_else(|| Bad::new(name, format!("is {text:?}, not a snapshot id of 19 digits")))
}
