//! Writing records that come one after the other, in bounded memory.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tracing::{Instrument, Span};

use super::attempt::{Attempt, Begun, Options, Plan};
use super::formats::Formats;
use super::ops::Operations;
use super::sink::Sink;
use super::source::IntoRecords;
use super::write::HivePartitioned;
use super::{Dataset, Snapshot};
use crate::codec::StreamingCodec;
use crate::error::{BoxError, Error, Result};
use crate::id::SnapshotId;
use crate::layout::Layout;
use crate::manifest::Operation;
use crate::metadata::{IntoMetadata, Metadata};
use crate::record::{Partitioned, Record};

/// Content that is written record by record: records.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not written record by record",
    label = "a blob has no records: `stream_write` it",
    note = "`stream_write_records`, `record_writer` and `begin` are for datasets of records"
)]
pub trait RecordContent: Record {}

#[diagnostic::do_not_recommend]
impl<T: Record> RecordContent for T {}

/// A write from a stream of records that begins when it is awaited.
#[must_use = "a write does nothing until it is awaited"]
pub struct StreamWrite<'a, T, L> {
    opening: OpenWriter<'a, T, L>,
    run: Box<dyn FnOnce(Operation, Opening<'a, T>) -> Writing<'a, T> + Send + 'a>,
}

/// A [`RecordWriter`] that is opened when this is awaited.
#[must_use = "a writer is opened when this is awaited"]
pub struct OpenWriter<'a, T, L> {
    operation: Operation,
    options: Options,
    open: Box<dyn FnOnce(Operation, Options) -> Opening<'a, T> + Send + 'a>,
    layout: PhantomData<fn() -> L>,
}

type Opening<'a, T> = BoxFuture<'a, Result<RecordWriter<T>>>;
type Writing<'a, T> = BoxFuture<'a, Result<Snapshot<T>>>;

/// Takes records one by one, in bounded memory, and makes one snapshot of them when it is
/// committed.
///
/// Dropping it makes no snapshot; what it stored until then is found by a later clean-up, where
/// [`abort`](Self::abort) removes it at once.
#[must_use = "a writer makes no snapshot until it is committed"]
pub struct RecordWriter<T> {
    formats: Formats<T>,
    state: State<T>,
    span: Span,
}

enum State<T> {
    Open(Box<Open<T>>),
    /// Its idempotency key was committed before: records are not needed.
    Already(Snapshot<T>),
    /// An error was returned.
    Failed,
    /// Committed or aborted.
    Done,
}

struct Open<T> {
    attempt: Attempt,
    sink: Sink<T>,
}

impl<T, C, L> Dataset<T, C, L> {
    /// Writes a snapshot that is exactly the records of `source`: an iterator or a stream, of
    /// records or of results. Memory stays bounded whatever their number; data files are stored as
    /// they fill, and nothing is visible before the last.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// # use lode::{Dataset, Record, Store, metadata};
    /// # #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// # struct Square { n: u64, square: u64 }
    /// let squares = Dataset::<Square>::new(&Store::memory(), "squares")?;
    /// let records = (0..1000).map(|n| Square { n, square: n * n });
    /// let snapshot = squares.stream_write_records(records, metadata! {}).await?;
    /// assert_eq!(snapshot.row_count(), 1000);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As for [`write`](Self::write). [`Error::Input`] if the source gives an error. After an error
    /// the data files that were stored are removed.
    pub fn stream_write_records<'a, S, Kind>(
        &'a self,
        source: S,
        metadata: impl IntoMetadata,
    ) -> StreamWrite<'a, T, L>
    where
        T: RecordContent,
        C: StreamingCodec<T>,
        L: Layout<T>,
        S: IntoRecords<'a, T, Kind>,
    {
        let records = source.into_records();
        StreamWrite {
            opening: self.record_writer(metadata),
            run: Box::new(move |operation, opening| {
                let span = tracing::info_span!(
                    "lode.stream_write_records",
                    dataset = %self.id(),
                    %operation,
                );
                write_all(opening, records).instrument(span).boxed()
            }),
        }
    }

    /// Opens a writer that takes records one by one: awaiting this gives a [`RecordWriter`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// # use lode::{Dataset, Record, Store, metadata};
    /// # #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// # struct Reading { celsius: f64 }
    /// let readings = Dataset::<Reading>::new(&Store::memory(), "readings")?;
    /// let mut writer = readings.record_writer(metadata! {}).append().await?;
    /// writer.push(&Reading { celsius: 21.5 }).await?;
    /// let snapshot = writer.commit().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When it is awaited, and before anything is written: [`Error::InvalidMetadata`];
    /// [`Error::Conflict`] if the head is not the expected one; [`Error::Expired`] if the snapshot that
    /// has its key has expired; [`Error::SchemaMismatch`] and [`Error::PartitioningMismatch`], as for
    /// [`append`](Self::append); [`Error::UncheckedStore`] and [`Error::UnsafeStore`] if the store is not
    /// committed to; and as for [`latest`](Self::latest). All others come from
    /// [`push`](RecordWriter::push) and [`commit`](RecordWriter::commit).
    pub fn record_writer<'a>(&'a self, metadata: impl IntoMetadata) -> OpenWriter<'a, T, L>
    where
        T: RecordContent,
        C: StreamingCodec<T>,
        L: Layout<T>,
    {
        let metadata = metadata.into_metadata();
        OpenWriter {
            operation: Operation::Write,
            options: Options::default(),
            open: Box::new(|operation, options| open(self, operation, metadata, options).boxed()),
            layout: PhantomData,
        }
    }
}

impl<T, L> OpenWriter<'_, T, L> {
    /// Adds to the newest snapshot's records instead of replacing them: see [`Dataset::append`].
    pub fn append(mut self) -> Self {
        self.operation = Operation::Append;
        self
    }

    /// Replaces only the partitions that records are written to: see
    /// [`Dataset::replace_partitions`].
    pub fn replace_partitions(mut self) -> Self
    where
        T: Partitioned,
        L: HivePartitioned,
    {
        self.operation = Operation::ReplacePartitions;
        self
    }

    /// Commits only on this head: see [`Write::expect_head`](super::Write::expect_head).
    pub fn expect_head(mut self, head: Option<SnapshotId>) -> Self {
        self.options.expect_head(head);
        self
    }

    /// Commits only once with this key: see
    /// [`Write::idempotency_key`](super::Write::idempotency_key). If it was committed before, the
    /// writer takes records without storing them, and its commit returns that snapshot.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }
}

impl<T, L> StreamWrite<'_, T, L> {
    /// Adds to the newest snapshot's records instead of replacing them: see [`Dataset::append`].
    pub fn append(mut self) -> Self {
        self.opening = self.opening.append();
        self
    }

    /// Replaces only the partitions that records are written to: see
    /// [`Dataset::replace_partitions`].
    pub fn replace_partitions(mut self) -> Self
    where
        T: Partitioned,
        L: HivePartitioned,
    {
        self.opening = self.opening.replace_partitions();
        self
    }

    /// Commits only on this head: see [`Write::expect_head`](super::Write::expect_head).
    pub fn expect_head(mut self, head: Option<SnapshotId>) -> Self {
        self.opening = self.opening.expect_head(head);
        self
    }

    /// Commits only once with this key: see
    /// [`Write::idempotency_key`](super::Write::idempotency_key).
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.opening = self.opening.idempotency_key(key);
        self
    }
}

impl<'a, T, L> IntoFuture for OpenWriter<'a, T, L> {
    type Output = Result<RecordWriter<T>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        (self.open)(self.operation, self.options)
    }
}

impl<'a, T, L> IntoFuture for StreamWrite<'a, T, L> {
    type Output = Result<Snapshot<T>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)(self.opening.operation.clone(), self.opening.into_future())
    }
}

async fn open<T, C, L>(
    dataset: &Dataset<T, C, L>,
    operation: Operation,
    metadata: Result<Metadata>,
    options: Options,
) -> Result<RecordWriter<T>>
where
    T: Record,
    C: StreamingCodec<T>,
    L: Layout<T>,
{
    let format = dataset.codec.format();
    let partitioning = dataset.layout.partitioning();
    let (compression, extension) = T::storage(&format);
    let formats = dataset.formats();
    let encoding = T::encoding(&formats, &format, partitioning.as_ref());
    let span = tracing::info_span!("lode.record_writer", dataset = %dataset.id(), %operation);
    let plan = Plan { operation, metadata: metadata?, options, encoding };
    let begin = Attempt::begin(&dataset.context, plan, compression, extension);
    let begun = begin.instrument(span.clone()).await?;
    let state = match begun {
        Begun::Fresh(attempt) => {
            let sink = Sink::new(attempt.staging.clone(), format, partitioning);
            State::Open(Box::new(Open { attempt: *attempt, sink }))
        }
        Begun::Already(manifest) => State::Already(dataset.open(manifest)?),
    };
    Ok(RecordWriter { formats, state, span })
}

/// Writes what a source gives, and commits.
async fn write_all<T: RecordContent>(
    opening: Opening<'_, T>,
    mut records: BoxStream<'_, Result<T, BoxError>>,
) -> Result<Snapshot<T>> {
    let mut writer = opening.await?;
    loop {
        let next = match &mut writer.state {
            State::Open(open) => open.sink.next_of(&mut records).await,
            // It was committed before.
            _ => Ok(None),
        };
        match next {
            Ok(Some(record)) => writer.push(&record).await?,
            Ok(None) => return writer.commit().await,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        }
    }
}

impl<T: Record> RecordWriter<T> {
    /// Adds a record. Waits only while too much is in flight.
    ///
    /// If this future is dropped while it waits (by `select!` or `timeout`), records may be missing,
    /// and the writer has failed too. No snapshot is made by it; what it had stored is left to a
    /// [clean-up](Dataset::gc).
    ///
    /// # Errors
    /// Whatever has gone wrong since the last call, with this record or one before it: the writer
    /// is given up then, and what it stored is removed; any later call is
    /// [`Error::WriterFailed`].
    pub async fn push(&mut self, record: &T) -> Result<()> {
        let pushed = match &mut self.state {
            State::Open(open) => open.sink.push(record),
            State::Already(_) => return Ok(()),
            State::Failed | State::Done => return Err(self.failed()),
        };
        if matches!(pushed, Ok(false)) {
            return Ok(());
        }
        // If this future is dropped from here on, records may be missing: the writer has failed.
        let State::Open(mut open) = std::mem::replace(&mut self.state, State::Failed) else {
            return Err(self.failed());
        };
        let settled = match pushed {
            Ok(_) => open.sink.settle().await,
            Err(e) => Err(e),
        };
        match settled {
            Ok(()) => self.state = State::Open(open),
            Err(_) => open.sink.abort().await,
        }
        settled
    }

    /// Stores what is left and commits the snapshot.
    ///
    /// # Errors
    /// As for [`Dataset::write`]; [`Error::WriterFailed`] if a [`push`](Self::push) returned an error
    /// before, or its future was dropped while it waited.
    pub async fn commit(self) -> Result<Snapshot<T>> {
        let span = self.span.clone();
        self.finish().instrument(span).await
    }

    async fn finish(mut self) -> Result<Snapshot<T>> {
        let Open { attempt, sink } = match std::mem::replace(&mut self.state, State::Done) {
            State::Open(open) => *open,
            State::Already(snapshot) => return Ok(snapshot),
            State::Failed | State::Done => return Err(self.failed()),
        };
        let files = sink.finish_all().await?;
        attempt.commit(&self.formats, files).await.map(Snapshot::new)
    }

    /// Gives the writer up, and removes what it stored, best effort.
    pub async fn abort(mut self) {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Done) {
            open.sink.abort().await;
        }
    }

    fn failed(&self) -> Error {
        Error::WriterFailed { dataset: self.formats.dataset().clone() }
    }
}

impl<T> RecordWriter<T> {
    /// How many records it has taken; 0 if its idempotency key was committed before, as it then
    /// stores none, and 0 once it has failed.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match &self.state {
            State::Open(open) => open.sink.rows(),
            _ => 0,
        }
    }
}

impl<T> Drop for RecordWriter<T> {
    fn drop(&mut self) {
        if let State::Open(open) = &self.state {
            tracing::warn!(
                dataset = %self.formats.dataset(),
                rows = open.sink.rows(),
                "a record writer was dropped without `commit` or `abort`: no snapshot was made",
            );
        }
    }
}

impl<T: Record> fmt::Debug for RecordWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordWriter")
            .field("dataset", self.formats.dataset())
            .field("rows", &self.rows())
            .finish_non_exhaustive()
    }
}
