//! References to objects.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::Manifest;
use crate::partition::Partition;

/// One data file of a snapshot.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct FileRef {
    /// Its key, relative to the store's root.
    pub path: String,
    /// Its size as stored, after compression.
    pub size_bytes: u64,
    /// The checksum of the stored bytes, in lower-case hex; `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Statistics of its columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<FileStats>,
    /// The number of its records; `None` if unknown (Go Lode's files).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_count: Option<u64>,
    /// The index of its records' schema in [`Manifest::schemas`]; `None` if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<usize>,
    /// Its partition as recorded; see [`partition`](Self::partition()) for that of Go Lode's files,
    /// where only the path says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// The name of its codec, where that is not the manifest's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// The name of its compressor, where that is not the manifest's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compressor: Option<String>,
    /// The name of the algorithm of its checksum, where that is not the manifest's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_algorithm: Option<String>,
}

impl FileRef {
    /// A file of `size_bytes` stored bytes at `path`; the rest is to be filled in.
    pub(crate) fn new(path: impl Into<String>, size_bytes: u64) -> Self {
        Self { path: path.into(), size_bytes, ..Self::default() }
    }

    /// The name of its codec; `None` for a blob. `manifest` is the one it stands in.
    #[must_use]
    pub fn codec_in<'a>(&'a self, manifest: &'a Manifest) -> Option<&'a str> {
        self.codec.as_deref().or(manifest.codec.as_deref())
    }

    /// The name of its compressor. `manifest` is the one it stands in.
    #[must_use]
    pub fn compressor_in<'a>(&'a self, manifest: &'a Manifest) -> &'a str {
        self.compressor.as_deref().unwrap_or(&manifest.compressor)
    }

    /// The name of the checksum's algorithm, and the checksum; `None` if the file has none.
    /// `manifest` is the one it stands in.
    #[must_use]
    pub fn checksum_in<'a>(&'a self, manifest: &'a Manifest) -> Option<(&'a str, &'a str)> {
        let algorithm = self.checksum_algorithm.as_deref();
        let algorithm = algorithm.or(manifest.checksum_algorithm.as_deref())?;
        Some((algorithm, self.checksum.as_deref()?))
    }

    /// The number of its records, if it is known.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.row_count.or(self.stats.as_ref().map(|stats| stats.row_count))
    }

    /// Its partition: the one recorded, or, for files that record none, what the folders of its
    /// path say (`…/partitions/<key>=<value>/…`); `None` if it is in no partition.
    #[must_use]
    pub fn partition(&self) -> Option<Cow<'_, Partition>> {
        match &self.partition {
            Some(partition) => Some(Cow::Borrowed(partition)),
            None => partition_of(&self.path).map(Cow::Owned),
        }
    }
}

/// The folders `<key>=<value>` directly after the first `partitions/` that has one there: a dataset
/// can have that name too.
fn partition_of(path: &str) -> Option<Partition> {
    let (folders, _) = path.rsplit_once('/')?;
    let mut folders = folders.split('/');
    while folders.any(|folder| folder == "partitions") {
        let mut segments = folders.clone().take_while(|folder| folder.contains('=')).peekable();
        if segments.peek().is_some() {
            return Partition::from_folders(segments);
        }
    }
    None
}

/// Statistics of one data file.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct FileStats {
    /// The number of its records.
    pub row_count: u64,
    /// Its columns.
    pub columns: Vec<ColumnStats>,
}

/// Statistics of one column in one file. What is absent is unknown, and no file is left unread
/// because of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct ColumnStats {
    /// The column.
    pub name: String,
    /// No value is below this one: a JSON number, text or boolean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// No value is above this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    /// How many values are null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_count: Option<u64>,
    /// How many values are NaN, which `min` and `max` leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nan_count: Option<u64>,
    /// How many different values there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct_count: Option<u64>,
    /// Whether `min` is a value of the column, not only a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_exact: Option<bool>,
    /// Whether `max` is a value of the column, not only a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_exact: Option<bool>,
}

/// An object that belongs to a snapshot without being its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attachment {
    /// What it is called: unique in its snapshot, and a relative path such as `plots/delays.png`,
    /// without `.` and `..`.
    pub name: String,
    /// Its key, relative to the store's root.
    pub path: String,
    /// Its size as stored.
    pub size_bytes: u64,
    /// The checksum of the stored bytes, in lower-case hex, by the manifest's algorithm; `None` if
    /// checksums are off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}
