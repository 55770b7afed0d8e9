//! Writing a batch: `write`, `append`, `replace_partitions`.

use std::future::IntoFuture;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::Instrument;

use super::attempt::{Attempt, Begun, Options, Plan};
use super::{Dataset, Snapshot};
use crate::codec::{Codec, Content};
use crate::error::Result;
use crate::id::SnapshotId;
use crate::layout::{HiveLayout, Layout};
use crate::manifest::Operation;
use crate::metadata::{IntoMetadata, Metadata};
use crate::record::{Partitioned, Record};

/// A write that begins when it is awaited.
///
/// If its future is dropped before the manifest is sent, nothing becomes visible; after that, the
/// commit ends by itself in the background, as committed or not. An
/// [`idempotency_key`](Self::idempotency_key) makes trying again safe.
#[must_use = "a write does nothing until it is awaited"]
pub struct Write<'a, T: Content, C, L> {
    dataset: &'a Dataset<T, C, L>,
    batch: &'a T::Batch,
    operation: Operation,
    metadata: Result<Metadata>,
    options: Options,
}

/// What [`Dataset::append`] takes: records.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be appended to",
    label = "a blob snapshot is one blob: `write` it",
    note = "`append` is for datasets of records"
)]
pub trait Append: Record {}

#[diagnostic::do_not_recommend]
impl<T: Record> Append for T {}

/// A layout whose partitions [`Dataset::replace_partitions`] can replace: [`HiveLayout`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no partitions to replace",
    label = "not a partitioned layout",
    note = "choose `.layout(HiveLayout)` for this dataset"
)]
pub trait HivePartitioned {}

impl HivePartitioned for HiveLayout {}

impl<T, C, L> Dataset<T, C, L> {
    /// Writes a snapshot that is exactly this batch: the records of a slice, or the bytes of a blob.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Blob, Dataset, Store, metadata};
    ///
    /// let backups = Dataset::<Blob>::new(&Store::memory(), "backups")?;
    /// let snapshot = backups.write(b"all of it", metadata! { "host": "a" }).await?;
    /// assert_eq!(backups.read_blob(&snapshot).await?, "all of it");
    /// # Ok(()) }
    /// ```
    ///
    /// Which call to use: this one for records in memory; [`append`](Self::append) to add to what
    /// is there; [`stream_write_records`](Self::stream_write_records) for more records than fit in
    /// memory; [`stream_write`](Self::stream_write) for a blob that comes in pieces.
    ///
    /// # Errors
    /// Nothing is visible after any error but [`Error::CommitUnknown`], and [`Error::Task`] where the
    /// runtime shuts down or the store panics, after which it may be.
    /// [`Error::Encode`] and [`Error::InvalidPartition`] come before any data object exists;
    /// [`Error::Conflict`] if another writer committed meanwhile (a replacing write is never moved
    /// onto another head). [`Error::UncheckedStore`] and [`Error::UnsafeStore`] if the store is not
    /// committed to: nothing is written then.
    ///
    /// [`Error::CommitUnknown`]: crate::Error::CommitUnknown
    /// [`Error::Task`]: crate::Error::Task
    /// [`Error::UncheckedStore`]: crate::Error::UncheckedStore
    /// [`Error::UnsafeStore`]: crate::Error::UnsafeStore
    /// [`Error::Encode`]: crate::Error::Encode
    /// [`Error::InvalidPartition`]: crate::Error::InvalidPartition
    /// [`Error::Conflict`]: crate::Error::Conflict
    pub fn write<'a>(
        &'a self,
        batch: &'a T::Batch,
        metadata: impl IntoMetadata,
    ) -> Write<'a, T, C, L>
    where
        T: Content,
        C: Codec<T>,
        L: Layout<T>,
    {
        self.batch(batch, Operation::Write, metadata)
    }

    /// Writes a snapshot with the records of the newest one and these. The files of the newest are
    /// referred to, not written again. If another writer commits meanwhile, this append is moved
    /// onto its head, as the [`OnConflict`](crate::OnConflict) policy says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// # use lode::{Dataset, Record, Store, metadata};
    /// # #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// # struct Reading { celsius: f64 }
    /// let readings = Dataset::<Reading>::new(&Store::memory(), "readings")?;
    /// readings.append(&[Reading { celsius: 21.5 }], metadata! {}).await?;
    /// let all = readings
    ///     .append(&[Reading { celsius: 21.7 }], metadata! {})
    ///     .idempotency_key("2013-02")     // appended once, however often it is tried
    ///     .await?;
    /// assert_eq!(all.row_count(), 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As for [`write`](Self::write), [`Error::UncheckedStore`](crate::Error::UncheckedStore) and
    /// [`Error::UnsafeStore`](crate::Error::UnsafeStore) among them. And, before anything is written,
    /// and again if it is moved onto another head:
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch) if the newest snapshot has records that
    /// `T` cannot read, by the [rules of evolution](crate::record#evolution);
    /// [`Error::PartitioningMismatch`](crate::Error::PartitioningMismatch) if it is partitioned by
    /// other keys.
    pub fn append<'a>(
        &'a self,
        records: &'a T::Batch,
        metadata: impl IntoMetadata,
    ) -> Write<'a, T, C, L>
    where
        T: Content + Append,
        C: Codec<T>,
        L: Layout<T>,
    {
        self.batch(records, Operation::Append, metadata)
    }

    /// Writes a snapshot in which the partitions that these records belong to are exactly these
    /// records, and all other partitions are as in the newest snapshot. Where a partition key is a name
    /// of an enum that was renamed, with `#[serde(alias)]` for the old one, partitions by the old name
    /// are those of the new one.
    ///
    /// A file that stays and does not say how many records it has, or between which times they are
    /// (Go Lode's do not), is read whole to find out.
    ///
    /// # Errors
    /// As for [`append`](Self::append); it is never moved onto another head.
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch) is about the files that stay, and comes
    /// when the data are stored, which are removed again. So do the errors of a file that is read,
    /// those of [`read`](Self::read): [`Error::Corrupt`](crate::Error::Corrupt),
    /// [`Error::Decode`](crate::Error::Decode),
    /// [`Error::CodecUnavailable`](crate::Error::CodecUnavailable).
    pub fn replace_partitions<'a>(
        &'a self,
        records: &'a T::Batch,
        metadata: impl IntoMetadata,
    ) -> Write<'a, T, C, L>
    where
        T: Content + Partitioned,
        C: Codec<T>,
        L: Layout<T> + HivePartitioned,
    {
        self.batch(records, Operation::ReplacePartitions, metadata)
    }

    fn batch<'a>(
        &'a self,
        batch: &'a T::Batch,
        operation: Operation,
        metadata: impl IntoMetadata,
    ) -> Write<'a, T, C, L>
    where
        T: Content,
    {
        let metadata = metadata.into_metadata();
        Write { dataset: self, batch, operation, metadata, options: Options::default() }
    }
}

impl<T: Content, C, L> Write<'_, T, C, L> {
    /// Commits only if this is the head (`None`: only as the first snapshot). Compared before
    /// anything is written, and never moved onto another head:
    /// [`Error::Conflict`](crate::Error::Conflict) otherwise.
    pub fn expect_head(mut self, head: Option<SnapshotId>) -> Self {
        self.options.expect_head(head);
        self
    }

    /// Commits only if no snapshot has this key; if one has, that one is returned and nothing is
    /// written. The key is looked for in the last 64 snapshots and in all that are committed
    /// meanwhile: beyond 64 commits it is not found. A damaged manifest among those 64 makes the
    /// write fail, as it could be the one that has the key.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }
}

impl<'a, T, C, L> IntoFuture for Write<'a, T, C, L>
where
    T: Content,
    C: Codec<T>,
    L: Layout<T>,
{
    type Output = Result<Snapshot<T>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let span = tracing::info_span!(
            "lode.write",
            dataset = %self.dataset.id(),
            operation = %self.operation,
        );
        self.run().instrument(span).boxed()
    }
}

impl<T, C, L> Write<'_, T, C, L>
where
    T: Content,
    C: Codec<T>,
    L: Layout<T>,
{
    async fn run(self) -> Result<Snapshot<T>> {
        let Self { dataset, batch, operation, metadata, options } = self;
        let format = dataset.codec.format();
        let partitioning = dataset.layout.partitioning();
        let (compression, extension) = T::storage(&format);
        let formats = dataset.formats();
        let encoding = T::encoding(&formats, &format, partitioning.as_ref());
        let plan = Plan { operation, metadata: metadata?, options, encoding };
        let begun = Attempt::begin(&dataset.context, plan, compression, extension).await?;
        let attempt = match begun {
            Begun::Fresh(attempt) => attempt,
            Begun::Already(manifest) => return dataset.open(manifest),
        };
        let written = T::write_batch(&attempt.staging, &format, partitioning, batch).await;
        let files = attempt.staging.or_clean_up(written).await?;
        let manifest = attempt.commit(&formats, files).await?;
        Ok(Snapshot::new(manifest))
    }
}
