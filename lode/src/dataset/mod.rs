//! Datasets: typed collections of records, or of blobs, as a chain of immutable snapshots.
//!
//! ```text
//! Dataset ── write / append / replace_partitions ──► batch.rs ┐
//!         ── stream_write_records, record_writer ──► sink.rs  ├─► attempt.rs ──► crate::commit
//!         ── stream_write ─────────────────────────► blob.rs  ┤
//!         ── begin ──► transaction/ ───────────────────────────┘
//!         ── latest, snapshot, history, as_of ─────► history.rs ──► Snapshot
//!         ── read, stream, stream_added ───────────► read.rs ──► crate::data
//! ```

mod attempt;
mod batch;
mod blob;
mod catalog;
mod chain;
mod context;
mod draft;
mod evolution;
mod examine;
mod file;
mod formats;
mod history;
mod measure;
mod ops;
mod order;
mod read;
#[cfg(feature = "parquet")]
mod record_batches;
mod scan;
mod sink;
mod snapshot;
mod source;
mod staging;
mod stream;
mod transaction;
mod write;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub use blob::{BlobContent, BlobWriter, StreamBlob};
pub use catalog::Catalog;
pub(crate) use draft::content_name;
pub use history::Added;
pub(crate) use history::open;
pub(crate) use ops::Operations;
pub use read::{HasRecords, Read, RecordStream};
pub use scan::{PlannedFile, Scan, ScanPlan, SkippedBy, SkippedFile};
pub use snapshot::Snapshot;
pub use source::IntoRecords;
pub use stream::{OpenWriter, RecordContent, RecordWriter, StreamWrite};
pub use transaction::{Begin, ReadAttachment, Transaction, TransactionWriter};
pub use write::{Append, HivePartitioned, Write};

use crate::checksum::Checksum;
use crate::codec::{Auto, Codec, Content};
use crate::commit::{History, OnConflict};
use crate::error::{Error, Result};
use crate::id::DatasetId;
use crate::layout::{DefaultLayout, Layout, Paths};
use crate::limits::Limits;
use crate::progress::Progress;
use crate::store::Store;

pub(crate) use chain::DatasetChain;
use context::Context;
use formats::Decoder;
pub(crate) use formats::Formats;

/// A typed collection on a [`Store`]: every write makes an immutable [`Snapshot`].
///
/// A handle is a cheap clone and does no I/O until it is asked to. It holds settings and the newest
/// head it has seen (only to look there first); any number of handles, tasks and processes may use
/// one dataset at once.
///
/// `T` is a struct with `#[derive(Record)]`, or [`Blob`](crate::Blob).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
/// use lode::{Dataset, Record, Store, metadata};
///
/// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Record)]
/// struct Reading { sensor: String, celsius: f64 }
///
/// let store = Store::memory();
/// let readings = Dataset::<Reading>::new(&store, "readings")?;
/// let records = vec![Reading { sensor: "roof".into(), celsius: 21.5 }];
/// let snapshot = readings.write(&records, metadata! { "source": "roof" }).await?;
/// assert_eq!(readings.read(&snapshot).await?, records);
/// # Ok(()) }
/// ```
///
/// The struct has no bounds; its methods do, and say in plain words what is missing.
pub struct Dataset<T, C = Auto, L = DefaultLayout> {
    context: Context,
    codec: C,
    layout: L,
    decoders: Arc<[Decoder<T>]>,
    content: PhantomData<fn() -> T>,
}

impl<T> Dataset<T> {
    /// A handle on the dataset `id` of `store`, with the content's own codec and the default
    /// layout. No I/O.
    ///
    /// # Errors
    /// [`Error::InvalidId`] for text that is not a dataset's id.
    pub fn new<I>(store: &Store, id: I) -> Result<Self>
    where
        T: Content,
        I: TryInto<DatasetId>,
        Error: From<I::Error>,
    {
        let limits = Limits::default();
        let of = DatasetChain { dataset: id.try_into()?, paths: Paths::Default };
        let history = History::new(store.clone(), of, limits.max_manifest_bytes);
        let context = Context {
            history,
            checksum: Some(Checksum::default()),
            on_conflict: OnConflict::default(),
            limits,
            progress: None,
            statistics: true,
        };
        Ok(Self {
            context,
            codec: Auto,
            layout: DefaultLayout,
            decoders: Arc::new([]),
            content: PhantomData,
        })
    }
}

impl<T, C, L> Dataset<T, C, L> {
    /// This handle, writing with `codec` (which includes the compression). Reading needs no codec
    /// to be named: it follows what each manifest says.
    #[must_use]
    pub fn codec<D>(self, codec: D) -> Dataset<T, D, L>
    where
        T: Content,
        D: Codec<T>,
    {
        let Self { context, layout, decoders, content, .. } = self;
        Dataset { context, codec, layout, decoders, content }
    }

    /// This handle with another layout. A dataset has one layout for ever: writing it with another
    /// one is [`Error::LayoutMismatch`].
    #[must_use]
    pub fn layout<M>(self, layout: M) -> Dataset<T, C, M>
    where
        M: Layout<T>,
    {
        let Self { mut context, codec, decoders, content, .. } = self;
        let History { store, of, max_manifest_bytes, .. } = context.history;
        let of = DatasetChain { paths: layout.paths(), ..of };
        context.history = History::new(store, of, max_manifest_bytes);
        Dataset { context, codec, layout, decoders, content }
    }

    /// This handle, writing files with another checksum, or with none. Default: xxh3-128. Reading
    /// verifies every file by the checksum it was written with.
    #[must_use]
    pub fn checksum(mut self, checksum: impl Into<Option<Checksum>>) -> Self {
        self.context.checksum = checksum.into();
        self
    }

    /// Whether files are written with statistics: for every column the least and the greatest value,
    /// and how many are null. Default: yes. A [`scan`](Self::scan) leaves files unread by them. Without
    /// them manifests are smaller, and writing is a little faster; those of the timestamp column are
    /// written always.
    #[must_use]
    pub fn statistics(mut self, on: bool) -> Self {
        self.context.statistics = on;
        self
    }

    /// What an append does when another writer was first. Default: rebase and retry.
    #[must_use]
    pub fn on_conflict(mut self, policy: OnConflict) -> Self {
        self.context.on_conflict = policy;
        self
    }

    /// Limits on memory, concurrency and file sizes.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.context.history.max_manifest_bytes = limits.max_manifest_bytes;
        self.context.limits = limits;
        self
    }

    /// Tells every read and write of this handle to `tell`: see [`Progress`]. The function belongs to the
    /// handle and its clones, and each call counts from zero: calls that run at once are not told
    /// apart, so give each a handle of its own (a clone with its own function).
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.context.progress = Some(Arc::new(tell));
        self
    }

    /// Adds a codec, with its compression, for reading. lode's own are known, and so is the one the
    /// handle writes with.
    #[must_use]
    pub fn decoder<D>(mut self, codec: D) -> Self
    where
        T: Content,
        D: Codec<T>,
    {
        let added = [T::decoder(&codec.format())];
        self.decoders = self.decoders.iter().cloned().chain(added).collect();
        self
    }

    /// The dataset's id.
    #[must_use]
    pub fn id(&self) -> &DatasetId {
        &self.context.history.of.dataset
    }

    /// The store it is on.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.context.history.store
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }
}

impl<T, C: Clone, L: Clone> Clone for Dataset<T, C, L> {
    fn clone(&self) -> Self {
        Self {
            context: self.context.clone(),
            codec: self.codec.clone(),
            layout: self.layout.clone(),
            decoders: Arc::clone(&self.decoders),
            content: PhantomData,
        }
    }
}

impl<T, C, L> fmt::Debug for Dataset<T, C, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("context", &self.context)
            .field("codec", &std::any::type_name::<C>())
            .finish_non_exhaustive()
    }
}
