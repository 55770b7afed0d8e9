//! Reading records: all of them, or as they come; of all files, or of some.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::vec;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use tracing::Instrument;

use super::formats::Formats;
use super::{Dataset, Snapshot};
use crate::codec::{Codec, Content};
use crate::error::{Error, Result};
use crate::manifest::{FileRef, Manifest};
use crate::partition::{PartitionFilter, PartitionValue, Renames};
use crate::record::Record;

/// Content that is read as records: records.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no records to read",
    label = "a blob is bytes: `read_blob` or `stream_blob` it",
    note = "`read`, `scan`, `stream` and `stream_added` are for datasets of records"
)]
pub trait HasRecords: Record {}

#[diagnostic::do_not_recommend]
impl<T: Record> HasRecords for T {}

/// A read that begins when it is awaited (for all records) or streamed.
#[must_use = "a read does nothing until it is awaited or streamed"]
pub struct Read<'a, T> {
    formats: Formats<T>,
    snapshot: &'a Snapshot<T>,
    filter: PartitionFilter,
    renames: Renames,
    older: Option<&'a Snapshot<T>>,
    // Functions, so that awaiting needs no bounds: what is missing is reported once, at `read`.
    collect: fn(Files<T>) -> BoxFuture<'static, Result<Vec<T>>>,
    stream: fn(Files<T>) -> BoxStream<'static, Result<Vec<T>>>,
}

/// The files that a read has chosen.
struct Files<T> {
    formats: Formats<T>,
    manifest: Arc<Manifest>,
    files: Vec<FileRef>,
}

/// The records of a snapshot, as they come, in bounded memory: a [`Stream`].
///
/// Records come in the order of their files' paths, and in the order they were written within a
/// file. What is wrong with a file as a whole (its size, its checksum, its number of records) is
/// said after its last record; after an error the stream ends.
#[must_use = "streams do nothing unless polled"]
pub struct RecordStream<T> {
    chunks: BoxStream<'static, Result<Vec<T>>>,
    current: vec::IntoIter<T>,
}

impl<T, C, L> Dataset<T, C, L> {
    /// All records of a snapshot: `dataset.read(&snapshot).await?`. Every file is verified whole
    /// before anything is returned.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// # use lode::{Dataset, HiveLayout, Record, Store, metadata};
    /// # #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// # struct Flight { #[lode(partition)] carrier: String, number: u32 }
    /// let store = Store::memory();
    /// let flights = Dataset::<Flight>::new(&store, "flights")?.layout(HiveLayout);
    /// # let records = [Flight { carrier: "UA".into(), number: 1 }, Flight { carrier: "AA".into(), number: 2 }];
    /// let snapshot = flights.write(&records, metadata! {}).await?;
    /// let all = flights.read(&snapshot).await?;
    /// let some = flights.read(&snapshot).partition("carrier", "UA").await?;  // opens only these files
    /// assert_eq!((all.len(), some.len()), (2, 1));
    /// # Ok(()) }
    /// ```
    ///
    /// Which decoder, decompression and checksum a file needs is said by the manifest, not by this
    /// handle.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a file that is missing or not what was written,
    /// [`Error::Decode`] for a record that is not one, [`Error::Expired`] if the snapshot has
    /// expired since it was opened, [`Error::SnapshotNotFound`] for a snapshot of another dataset,
    /// [`Error::SchemaMismatch`] before the first file is read, if `T` cannot read all of them;
    /// [`Error::UnknownPartitionKey`], [`Error::LimitExceeded`], [`Error::CodecUnavailable`],
    /// [`Error::Storage`].
    pub fn read<'a>(&self, snapshot: &'a Snapshot<T>) -> Read<'a, T>
    where
        T: HasRecords,
        C: Codec<T>,
    {
        Read {
            formats: self.formats(),
            snapshot,
            filter: PartitionFilter::new(),
            renames: Renames::of(T::SCHEMA.fields()),
            older: None,
            collect: |files| collect(files).boxed(),
            stream: in_order,
        }
    }

    /// The records of a snapshot as they come: short for `read(snapshot).stream()`.
    pub fn stream(&self, snapshot: &Snapshot<T>) -> RecordStream<T>
    where
        T: HasRecords,
        C: Codec<T>,
    {
        self.read(snapshot).stream()
    }
}

impl<T: Content, C: Codec<T>, L> Dataset<T, C, L> {
    /// What this handle can read.
    pub(crate) fn formats(&self) -> Formats<T> {
        let own = T::decoder(&self.codec.format());
        let known = std::iter::once(own).chain(self.decoders.iter().cloned()).collect();
        Formats::new(&self.context, known)
    }
}

impl<'a, T> Read<'a, T> {
    /// Only files of partitions where `key` has `value`. Several values of one key mean any of
    /// them; several keys mean all of them. `None` is null. A name of an enum that was renamed, with
    /// `#[serde(alias)]` for the old one, is found by both, whichever the partition is called by.
    pub fn partition(mut self, key: &str, value: impl Into<PartitionValue>) -> Self {
        self.filter = self.filter.with(key, value);
        self
    }

    /// Only files of partitions that `filter` matches.
    pub fn partitions(mut self, filter: PartitionFilter) -> Self {
        self.filter = filter;
        self
    }

    /// Only files that `older`, a snapshot of the same dataset, has not.
    pub fn added_since(mut self, older: &'a Snapshot<T>) -> Self {
        self.older = Some(older);
        self
    }
}

impl<T: Send + 'static> Read<'_, T> {
    /// The records as they come, in bounded memory.
    pub fn stream(self) -> RecordStream<T> {
        let chunks = match self.files() {
            Ok(files) => (self.stream)(files),
            Err(e) => futures::stream::once(futures::future::err(e)).boxed(),
        };
        RecordStream::new(chunks)
    }

    /// Chooses the files to read.
    fn files(&self) -> Result<Files<T>> {
        let history = &self.formats.context.history;
        let manifest = self.snapshot.shared();
        history.owns(manifest)?;
        check_keys(&self.filter, manifest)?;
        let wanted = self.renames.filter(&self.filter);
        let mut known = HashSet::new();
        if let Some(older) = self.older {
            history.owns(older.manifest())?;
            known.extend(older.files().iter().map(|file| file.path.as_str()));
        }
        let is_wanted = |file: &&FileRef| {
            is_in(file, &wanted, &self.renames) && !known.contains(file.path.as_str())
        };
        let files = manifest.files.iter().filter(is_wanted).cloned().collect();
        Ok(Files { formats: self.formats.clone(), manifest: Arc::clone(manifest), files })
    }
}

/// Makes sure that the files of `manifest` have the partition keys of `filter`.
pub(super) fn check_keys(filter: &PartitionFilter, manifest: &Manifest) -> Result<()> {
    let keys = manifest.partition_keys();
    if !manifest.files.is_empty()
        && let Some(unknown) = filter.keys().find(|key| !keys.iter().any(|k| k == key))
    {
        let (snapshot, key) = (manifest.snapshot_id, unknown.to_owned());
        return Err(Error::UnknownPartitionKey { snapshot, key, keys });
    }
    Ok(())
}

/// Whether a file is in a partition that `filter` wants, which has the names of today.
pub(super) fn is_in(file: &FileRef, filter: &PartitionFilter, renames: &Renames) -> bool {
    let is_wanted = |partition| filter.matches(&renames.partition(partition));
    filter.is_empty() || file.partition().is_some_and(is_wanted)
}

impl<'a, T: Send + 'static> IntoFuture for Read<'a, T> {
    type Output = Result<Vec<T>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let span = tracing::info_span!(
            "lode.read",
            dataset = %self.formats.dataset(),
            snapshot = %self.snapshot.id(),
        );
        match self.files() {
            Ok(files) => (self.collect)(files).instrument(span).boxed(),
            Err(e) => futures::future::err(e).boxed(),
        }
    }
}

async fn collect<T: Record>(files: Files<T>) -> Result<Vec<T>> {
    let Files { formats, manifest, files } = files;
    formats.check(&manifest, &files)?;
    let concurrency = formats.context.limits.read_concurrency;
    let records = all_of(files, concurrency, |file| formats.all_records(&manifest, &file)).await?;
    tracing::debug!(records = records.len(), "read");
    Ok(records)
}

/// All records of these files, in order, with some files at once.
pub(super) async fn all_of<F, T, R: Future<Output = Result<Vec<T>>>>(
    files: Vec<F>,
    concurrency: usize,
    read: impl Fn(F) -> R,
) -> Result<Vec<T>> {
    let mut parts = futures::stream::iter(files).map(read).buffered(concurrency.max(1));
    let mut records = Vec::new();
    while let Some(mut part) = parts.try_next().await? {
        match records.is_empty() {
            true => records = part,
            false => records.append(&mut part),
        }
    }
    Ok(records)
}

fn in_order<T: Record>(files: Files<T>) -> BoxStream<'static, Result<Vec<T>>> {
    let Files { formats, manifest, files } = files;
    if let Err(e) = formats.check(&manifest, &files) {
        return futures::stream::once(futures::future::err(e)).boxed();
    }
    let ahead = formats.context.limits.read_concurrency;
    one_by_one(files, ahead, move |file| formats.records(&manifest, &file))
}

/// The chunks of these files, one file after the other; the first chunks of the next few are
/// fetched meanwhile.
pub(super) fn one_by_one<F: Send + 'static, T: Send + 'static>(
    files: Vec<F>,
    ahead: usize,
    open: impl Fn(F) -> Result<BoxStream<'static, Result<Vec<T>>>> + Send + 'static,
) -> BoxStream<'static, Result<Vec<T>>> {
    futures::stream::iter(files)
        .map(move |file| {
            let chunks = open(file);
            async move {
                let mut chunks = chunks?;
                let first: VecDeque<_> = chunks.next().await.into_iter().collect();
                Ok::<_, Error>(futures::stream::iter(first).chain(chunks))
            }
        })
        .buffered(ahead.max(1))
        .try_flatten()
        .boxed()
}

/// The same chunks, up to the first error: what files there are after a bad one is not read.
fn until_error<T: Send + 'static>(
    chunks: BoxStream<'static, Result<Vec<T>>>,
) -> BoxStream<'static, Result<Vec<T>>> {
    let next = |mut chunks: BoxStream<'static, Result<Vec<T>>>| async move {
        Ok(chunks.try_next().await?.map(|chunk| (chunk, chunks)))
    };
    futures::stream::try_unfold(chunks, next).boxed()
}

impl<T: Send + 'static> RecordStream<T> {
    /// A stream of these chunks, up to the first error.
    pub(super) fn new(chunks: BoxStream<'static, Result<Vec<T>>>) -> Self {
        Self { chunks: until_error(chunks), current: Vec::new().into_iter() }
    }
}

impl<T> RecordStream<T> {
    /// The records in chunks, as they are decoded; what is left of the current one first. After an
    /// error the stream ends.
    pub fn chunks(self) -> BoxStream<'static, Result<Vec<T>>>
    where
        T: Send + 'static,
    {
        let rest: Vec<T> = self.current.collect();
        let rest = (!rest.is_empty()).then_some(Ok(rest));
        futures::stream::iter(rest).chain(self.chunks).boxed()
    }
}

impl<T> Stream for RecordStream<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(record) = this.current.next() {
                return Poll::Ready(Some(Ok(record)));
            }
            match ready!(this.chunks.poll_next_unpin(cx)) {
                Some(Ok(chunk)) => this.current = chunk.into_iter(),
                Some(Err(e)) => return Poll::Ready(Some(Err(e))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> Unpin for RecordStream<T> {}

impl<T> fmt::Debug for RecordStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream").finish_non_exhaustive()
    }
}
