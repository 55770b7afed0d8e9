//! The one error type of the crate.

use std::path::PathBuf;

use crate::commit::CommitToken;
use crate::id::{DatasetId, SnapshotId};
use crate::manifest::FormatVersion;
use crate::record::SchemaDiff;

/// What every fallible function of lode returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of a user's own stream, codec or decoder.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Everything that can go wrong.
///
/// Each variant names the object, field or id it is about, and says in its documentation what is
/// true in storage afterwards. The text of an error never repeats that of its
/// [`source`](std::error::Error::source).
///
/// Unless a variant says otherwise, a call that failed made no snapshot visible and changed none;
/// data objects it had written are removed where that is known to be safe, and otherwise are
/// names that no manifest mentions.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An id that storage could not hold or that would be ambiguous. Nothing was done.
    #[error("invalid {kind} id {id:?}: {reason}")]
    InvalidId {
        /// `dataset` or `snapshot`.
        kind: &'static str,
        /// The text that was given.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// Metadata that JSON cannot hold. Nothing was written.
    #[error("metadata{}: {reason}", at_place(path))]
    InvalidMetadata {
        /// Where in the metadata, such as `limits.max` or `scores[2]`; empty for the whole.
        path: String,
        /// What is wrong there.
        reason: String,
    },

    /// The directory of a local store cannot be used: it is missing, or not a directory. Nothing
    /// is created behind your back.
    #[error("cannot open a local store at `{}`", path.display())]
    StoreUnavailable {
        /// The directory that was named.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A compression level that the compressor does not have.
    #[error("{compressor} has no level {level}: levels go from {lowest} to {highest}")]
    InvalidLevel {
        /// `gzip` or `zstd`.
        compressor: &'static str,
        /// The level asked for.
        level: i64,
        /// The lowest level there is.
        lowest: i64,
        /// The highest level there is.
        highest: i64,
    },

    /// A store's URL or prefix that cannot be used.
    #[error("cannot use {url:?} as the URL or prefix of a store: {reason}")]
    InvalidUrl {
        /// The URL as given, without credentials; or the prefix.
        url: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The object store failed. For writes see the variant [`Error::CommitUnknown`] as well: this
    /// one is only returned by a commit when it is certain that nothing was committed (for a local
    /// store: of a file system that is not a network's).
    #[error("cannot {operation} `{path}`")]
    Storage {
        /// `get`, `put`, `list`, `delete`, …
        operation: &'static str,
        /// The object, relative to the store's root.
        path: String,
        /// What the store said.
        source: object_store::Error,
    },

    /// There is no such snapshot.
    #[error("dataset `{dataset}` has no snapshot {id}")]
    SnapshotNotFound {
        /// The dataset that was asked.
        dataset: DatasetId,
        /// The id that was asked for.
        id: SnapshotId,
    },

    /// The snapshot was expired: its manifest is a tombstone, and its data may be gone. Returned
    /// to a retried write as well, when the commit that has its idempotency key was expired since:
    /// that write happened, and will not happen again.
    #[error("snapshot {id} of dataset `{dataset}` has expired")]
    Expired {
        /// The dataset.
        dataset: DatasetId,
        /// The expired snapshot.
        id: SnapshotId,
    },

    /// A manifest that cannot be trusted. It is not repaired or skipped, and harms no other
    /// snapshot.
    #[error("invalid manifest `{path}`: `{field}` {reason}")]
    ManifestInvalid {
        /// The manifest's object.
        path: String,
        /// The field that is wrong, such as `files[2].path`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },

    /// A manifest of a format this version of lode does not know (a newer major version), or one
    /// that it may read but not build upon (a newer minor version). Nothing was written.
    #[error("manifest `{path}` has format version {found}, and this version of lode {can}")]
    UnsupportedVersion {
        /// The manifest's object.
        path: String,
        /// Its `format_version`.
        found: String,
        /// What this version can do, in words.
        can: &'static str,
    },

    /// A data object that is not what its manifest says: missing, of another size, with another
    /// checksum, or not decompressible. Records and bytes of it were not returned by any call that
    /// returns them whole.
    #[error("data file `{path}` is corrupt: {reason}")]
    Corrupt {
        /// The data object.
        path: String,
        /// What was found.
        reason: String,
    },

    /// A record that cannot be decoded.
    #[error("snapshot {snapshot}, `{path}`, line {line}, column {column}: cannot decode a record")]
    Decode {
        /// The snapshot being read.
        snapshot: SnapshotId,
        /// The data object.
        path: String,
        /// The line in the decompressed file, from 1 (for codecs without lines, the record).
        line: u64,
        /// The column in that line, from 1; 0 where the codec knows none.
        column: u64,
        /// What the codec said.
        source: BoxError,
    },

    /// A record that cannot be encoded. No snapshot was made.
    #[error("row {row}{}: cannot encode this record", in_field(field))]
    Encode {
        /// The record's position in what was given to this write, from 0.
        row: u64,
        /// The field, such as `position.lat`; empty where unknown.
        field: String,
        /// What is wrong with it.
        source: BoxError,
    },

    /// The stream or iterator that was to be written gave an error itself. No snapshot was made.
    #[error("row {row}: the source of the records failed")]
    Input {
        /// How many records came before the error.
        row: u64,
        /// The source's error.
        source: BoxError,
    },

    /// A partition value that cannot be a directory name. Nothing was written for it, and no
    /// snapshot was made.
    #[error("row {row}: partition key `{key}` cannot have the value {value:?}: {reason}")]
    InvalidPartition {
        /// The record's position in what was given to this write, from 0.
        row: u64,
        /// The partition key.
        key: String,
        /// The value.
        value: String,
        /// Why not.
        reason: &'static str,
    },

    /// A partition filter that names a key the snapshot is not partitioned by.
    #[error("snapshot {snapshot} is not partitioned by `{key}` (its keys: {})", keys.join(", "))]
    UnknownPartitionKey {
        /// The snapshot being read.
        snapshot: SnapshotId,
        /// The key of the filter.
        key: String,
        /// The keys that exist.
        keys: Vec<String>,
    },

    /// A limit of [`Limits`](crate::Limits) was reached.
    #[error("`{path}`: {what} exceeds the limit of {limit} bytes")]
    LimitExceeded {
        /// The object's key: that of the data object or manifest which is read, or which was to be
        /// written.
        path: String,
        /// What is too large.
        what: &'static str,
        /// The limit in force, in bytes.
        limit: u64,
    },

    /// The file was written with a codec, compressor or checksum that this program has not:
    /// enable the feature, or add the decoder with `.decoder(…)`.
    #[error("reading this snapshot needs `{codec}`{}", needs_feature(feature))]
    CodecUnavailable {
        /// The name in the manifest.
        codec: String,
        /// The feature of lode that has it, if one has.
        feature: Option<&'static str>,
    },

    /// A writer was used after it had returned an error. No snapshot was made by it, and none will
    /// be: open another.
    #[error("this writer of dataset `{dataset}` failed before")]
    WriterFailed {
        /// The dataset.
        dataset: DatasetId,
    },

    /// A range that a blob does not have.
    #[error("`{path}` has {len} bytes, and no bytes {}..{}", range.start, range.end)]
    OutOfRange {
        /// The data object.
        path: String,
        /// The range asked for.
        range: std::ops::Range<u64>,
        /// The length of the blob, in bytes.
        len: u64,
    },

    /// Another writer committed first, and the policy or the kind of write does not allow building
    /// on its commit. Nothing was committed, and this attempt can not land later.
    #[error("conflict on dataset `{dataset}`: expected {}, found {}", head(expected), head(found))]
    Conflict {
        /// The dataset.
        dataset: DatasetId,
        /// The head this write was made for; `None` for no snapshot.
        expected: Option<SnapshotId>,
        /// The head found; `None` for no snapshot.
        found: Option<SnapshotId>,
    },

    /// The store gave no clear answer to the commit, and reading back did not settle it: the
    /// snapshot may or may not become visible. Nothing was deleted. Keep the token, and call
    /// `resolve` with it (it is serialisable).
    #[error("it is unknown whether snapshot {} of dataset `{}` was committed", token.id(), token.dataset())]
    CommitUnknown {
        /// What `resolve` needs.
        token: Box<CommitToken>,
        /// The last thing the store said.
        source: object_store::Error,
    },

    /// A concurrent clean-up has condemned objects that this commit refers to. Nothing was
    /// committed: write again.
    #[error("clean-up condemned {} object(s) of this commit, the first `{}`", paths.len(), paths.first().map_or("", String::as_str))]
    Condemned {
        /// The condemned objects.
        paths: Vec<String>,
    },

    /// Snapshots of this dataset exist under another layout. Nothing was written.
    #[error("dataset `{dataset}` was written with the {found} layout, not the {expected} layout")]
    LayoutMismatch {
        /// The dataset.
        dataset: DatasetId,
        /// The layout of this handle.
        expected: &'static str,
        /// The layout that has snapshots.
        found: &'static str,
    },

    /// A blob was found where records were expected, or the other way round. Nothing was written.
    #[error("snapshot {snapshot} of dataset `{dataset}` holds {found}, not {expected}")]
    ContentMismatch {
        /// The dataset.
        dataset: DatasetId,
        /// The snapshot.
        snapshot: SnapshotId,
        /// `records` or `a blob`.
        expected: &'static str,
        /// `records` or `a blob`.
        found: &'static str,
    },

    /// The record's schema is not that of the snapshot to be extended. Nothing was committed.
    #[error(
        "the schema of `{record}` differs from that of snapshot {snapshot} of dataset `{dataset}`:\n{diff}"
    )]
    SchemaMismatch {
        /// The record type.
        record: String,
        /// The dataset.
        dataset: DatasetId,
        /// The snapshot that was to be extended.
        snapshot: SnapshotId,
        /// The difference, field by field.
        diff: SchemaDiff,
    },

    /// The partition keys are not those of the snapshot to be extended. Nothing was committed.
    #[error("dataset `{dataset}` is partitioned by [{}], not by [{}]", found.join(", "), expected.join(", "))]
    PartitioningMismatch {
        /// The dataset.
        dataset: DatasetId,
        /// The keys of this handle's record type.
        expected: Vec<String>,
        /// The keys of the snapshot.
        found: Vec<String>,
    },

    /// A background task of this call was lost: the runtime is shutting down, or user code (a
    /// codec, a serializer) panicked in it. A commit that had begun may have happened.
    #[error("a background task of lode was lost")]
    Task {
        /// What tokio said.
        #[from]
        source: tokio::task::JoinError,
    },
}

impl Error {
    /// The object asked for is not there: no such snapshot, directory or object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::SnapshotNotFound { .. } => true,
            Self::StoreUnavailable { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            Self::Storage { source, .. } => {
                matches!(source, object_store::Error::NotFound { .. })
            }
            _ => false,
        }
    }

    /// Another writer was first: look at what it wrote, then decide again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    /// Storage holds something that is not what was written.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::ManifestInvalid { .. } | Self::Decode { .. })
    }

    /// The same call, made again, may succeed without anything being changed: the store failed in
    /// a way that passes, or a concurrent clean-up took this attempt's objects. It is *not* said of
    /// [`Error::CommitUnknown`], which is to be resolved, nor of a [`Error::Conflict`], which
    /// needs a decision.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Condemned { .. } => true,
            Self::Storage { source, .. } => matches!(
                source,
                object_store::Error::Generic { .. } | object_store::Error::JoinError { .. }
            ),
            _ => false,
        }
    }

    pub(crate) fn storage(
        operation: &'static str,
        path: impl Into<String>,
    ) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.into();
        move |source| Self::Storage { operation, path, source }
    }

    pub(crate) fn newer_minor(path: impl Into<String>, version: FormatVersion) -> Self {
        let can = "may read it, but not build upon it";
        Self::UnsupportedVersion { path: path.into(), found: version.to_string(), can }
    }

    pub(crate) fn corrupt(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.into(), reason: reason.into() }
    }
}

/// The error's text and those of its sources, each once: not all errors leave their sources' out.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let source_text = source.to_string();
        if !text.contains(&source_text) {
            text = format!("{text}: {source_text}");
        }
        next = source.source();
    }
    text
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", field `{field}`") }
}

fn at_place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at `{path}`") }
}

fn needs_feature(feature: &Option<&'static str>) -> String {
    match feature {
        Some(feature) => format!(": enable lode's feature `{feature}`"),
        None => ": add it to the dataset with `.decoder(…)`".to_owned(),
    }
}

fn head(id: &Option<SnapshotId>) -> String {
    match id {
        Some(id) => format!("snapshot {id}"),
        None => "no snapshot".to_owned(),
    }
}
