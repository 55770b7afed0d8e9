//! The one error type of the crate.

mod class;
mod text;

use std::path::PathBuf;

use crate::commit::CommitToken;
use crate::id::{DatasetId, Owner, SessionId, SnapshotId, VolumeId, VolumeSnapshotId};
use crate::record::SchemaDiff;

pub(crate) use self::text::chain;
use self::text::{
    at_line, at_place, head, held_by, in_field, layout_type, needs_exact, needs_feature,
    of_setting, ranges, unchecked,
};

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
        /// `dataset`, `volume`, `snapshot` or `session`.
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
    #[error("cannot open a local store at `{}`: it has to be a directory that is there", path.display())]
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

    /// A store that is not committed to yet: it has an endpoint of its own, and nobody answers for its
    /// create-only puts. Nothing was written.
    #[error(
        "{store} is not committed to before it is known that its create-only puts are atomic{}, or \
         `Store::assume_create_only` if you know that they are",
        unchecked(problem)
    )]
    UncheckedStore {
        /// The store.
        store: String,
        /// Why its check could not find out; `None` if it was not checked.
        problem: Option<String>,
    },

    /// A store that is not committed to: its [check](crate::Store::check) has seen create-only puts fail,
    /// so that one writer could overwrite what another has committed. Nothing was written.
    #[error(
        "{store} is not committed to, since a check saw its create-only puts fail ({problem}); call \
         `Store::assume_single_writer` if no other process ever commits there"
    )]
    UnsafeStore {
        /// The store.
        store: String,
        /// What its check has seen.
        problem: String,
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
    #[error("{owner} has no snapshot {id}")]
    SnapshotNotFound {
        /// The dataset or volume that was asked.
        owner: Owner,
        /// The id that was asked for.
        id: SnapshotId,
    },

    /// The snapshot was expired: its manifest is a tombstone, and its data may be gone. Returned
    /// to a retried write as well, when the commit that has its idempotency key was expired since,
    /// and to a write whose own commit landed, lost its reply, and was expired before that was
    /// settled: that write happened, and will not happen again.
    #[error("snapshot {id} of {owner} has expired")]
    Expired {
        /// The dataset or volume.
        owner: Owner,
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

    /// A record that cannot be decoded, in a file that is what its manifest says, or of which a scan has not
    /// read all: of a damaged file that is read whole, [`Corrupt`](Self::Corrupt) is told.
    #[error("snapshot {snapshot}, `{path}`{}: cannot decode a record", at_line(*line, *column))]
    Decode {
        /// The snapshot being read.
        snapshot: SnapshotId,
        /// The data object.
        path: String,
        /// The line in the decompressed file, from 1 (for codecs without lines, the record); 0 where
        /// it is not known.
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

    /// A limit of [`Limits`](crate::Limits) or [`VolumeLimits`](crate::VolumeLimits) was reached.
    #[error("`{path}`: {what} exceeds the limit of {limit} bytes{}", of_setting(setting))]
    LimitExceeded {
        /// The object's key: that of the data object or manifest which is read, or which was to be
        /// written.
        path: String,
        /// What is too large.
        what: &'static str,
        /// The limit in force, in bytes.
        limit: u64,
        /// The field that sets it, such as `max_manifest_bytes`; `None` where none does, such as for what
        /// the memory of this machine could not hold.
        setting: Option<&'static str>,
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

    /// A writer was used after it had returned an error, or after the future of a
    /// [`push`](crate::RecordWriter::push) was dropped while it waited (by `select!` or `timeout`). No
    /// snapshot was made by it, and none will be: open another. After an error what it stored was
    /// removed; after a dropped future it is left to a clean-up.
    #[error("this writer of dataset `{dataset}` failed before")]
    WriterFailed {
        /// The dataset.
        dataset: DatasetId,
    },

    /// A writer of a transaction was used that was committed, aborted or dropped. What it was to write
    /// is in no snapshot.
    #[error("this transaction on dataset `{dataset}` has ended")]
    TransactionEnded {
        /// The dataset.
        dataset: DatasetId,
    },

    /// A transaction was to be committed while some of its writers were at work. Nothing was committed,
    /// and the transaction has ended: wait for every call before it is committed.
    #[error(
        "nothing is committed to dataset `{dataset}`: {calls} call(s) to writers of this transaction are \
         not over; await them before `commit`"
    )]
    TransactionBusy {
        /// The dataset.
        dataset: DatasetId,
        /// How many calls had begun and had not returned.
        calls: usize,
    },

    /// A name that an attachment cannot have, or that another one of the same transaction has. Nothing
    /// was stored for it.
    #[error("an attachment cannot be called {name:?}: {reason}")]
    InvalidAttachment {
        /// The name that was given.
        name: String,
        /// Why not.
        reason: &'static str,
    },

    /// The stream or reader whose bytes were to be attached gave an error itself. Nothing is attached.
    #[error("the source of the attachment `{name}` failed")]
    AttachmentInput {
        /// The attachment.
        name: String,
        /// The source's error.
        source: BoxError,
    },

    /// The snapshot has no such attachment.
    #[error("snapshot {snapshot} of dataset `{dataset}` has no attachment {name:?}")]
    AttachmentNotFound {
        /// The dataset.
        dataset: DatasetId,
        /// The snapshot that was asked.
        snapshot: SnapshotId,
        /// The name that was asked for.
        name: String,
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
    #[error("conflict on {owner}: expected {}, found {}", head(expected), head(found))]
    Conflict {
        /// The dataset or volume.
        owner: Owner,
        /// The head this write was made for; `None` for no snapshot.
        expected: Option<SnapshotId>,
        /// The head found; `None` for no snapshot.
        found: Option<SnapshotId>,
    },

    /// The store gave no clear answer to the commit, and reading back did not settle it: the
    /// snapshot may or may not become visible. Nothing was deleted. Keep the token, and call
    /// `resolve` with it (it is serialisable).
    #[error("it is unknown whether snapshot {} of {} was committed", token.id(), token.owner())]
    CommitUnknown {
        /// What `resolve` needs.
        token: Box<CommitToken>,
        /// The last thing the store said, or what is wrong with what stands there: it is no manifest, or
        /// larger than `max_manifest_bytes`, which has to be raised then before `resolve` can settle it.
        source: object_store::Error,
    },

    /// A clean-up has condemned objects that this commit refers to. Nothing was committed. To a
    /// dataset, write again; of a volume, [discard](crate::Volume::discard) the blocks that have these
    /// [paths](crate::StagedBlock::path), stage their bytes again, and commit.
    #[error("clean-up condemned {} object(s) of this commit to {owner}, the first `{}`", paths.len(), paths.first().map_or("", String::as_str))]
    Condemned {
        /// The dataset or volume.
        owner: Owner,
        /// The condemned objects.
        paths: Vec<String>,
    },

    /// Snapshots of this dataset exist under another layout, or a token that is to be resolved is of
    /// another one. Nothing was committed.
    #[error(
        "dataset `{dataset}` was written with the {found} layout, not the {expected} layout: open it with \
         `.layout({})`",
        layout_type(found)
    )]
    LayoutMismatch {
        /// The dataset.
        dataset: DatasetId,
        /// The layout of this handle.
        expected: &'static str,
        /// The layout that has snapshots, or of the token.
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

    /// A file was written with another schema than the record's, and what differs cannot be made
    /// up for: see the [rules of evolution](crate::record#evolution). From a read, no data of the
    /// snapshot were read; from an append or a replacement of partitions, the file would stay in the
    /// new snapshot, and nothing was committed.
    #[error(
        "snapshot {snapshot} of dataset `{dataset}`, `{path}`: cannot be read as `{record}`{}:\n{diff}",
        needs_exact(codec)
    )]
    SchemaMismatch {
        /// The record type.
        record: &'static str,
        /// The dataset.
        dataset: DatasetId,
        /// The snapshot that was to be read or extended.
        snapshot: SnapshotId,
        /// The data object. Others of the snapshot may have its schema too.
        path: String,
        /// The file's codec, if it stores no names of fields, so that every difference counts.
        codec: Option<Box<str>>,
        /// What stands in the way, field by field: from the file's schema to the record's.
        diff: SchemaDiff,
    },

    /// A file that stores no names of fields, in a manifest that does not say its schema: it is not
    /// read on trust. As for [`Error::SchemaMismatch`], nothing was read or committed.
    #[error(
        "snapshot {snapshot} of dataset `{dataset}`, `{path}`: `{codec}` stores no names of fields, \
         and the manifest does not say the file's schema"
    )]
    SchemaUnknown {
        /// The dataset.
        dataset: DatasetId,
        /// The snapshot that was to be read or extended.
        snapshot: SnapshotId,
        /// The data object.
        path: String,
        /// The file's codec.
        codec: String,
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

    /// Bytes were to be staged where a volume has bytes already, or has staged some. Nothing was
    /// uploaded for it; if a commit says so (another writer's snapshot holds that range now), nothing
    /// was committed, and what is staged stays staged.
    #[error("bytes {}..{} of volume `{volume}` overlap {}..{}, {}", range.start, range.end, found.start, found.end, held_by(snapshot))]
    Overlap {
        /// The volume.
        volume: VolumeId,
        /// The range that was to be staged or committed.
        range: std::ops::Range<u64>,
        /// The range that is there already.
        found: std::ops::Range<u64>,
        /// The snapshot that holds it; `None` if it is only staged.
        snapshot: Option<VolumeSnapshotId>,
    },

    /// A range was to be read of which the snapshot has not every byte. Gaps are never filled.
    #[error("snapshot {snapshot} of volume `{volume}` has no bytes at {}", ranges(gaps))]
    RangeMissing {
        /// The volume.
        volume: VolumeId,
        /// The snapshot that was read.
        snapshot: VolumeSnapshotId,
        /// What is missing of the range, in order.
        gaps: Vec<std::ops::Range<u64>>,
    },

    /// A range that a volume does not have.
    #[error("volume `{volume}` has {len} bytes, and no bytes {}..{}", range.start, range.end)]
    OutOfBounds {
        /// The volume.
        volume: VolumeId,
        /// The range asked for.
        range: std::ops::Range<u64>,
        /// The length of the volume, in bytes.
        len: u64,
    },

    /// Nothing was to be staged: no bytes were given. Nothing was done.
    #[error("there are no bytes to be staged at offset {offset} of volume `{volume}`")]
    EmptyBlock {
        /// The volume.
        volume: VolumeId,
        /// Where they were to be staged.
        offset: u64,
    },

    /// The stream or reader whose bytes were to be staged gave an error itself. What was staged of it
    /// before stays staged.
    #[error("the source of the bytes to be staged at offset {offset} of volume `{volume}` failed")]
    StageInput {
        /// The volume.
        volume: VolumeId,
        /// Where the bytes that did not come were to be.
        offset: u64,
        /// The source's error.
        source: BoxError,
    },

    /// A length that a volume cannot have.
    #[error("volume `{volume}` cannot have {len} bytes: a length is from 1 to 2^63 - 1")]
    InvalidLength {
        /// The volume.
        volume: VolumeId,
        /// The length that was given.
        len: u64,
    },

    /// The volume was created with another length. Nothing was committed.
    #[error("volume `{volume}` has {found} bytes, not {expected}: open it instead of creating it")]
    LengthMismatch {
        /// The volume.
        volume: VolumeId,
        /// The length of this handle.
        expected: u64,
        /// The length that was committed.
        found: u64,
    },

    /// There is no volume of this name: nothing was ever committed to it.
    #[error("there is no volume `{volume}`")]
    VolumeNotFound {
        /// The volume.
        volume: VolumeId,
    },

    /// The session has no block that could be committed: it staged none, or all are committed, or
    /// were cleaned up, or [`choose`](crate::Resume::choose) and
    /// [`missing_only`](crate::Resume::missing_only) leave out what is left.
    #[error("session {session} of volume `{volume}` has nothing that is staged and not committed")]
    NothingStaged {
        /// The volume.
        volume: VolumeId,
        /// The session.
        session: SessionId,
    },

    /// The blocks of a session overlap each other, so that it has to be said which of them are meant:
    /// see [`Resume::choose`](crate::Resume::choose). Nothing was adopted.
    #[error("session {session} of volume `{volume}` has {} staged blocks that overlap: choose among them", candidates.len())]
    AmbiguousBlocks {
        /// The volume.
        volume: VolumeId,
        /// The session.
        session: SessionId,
        /// The blocks that overlap another one, by offset.
        candidates: Vec<crate::StagedBlock>,
    },

    /// A staged block of another volume. Nothing was done.
    #[error("a block of volume `{found}` cannot be accepted by volume `{volume}`")]
    ForeignBlock {
        /// The volume that was to take it over.
        volume: VolumeId,
        /// The volume it was staged for.
        found: VolumeId,
    },

    /// A block that was chosen for a session, and staged by another one. Nothing was adopted.
    #[error(
        "a block of session {found} of volume `{volume}` cannot be chosen for session {session}: resume \
         its own session, or `accept` it"
    )]
    ForeignSession {
        /// The volume.
        volume: VolumeId,
        /// The session that was to be resumed.
        session: SessionId,
        /// The session that staged the block.
        found: SessionId,
    },

    /// A file on the local disk that was to be imported, or exported to.
    #[error("cannot {operation} the file `{}`", path.display())]
    File {
        /// `open`, `read`, `write`, …
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A file that was to be imported is shorter or longer than the volume, or became so meanwhile.
    #[error("the file `{}` has {found} bytes, and volume `{volume}` has {expected}", path.display())]
    FileLength {
        /// The volume.
        volume: VolumeId,
        /// The file.
        path: PathBuf,
        /// The length of the volume, in bytes.
        expected: u64,
        /// That of the file.
        found: u64,
    },

    /// A background task of this call was lost: the runtime has no timer (`enable_time`, or
    /// `enable_all`) or is shutting down, or user code (a codec, a serializer, a store) panicked in it. A
    /// commit that had begun may have happened; without a timer none begins.
    #[error("a background task of lode was lost")]
    Task {
        /// What tokio said.
        #[from]
        source: tokio::task::JoinError,
    },
}
