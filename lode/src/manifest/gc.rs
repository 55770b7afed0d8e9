//! What clean-ups record.

use std::fmt;

use serde::{Serialize, Serializer};

use super::field::{self, Field, object};
use super::rules::Bad;
use crate::error::{Error, Result};
use crate::id::{SnapshotId, WriteId};

/// A clean-up: the snapshot it committed, and the attempt, which names its list of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct GcRef {
    /// The snapshot that the clean-up committed.
    pub id: SnapshotId,
    /// Its attempt: the list is `gc/<write-id>.json`.
    pub write_id: WriteId,
}

impl GcRef {
    pub(crate) fn new(id: SnapshotId, write_id: WriteId) -> Self {
        Self { id, write_id }
    }

    /// `<id>-<write-id>`, the id with 19 digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, write_id) = text.split_at_checked(19)?;
        let id = SnapshotId::parse(id)?;
        Some(Self { id, write_id: WriteId::parse(write_id.strip_prefix('-')?)? })
    }
}

impl fmt::Display for GcRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.id.padded(), self.write_id)
    }
}

impl Serialize for GcRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

pub(super) const SHAPE: &str = "is not a snapshot id of 19 digits, a dash and a write id";

/// The list of the objects that one clean-up condemned: `gc/<write-id>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct GcList {
    /// The clean-up before.
    pub(crate) previous: Option<GcRef>,
    /// The condemned objects' keys.
    pub(crate) condemned: Vec<String>,
}

impl GcList {
    /// Reads the list in `bytes`, which were found at `path`.
    pub(crate) fn parse(path: &str, bytes: &[u8]) -> Result<Self> {
        let list = field::read(bytes).and_then(|raw: RawGcList| {
            let previous = match raw.previous {
                Field::Is(text) => {
                    Some(GcRef::parse(&text).ok_or_else(|| Bad::new("previous", SHAPE))?)
                }
                Field::Null | Field::Absent => None,
            };
            Ok(Self { previous, condemned: raw.condemned.required("condemned")? })
        });
        list.map_err(|bad| Error::ManifestInvalid {
            path: path.to_owned(),
            field: bad.field,
            reason: bad.reason,
        })
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|error| Error::ManifestInvalid {
            path: "gc".to_owned(),
            field: "$".to_owned(),
            reason: format!("cannot be written: {error}"),
        })
    }
}

object!(RawGcList { previous: String, condemned: Vec<String> });
