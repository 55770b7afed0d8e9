//! Rules that hold in every manifest, of datasets and of volumes.

use chrono::{DateTime, Utc};

use super::{FormatVersion, Operation, time};
use crate::id::{SnapshotId, WriteId};

/// A field that breaks a rule.
pub(super) struct Bad {
    pub(super) field: String,
    pub(super) reason: String,
}

impl Bad {
    pub(super) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    pub(super) fn within(mut self, outer: &str) -> Self {
        self.field = format!("{outer}.{}", self.field);
        self
    }
}

pub(super) type Valid = Result<(), Bad>;

/// `Err` unless the rule holds.
pub(super) fn rule(holds: bool, field: &str, reason: impl FnOnce() -> String) -> Valid {
    if holds { Ok(()) } else { Err(Bad::new(field, reason())) }
}

/// Ids: those expected, and lode's dense.
pub(super) fn lineage(
    id: SnapshotId,
    parent: Option<SnapshotId>,
    write_id: Option<WriteId>,
    expected: SnapshotId,
) -> Valid {
    rule(id == expected, "snapshot_id", || format!("is {id}, not {expected}"))?;
    match (write_id, parent) {
        (Some(_), parent) => {
            let expected = id.get() - 1;
            rule(parent.map_or(0, SnapshotId::get) == expected, "parent_snapshot_id", || {
                match parent {
                    None => format!("is missing; the parent of snapshot {id} is {expected}"),
                    Some(parent) => format!("is {parent}; the parent of snapshot {id} is not"),
                }
            })
        }
        (None, Some(parent)) => rule(parent < id, "parent_snapshot_id", || {
            format!("is {parent}, which does not come before {id}")
        }),
        (None, None) => Ok(()),
    }
}

/// What lode adds to every manifest.
pub(super) fn authorship(
    version: FormatVersion,
    write_id: Option<WriteId>,
    operation: Option<&Operation>,
    writer: Option<&str>,
) -> Valid {
    if version.is_go() {
        return Ok(());
    }
    let missing = || "is missing".to_owned();
    rule(write_id.is_some(), "write_id", missing)?;
    rule(operation.is_some(), "operation", missing)?;
    rule(writer.is_some(), "writer", missing)
}

/// That the operation is one of `known`, or one of a newer minor version.
pub(super) fn operation(
    operation: Option<&Operation>,
    version: FormatVersion,
    known: &[Operation],
) -> Valid {
    let Some(operation) = operation else { return Ok(()) };
    let is_later = matches!(operation, Operation::Later(_)) && version.is_newer_minor();
    rule(is_later || known.contains(operation), "operation", || unknown(operation.as_str()))
}

pub(super) fn writable(field: &str, at: DateTime<Utc>) -> Valid {
    rule(time::is_writable(at), field, || "is outside the years 0 to 9999".to_owned())
}

/// What is wrong with the key of an object of the dataset or volume whose folder is `prefix`. A
/// key that passes is kept byte for byte by object stores and cannot leave the folder, on file systems with
/// backslashes neither.
pub(super) fn bad_path(path: &str, prefix: &str) -> Option<String> {
    let Some(rest) = path.strip_prefix(prefix) else {
        return Some(format!("is {path:?}, which is not inside `{prefix}`"));
    };
    let reason = if rest.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        "has an empty segment, `.` or `..`"
    } else if rest.chars().any(|c| c == '\\' || c.is_control()) {
        "has a backslash or a control character"
    } else {
        return None;
    };
    Some(format!("is {path:?}, which {reason}"))
}

/// The longest name of an attachment, in bytes.
const NAME_BYTES: usize = 255;

/// What is wrong with the name of an attachment: a relative path that stays below where it is joined to.
pub(crate) fn bad_name(name: &str) -> Option<&'static str> {
    if name.len() > NAME_BYTES {
        Some("has more than 255 bytes")
    } else if bad_path(name, "").is_some() {
        Some("has an empty segment, `.`, `..`, a backslash or a control character")
    } else {
        None
    }
}

pub(super) fn checksum(field: &str, checksum: Option<&str>, algorithm: Option<&str>) -> Valid {
    let Some(text) = checksum else { return Ok(()) };
    let is_hex = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    rule(is_hex && !text.is_empty(), field, || format!("is {text:?}, not lower-case hex"))?;
    let digits = match algorithm {
        Some("xxh3-128" | "md5") => 32,
        Some("blake3" | "sha256") => 64,
        _ => return Ok(()),
    };
    rule(text.len() == digits, field, || format!("has {} digits, not {digits}", text.len()))
}

pub(super) fn unknown(name: &str) -> String {
    format!("is {name:?}, which is not known")
}
