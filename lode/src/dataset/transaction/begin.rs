//! Beginning a transaction.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::Instrument;

use super::ledger::Ledger;
use super::writer::Stage;
use super::{End, Open, State, Transaction};
use crate::codec::StreamingCodec;
use crate::dataset::attempt::{Attempt, Begun, Options, Plan};
use crate::dataset::ops::Operations;
use crate::dataset::write::HivePartitioned;
use crate::dataset::{Dataset, RecordContent, Snapshot};
use crate::error::Result;
use crate::id::SnapshotId;
use crate::layout::Layout;
use crate::manifest::{Manifest, Operation};
use crate::metadata::{IntoMetadata, Metadata};
use crate::record::{Partitioned, Record};

/// A [`Transaction`] that begins when this is awaited.
#[must_use = "a transaction begins when this is awaited"]
pub struct Begin<'a, T, L> {
    plan: Beginning,
    open: Box<dyn FnOnce(Beginning) -> BoxFuture<'a, Result<Transaction<T>>> + Send + 'a>,
    of: PhantomData<fn() -> (T, L)>,
}

struct Beginning {
    operation: Operation,
    options: Options,
    /// The snapshot that it is bound to.
    on: Option<Arc<Manifest>>,
}

impl<T, C, L> Dataset<T, C, L> {
    /// Begins a transaction: files and attachments that are staged from any number of tasks, and
    /// committed at once, as one snapshot. Awaiting this gives a [`Transaction`].
    ///
    /// It writes a snapshot that is exactly what is staged, unless it is to
    /// [`append`](Begin::append). It notes the newest snapshot when it begins.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use lode::{Dataset, Record, Store, metadata};
    /// # #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// # struct Square { n: u64, square: u64 }
    /// let squares = Dataset::<Square>::new(&Store::memory(), "squares")?;
    /// let transaction = squares.begin(metadata! { "upto": 400 }).await?;
    /// let mut tasks = tokio::task::JoinSet::new();
    /// for part in 0..4 {
    ///     let writer = transaction.writer();
    ///     tasks.spawn(async move {
    ///         let records = (part * 100..(part + 1) * 100).map(|n| Square { n, square: n * n });
    ///         writer.stream_write_records(records).await
    ///     });
    /// }
    /// while let Some(staged) = tasks.join_next().await {
    ///     staged??;
    /// }
    /// transaction.attach("notes/how.md", b"by multiplication").await?;
    /// let snapshot = transaction.commit().await?;
    ///
    /// assert_eq!((snapshot.row_count(), snapshot.files().len()), (400, 4));
    /// assert_eq!(squares.attachment(&snapshot, "notes/how.md").await?, "by multiplication");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Before anything is written: [`Error::InvalidMetadata`](crate::Error::InvalidMetadata);
    /// [`Error::Conflict`](crate::Error::Conflict) if the head is not the expected one;
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch) and its like for an append to other
    /// records; [`Error::UncheckedStore`](crate::Error::UncheckedStore) and
    /// [`Error::UnsafeStore`](crate::Error::UnsafeStore) if the store is not committed to;
    /// [`Error::Storage`](crate::Error::Storage).
    pub fn begin<'a>(&'a self, metadata: impl IntoMetadata) -> Begin<'a, T, L>
    where
        T: RecordContent,
        C: StreamingCodec<T>,
        L: Layout<T>,
    {
        let metadata = metadata.into_metadata();
        let plan = Beginning { operation: Operation::Write, options: Options::default(), on: None };
        let open = move |plan| begin(self, metadata, plan).boxed();
        Begin { plan, open: Box::new(open), of: PhantomData }
    }
}

impl<T, L> Begin<'_, T, L> {
    /// Binds it to this snapshot, which its records were computed from: it is committed only if this
    /// is the head still (clean-ups apart), and never moved onto another one. That is compared when it
    /// begins, and again by its commit: [`Error::Conflict`](crate::Error::Conflict) otherwise.
    pub fn on(mut self, snapshot: &Snapshot<T>) -> Self {
        self.plan.on = Some(Arc::clone(snapshot.shared()));
        self.expect_head(Some(snapshot.id()))
    }

    /// As [`on`](Self::on), by the snapshot's number; `None` for a first snapshot.
    pub fn expect_head(mut self, head: Option<SnapshotId>) -> Self {
        self.plan.options.expect_head(head);
        self
    }

    /// Adds to the newest snapshot's records instead of replacing them: see [`Dataset::append`]. It is
    /// moved onto newer snapshots, unless it is bound to one. Attachments of older snapshots stay
    /// theirs.
    pub fn append(mut self) -> Self {
        self.plan.operation = Operation::Append;
        self
    }

    /// Replaces only the partitions that records are staged for: see [`Dataset::replace_partitions`].
    pub fn replace_partitions(mut self) -> Self
    where
        T: Partitioned,
        L: HivePartitioned,
    {
        self.plan.operation = Operation::ReplacePartitions;
        self
    }

    /// Commits only once with this key: see [`Write::idempotency_key`](crate::Write::idempotency_key). If
    /// it was committed before, nothing that is staged is stored, and the commit returns
    /// [that snapshot](Transaction::committed_before).
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.plan.options.idempotency_key = Some(key.into());
        self
    }
}

impl<'a, T, L> IntoFuture for Begin<'a, T, L> {
    type Output = Result<Transaction<T>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        (self.open)(self.plan)
    }
}

async fn begin<T, C, L>(
    dataset: &Dataset<T, C, L>,
    metadata: Result<Metadata>,
    beginning: Beginning,
) -> Result<Transaction<T>>
where
    T: Record,
    C: StreamingCodec<T>,
    L: Layout<T>,
{
    let Beginning { operation, options, on } = beginning;
    if let Some(on) = on {
        dataset.context.history.owns(&on)?;
    }
    let format = dataset.codec.format();
    let partitioning = dataset.layout.partitioning();
    let (compression, extension) = T::storage(&format);
    let formats = dataset.formats();
    let encoding = T::encoding(&formats, &format, partitioning.as_ref());
    let span = tracing::info_span!("lode.transaction", dataset = %dataset.id(), %operation);
    let plan = Plan { operation, metadata: metadata?, options, encoding };
    let begin = Attempt::begin(&dataset.context, plan, compression, extension);
    let state = match begin.instrument(span.clone()).await? {
        Begun::Fresh(attempt) => {
            let staging = attempt.staging.clone();
            let stage = Stage { staging, ledger: Ledger::default(), format, partitioning };
            State::Open(Box::new(Open { attempt: *attempt, end: End { stage: Arc::new(stage) } }))
        }
        Begun::Already(manifest) => State::Already(dataset.open(manifest)?),
    };
    Ok(Transaction { formats, state, span })
}
