//! Typed, embeddable persistence on object storage.
//!
//! lode writes structs, or bytes, as immutable snapshots into a directory or a bucket, and reads
//! them back as the same structs, or bytes. A snapshot is numbered, has metadata, and is committed whole or
//! not at all. There is no server, no catalog service, and no lock.
//!
//! ```text
//! Store ───────────── where objects live: a directory, a bucket, memory       (cheap clone)
//!   │
//!   └─ Dataset<T> ─── a handle: id, codec, layout, checksum, limits           (cheap clone)
//!        │              T is a struct with #[derive(Record)], or Blob
//!        │
//!        ├─ write, append, replace_partitions ─────┐
//!        ├─ stream_write_records ──────────────────┤
//!        ├─ record_writer ──► RecordWriter ─commit─┼─► Snapshot<T>
//!        ├─ begin ──────────► Transaction ──commit─┤     │
//!        ├─ stream_write ───► BlobWriter ───commit─┘     │  owns its manifest: metadata, schema,
//!        │                                               │  files, sizes, checksums
//!        ├─ latest, snapshot, as_of, history ────────────┤
//!        │                                               ▼
//!        └─ read, stream, read_blob, stream_blob ◄── &Snapshot<T>
//!
//!   │
//!   └─ Volume<S> ──── a sparse range of bytes; S is New, Staged or Committed
//!        │
//!        ├─ New, Committed ── stage_write_at, stage_stream_at, import_from, accept, resume ──► Staged
//!        ├─ Staged ────────── more of the same, discard, commit ──► Committed
//!        └─ Committed ─────── open at one snapshot: read_at, reader, stream, export_to, coverage, gaps
//!
//! in storage:   datasets/<id>/snapshots/<number>/manifest.json    put once: this is the commit
//!               datasets/<id>/data/<write id>/<part>.jsonl.zst    named by manifests
//!               datasets/<id>/latest                              a hint, nothing depends on it
//!               volumes/<id>/…                                    the same, with blocks for files
//! ```
//!
//! # A first look
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use futures::TryStreamExt;
//! use lode::codec::Jsonl;
//! use lode::compress::Zstd;
//! use lode::{Dataset, Record, Store, metadata};
//!
//! #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
//! struct Flight {
//!     #[lode(timestamp)]
//!     time_hour: chrono::DateTime<chrono::Utc>,
//!     carrier: String,
//!     dep_delay: Option<i32>,
//! }
//!
//! let store = Store::memory(); // or Store::local("/a/directory")?, which must exist
//! let flights = Dataset::<Flight>::new(&store, "flights")?
//!     .codec(Jsonl::new().compress(Zstd::default()));
//!
//! let record = Flight {
//!     time_hour: "2013-01-01T10:00:00Z".parse()?,
//!     carrier: "UA".into(),
//!     dep_delay: None,
//! };
//! let first = flights.write(&[record.clone()], metadata! { "source": "bts" }).await?;
//! let second = flights.append(&[record.clone()], metadata! { "source": "bts" }).await?;
//!
//! let all: Vec<Flight> = flights.stream(&second).try_collect().await?;
//! assert_eq!(all, [record.clone(), record.clone()]);
//! assert_eq!(flights.read(&first).await?, [record]); // a snapshot never changes
//! assert_eq!(flights.latest().await?, Some(second));
//! # Ok(()) }
//! ```
//!
//! And for bytes that come in pieces:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
//! use lode::{Store, Volume, metadata};
//!
//! let volume = Volume::create(&Store::memory(), "disk", 1 << 30)?;
//! let staged = volume.stage_write_at(4096, b"in any order").await?;
//! staged.stage_write_at(0, b"and sparse").await?;
//! let volume = staged.commit(metadata! { "step": 1 }).await?;
//! assert_eq!(volume.read_at(4096..4108).await?, "in any order");
//! assert_eq!(volume.coverage(), [0..10, 4096..4108]);
//! # Ok(()) }
//! ```
//!
//! # What it is not
//!
//! Not a database: it has no queries beyond a filter on one snapshot, no indexes and no
//! update of one record. Not a log: one commit is a few requests, one after the other.
//!
//! # Where to look
//!
//! * [`Store`]: local disk, memory, S3, any `object_store`; [`StoreBuilder`] opens one, [`Store::check`]
//!   probes it for what lode needs.
//! * [`Dataset`]: everything that is written and read. Its methods say which errors come when, and
//!   what is true afterwards. [`Write`], [`Read`], [`RecordWriter`], [`BlobWriter`] are what they give.
//! * [`Transaction`]: many tasks, one snapshot; and attachments.
//! * [`Dataset::scan`], [`Predicate`], [`predicate`]: records by what is in them, or parts of them.
//! * [`Snapshot`] and [`manifest`]: what is known of data without reading it.
//! * [`Volume`] and its states [`New`], [`Staged`] and [`Committed`]; [`Stager`] for other tasks and
//!   processes, [`Session`] for what was left staged, [`VolumeLimits`].
//! * [`trait@Record`], [`Enum`], and [`record`]: which structs can be stored.
//! * [`codec`], [`compress`], [`Checksum`]: how records become files. Reading never needs them to be
//!   named: it follows the manifest.
//! * [`DefaultLayout`], [`HiveLayout`], [`FlatLayout`]: where files lie. [`Catalog`] lists datasets.
//! * [`struct@Metadata`], [`metadata!`]: every snapshot has it.
//! * [`Dataset::restore`], [`Dataset::expire`], [`Dataset::gc`], [`Dataset::verify`], and the same of a
//!   [`Volume`]: what keeps a store healthy. [`Retain`], [`GcReport`], [`VerifyReport`].
//! * [`OnConflict`], [`Error`]: what happens when writers meet, and when things fail.
//! * [`Limits`], [`Progress`]: memory, concurrency, file sizes; how far a long call has come.
//!
//! # Concurrency
//!
//! Any number of handles, tasks and processes may use one dataset. A write notes the newest snapshot
//! when it begins. If another writer commits first, a replacing write fails with [`Error::Conflict`], and
//! an append builds on the other's snapshot by itself, as [`OnConflict`] says. A write whose future is
//! dropped is committed wholly or not at all; with an idempotency key it can be tried again safely.
//!
//! lode needs a tokio runtime with time enabled: `#[tokio::main]` makes one, and a `Builder` with
//! `enable_all()`. Encoding is done in small steps between which other tasks have their
//! turn; compressing, hashing and decoding run on tokio's blocking threads.
//!
//! # Observing it
//!
//! [`tracing`] spans at the level `info` are `lode.write` (appends and replaced partitions too),
//! `lode.stream_write_records`, `lode.record_writer` and `lode.stream_write` (opening and committing; not
//! each push), `lode.transaction` (likewise), `lode.read`, `lode.attachment`, `lode.scan`, `lode.read_blob`,
//! `lode.read_blob_range`, `lode.restore`, `lode.expire`, `lode.gc` and `lode.verify` (the last four of volumes
//! too). Streams of records and bytes have none, nor have the staging, commits and reads of volumes. Every
//! commit, of a dataset or a volume, has the span `commit` at the level `debug`.
//!
//! Events are:
//!
//! * `info`: commits, and what `expire`, `gc` and `verify` have done or found;
//! * `debug`: retries, commits that failed or were made before, unclear answers, hints that cannot be read, blobs
//!   that are streamed, how many records were read, and what could not be removed;
//! * `warn`: hints that were not written, a manifest that was not synced, writers and transactions that were
//!   dropped, blocks that were staged through a handle and not committed, and a store that does not answer.
//!
//! No record, metadata or credential is in them.
//!
//! # Features
//!
//! `local`, `gzip` and `zstd` are on by default. `parquet`, `bincode` and `postcard` add codecs;
//! `testing` helpers for tests of your own; `blake3`, `sha2` checksums; `jiff`, `uuid` field types; `aws`,
//! `gcp`, `azure` the clouds (this version was tried on S3 as SeaweedFS speaks it, and not on the others).

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod ambient;
#[cfg(feature = "parquet")]
pub mod arrow;
pub mod checksum;
pub mod codec;
mod commit;
pub mod compress;
mod data;
mod dataset;
mod error;
mod health;
mod id;
mod json;
pub mod layout;
mod limits;
pub mod manifest;
mod metadata;
pub mod partition;
pub mod predicate;
mod progress;
pub mod record;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod volume;

pub use checksum::Checksum;
pub use codec::{Blob, Codec, Content};
pub use commit::{CommitToken, OnConflict, Retry};
pub use data::BlockData;
pub use dataset::{
    Added, Append, Begin, BlobContent, BlobWriter, Catalog, Dataset, HasRecords, HivePartitioned,
    IntoRecords, OpenWriter, PlannedFile, Read, ReadAttachment, RecordContent, RecordStream,
    RecordWriter, Scan, ScanPlan, SkippedBy, SkippedFile, Snapshot, StreamBlob, StreamWrite,
    Transaction, TransactionWriter, Write,
};
pub use error::{BoxError, Error, Result};
pub use health::{
    Expire, ExpireReport, Gc, GcReport, Problem, ProblemKind, Restore, Retain, Verify, VerifyLevel,
    VerifyReport,
};
pub use id::{DatasetId, Owner, SessionId, SnapshotId, VolumeId, VolumeSnapshotId, WriteId};
pub use layout::{DefaultLayout, FlatLayout, HiveLayout};
pub use limits::Limits;
pub use lode_derive::{Enum, Metadata, Record};
pub use metadata::{IntoMetadata, Metadata, MetadataDraft};
pub use partition::{PartitionFilter, PartitionValue};
pub use predicate::{Column, Predicate};
pub use progress::{Progress, ProgressFn};
pub use record::{Bytes, Partitioned, Record};
pub use store::{Check, Durability, Store, StoreBuilder, StoreReport};
pub use volume::{
    Base, CommitError, Committable, Committed, Discarded, New, Open, OpenVolume, Readable, Resume,
    Run, Session, Staged, StagedBlock, Stager, State, Volume, VolumeLimits, VolumeReader,
};
#[cfg(feature = "local")]
pub use volume::{Export, Import};

/// The code in the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
enum Readme {}
