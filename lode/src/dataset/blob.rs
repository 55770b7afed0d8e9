//! Blobs: a snapshot that is one run of bytes.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use tokio::io::AsyncWrite;
use tracing::{Instrument, Span};

use super::attempt::{Attempt, Begun, Options, Plan};
use super::formats::{Formats, explain_missing};
use super::ops::Operations;
use super::staging::Staging;
use super::{Dataset, Snapshot};
use crate::codec::{Blob, Codec, Content};
use crate::data::FileWriter;
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::layout::Layout;
use crate::manifest::{FileRef, Operation};
use crate::metadata::{IntoMetadata, Metadata};
use crate::store::best_effort;

/// Bytes are handed on in chunks of this size.
const CHUNK_BYTES: usize = 1 << 20;

/// Content that is written as a stream of bytes: [`Blob`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blob",
    label = "records are not written as bytes: use `stream_write_records`",
    note = "`stream_write` is for `Dataset<Blob>`"
)]
pub trait BlobContent: Content {
    /// Opens a writer.
    #[doc(hidden)]
    fn open<C: Codec<Self>, L: Layout<Self>>(
        dataset: &Dataset<Self, C, L>,
        metadata: Result<Metadata>,
        options: Options,
    ) -> impl Future<Output = Result<BlobWriter>> + Send;
}

/// A [`BlobWriter`] that is opened when this is awaited.
#[must_use = "a writer is opened when this is awaited"]
pub struct StreamBlob<'a> {
    options: Options,
    open: Box<dyn FnOnce(Options) -> BoxFuture<'a, Result<BlobWriter>> + Send + 'a>,
}

/// Takes the bytes of a blob, in bounded memory, and makes one snapshot of them when it is
/// committed. It is an [`AsyncWrite`]: an error of the store is seen at the next write, and at the
/// commit. Shutting it down flushes it, and does not commit.
///
/// Dropping it makes no snapshot and removes what it uploaded, as far as the store allows.
#[must_use = "a writer makes no snapshot until it is committed"]
pub struct BlobWriter {
    formats: Formats<Blob>,
    state: State,
    span: Span,
}

enum State {
    Open(Box<Open>),
    /// Its idempotency key was committed before: the bytes are not needed.
    Already(Snapshot<Blob>),
    /// Committed or aborted.
    Done,
}

struct Open {
    attempt: Attempt,
    key: String,
    buffer: BytesMut,
    file: File,
}

/// The data file: at rest, or taking a chunk.
enum File {
    Idle(Box<FileWriter>),
    Busy(BoxFuture<'static, (Box<FileWriter>, Result<()>)>),
    Failed,
}

impl<T, C, L> Dataset<T, C, L> {
    /// Opens a writer for a blob that comes in pieces: awaiting this gives a [`BlobWriter`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use lode::{Blob, Dataset, Metadata, Store};
    ///
    /// let backups = Dataset::<Blob>::new(&Store::memory(), "backups")?;
    /// let mut file = &b"a long file"[..];
    /// let mut writer = backups.stream_write(Metadata::empty()).await?;
    /// tokio::io::copy(&mut file, &mut writer).await?;
    /// let snapshot = writer.commit().await?;
    /// assert_eq!(snapshot.size_bytes(), 11);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When it is awaited, and before anything is written: [`Error::InvalidMetadata`];
    /// [`Error::Conflict`] if the head is not the expected one; [`Error::Expired`] if the snapshot that
    /// has its key has expired; [`Error::UncheckedStore`] and [`Error::UnsafeStore`] if the store is not
    /// committed to; and as for [`latest`](Self::latest). All others come from the writer, as an
    /// [`io::Error`] around one, and from its [`commit`](BlobWriter::commit).
    pub fn stream_write(&self, metadata: impl IntoMetadata) -> StreamBlob<'_>
    where
        T: BlobContent,
        C: Codec<T>,
        L: Layout<T>,
    {
        let metadata = metadata.into_metadata();
        let open = move |options| T::open(self, metadata, options).boxed();
        StreamBlob { options: Options::default(), open: Box::new(open) }
    }
}

impl StreamBlob<'_> {
    /// Commits only on this head: see [`Write::expect_head`](super::Write::expect_head).
    pub fn expect_head(mut self, head: Option<SnapshotId>) -> Self {
        self.options.expect_head(head);
        self
    }

    /// Commits only once with this key: see
    /// [`Write::idempotency_key`](super::Write::idempotency_key). If it was committed before, the
    /// writer takes bytes without storing them, and its commit returns that snapshot.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }
}

impl<'a> IntoFuture for StreamBlob<'a> {
    type Output = Result<BlobWriter>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        (self.open)(self.options)
    }
}

impl BlobContent for Blob {
    async fn open<C: Codec<Self>, L: Layout<Self>>(
        dataset: &Dataset<Self, C, L>,
        metadata: Result<Metadata>,
        options: Options,
    ) -> Result<BlobWriter> {
        let format = dataset.codec.format();
        let (compression, extension) = Self::storage(&format);
        let formats = dataset.formats();
        let encoding = Self::encoding(&formats, &format, None);
        let plan = Plan { operation: Operation::Write, metadata: metadata?, options, encoding };
        let span = tracing::info_span!("lode.stream_write", dataset = %dataset.id());
        let begin = Attempt::begin(&dataset.context, plan, compression, extension);
        let begun = begin.instrument(span.clone()).await?;
        let state = match begun {
            Begun::Fresh(attempt) => {
                let (key, file) = attempt.staging.file(None);
                let file = File::Idle(Box::new(file));
                let buffer = BytesMut::new();
                State::Open(Box::new(Open { attempt: *attempt, key, buffer, file }))
            }
            Begun::Already(manifest) => State::Already(dataset.open(manifest)?),
        };
        Ok(BlobWriter { formats, state, span })
    }
}

impl BlobWriter {
    /// Stores what is left and commits the snapshot.
    ///
    /// # Errors
    /// As for [`Dataset::write`]; [`Error::WriterFailed`] if a write returned an error before.
    pub async fn commit(self) -> Result<Snapshot<Blob>> {
        let span = self.span.clone();
        self.finish().instrument(span).await
    }

    async fn finish(mut self) -> Result<Snapshot<Blob>> {
        let mut open = match std::mem::replace(&mut self.state, State::Done) {
            State::Open(open) => open,
            State::Already(snapshot) => return Ok(snapshot),
            State::Done => return Err(self.failed()),
        };
        let stored = match std::future::poll_fn(|cx| open.poll_flush(cx)).await {
            Ok(()) => match std::mem::replace(&mut open.file, File::Failed) {
                File::Idle(file) => file.finish().await,
                File::Busy(_) | File::Failed => Err(self.failed()),
            },
            Err(e) => Err(e),
        };
        let Open { attempt, key, .. } = *open;
        let written = attempt.staging.or_clean_up(stored).await?;
        let mut file = FileRef::new(key, written.size_bytes);
        file.checksum = written.checksum;
        attempt.commit(&self.formats, vec![file]).await.map(Snapshot::new)
    }

    /// Gives the blob up, and removes what was uploaded, best effort.
    pub async fn abort(mut self) {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Done) {
            let Open { attempt, key, file, .. } = *open;
            match file {
                File::Idle(file) => file.abort().await,
                File::Busy(busy) => {
                    let abort = async { busy.await.0.abort().await };
                    best_effort("aborting a blob", &key, abort).await;
                }
                File::Failed => {}
            }
            attempt.staging.clean_up().await;
        }
    }

    fn failed(&self) -> Error {
        Error::WriterFailed { dataset: self.formats.dataset().clone() }
    }
}

impl Open {
    /// Waits until the file takes chunks again.
    fn poll_idle(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<()>> {
        if let File::Busy(busy) = &mut self.file {
            let (file, result) = ready!(busy.poll_unpin(cx));
            match result {
                Ok(()) => self.file = File::Idle(file),
                Err(e) => {
                    self.file = File::Failed;
                    return Poll::Ready(Err(e));
                }
            }
        }
        Poll::Ready(match self.file {
            File::Failed => Err(Error::WriterFailed {
                dataset: self.attempt.staging.context.history.of.dataset.clone(),
            }),
            _ => Ok(()),
        })
    }

    /// Hands the buffer on, and waits until it is taken.
    fn poll_flush(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<()>> {
        ready!(self.poll_idle(cx))?;
        if self.buffer.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.hand_on();
        self.poll_idle(cx)
    }

    fn hand_on(&mut self) {
        match std::mem::replace(&mut self.file, File::Failed) {
            File::Idle(mut file) => {
                let chunk = self.buffer.split().freeze();
                self.file = File::Busy(Box::pin(async move {
                    let result = file.write(chunk).await;
                    (file, result)
                }));
            }
            other => self.file = other,
        }
    }
}

impl AsyncWrite for BlobWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let open = match &mut self.state {
            State::Open(open) => open,
            State::Already(_) => return Poll::Ready(Ok(bytes.len())),
            State::Done => return Poll::Ready(Err(io::Error::other(self.failed()))),
        };
        if open.buffer.len() >= CHUNK_BYTES {
            ready!(open.poll_idle(cx)).map_err(io::Error::other)?;
            open.hand_on();
            // Start it: what it waits for then goes on in the background.
            if let Poll::Ready(Err(e)) = open.poll_idle(cx) {
                return Poll::Ready(Err(io::Error::other(e)));
            }
        }
        if open.buffer.capacity() == 0 {
            open.buffer.reserve(CHUNK_BYTES);
        }
        let taken = bytes.len().min(CHUNK_BYTES - open.buffer.len());
        open.buffer.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(open) => open.poll_flush(cx).map_err(io::Error::other),
            State::Already(_) | State::Done => Poll::Ready(Ok(())),
        }
    }

    /// Flushes. It does not commit: call [`commit`](Self::commit).
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if let State::Open(open) = &self.state {
            tracing::warn!(
                dataset = %self.formats.dataset(),
                key = open.key,
                "a blob writer was dropped without `commit` or `abort`: no snapshot was made",
            );
        }
    }
}

impl fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobWriter")
            .field("dataset", self.formats.dataset())
            .finish_non_exhaustive()
    }
}

/// Stores a blob that is in memory.
pub(super) async fn write_blob(staging: &Staging, bytes: &[u8]) -> Result<Vec<FileRef>> {
    let (key, mut writer) = staging.file(None);
    for chunk in bytes.chunks(CHUNK_BYTES) {
        writer.write(Bytes::copy_from_slice(chunk)).await?;
        tokio::task::yield_now().await;
    }
    let written = writer.finish().await?;
    let mut file = FileRef::new(key, written.size_bytes);
    file.checksum = written.checksum;
    Ok(vec![file])
}

impl<C: Codec<Blob>, L> Dataset<Blob, C, L> {
    /// The whole blob, in memory: decompressed, and verified by its size and checksum before any of
    /// it is returned.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is missing or not what was written, [`Error::Expired`] if the
    /// snapshot has expired since it was opened, [`Error::LimitExceeded`],
    /// [`Error::CodecUnavailable`], [`Error::Storage`].
    pub async fn read_blob(&self, snapshot: &Snapshot<Blob>) -> Result<Bytes> {
        let span = tracing::info_span!(
            "lode.read_blob",
            dataset = %self.id(),
            snapshot = %snapshot.id(),
        );
        let file = self.blob_file(snapshot)?;
        self.formats().read_all(snapshot.manifest(), file).instrument(span).await
    }

    /// The blob as it comes, in chunks of about 1 MiB, in bounded memory. Whether all of it was
    /// right is known at its end: a size or checksum that does not fit is an error in place of the
    /// end.
    pub fn stream_blob(&self, snapshot: &Snapshot<Blob>) -> BoxStream<'static, Result<Bytes>> {
        tracing::debug!(dataset = %self.id(), snapshot = %snapshot.id(), "streaming a blob");
        let bytes = self
            .blob_file(snapshot)
            .and_then(|file| self.formats().bytes(snapshot.manifest(), file));
        match bytes {
            Ok(bytes) => bytes,
            Err(e) => futures::stream::once(async { Err(e) }).boxed(),
        }
    }

    /// The bytes in `range` of the blob. Of an uncompressed blob only these are fetched, and they
    /// are verified only if they are all of it; a compressed one is decompressed up to the end of
    /// the range.
    ///
    /// # Errors
    /// As for [`read_blob`](Self::read_blob); [`Error::OutOfRange`] if the blob ends before the
    /// range does, or the range ends before it begins.
    pub async fn read_blob_range(
        &self,
        snapshot: &Snapshot<Blob>,
        range: Range<u64>,
    ) -> Result<Bytes> {
        let span = tracing::info_span!(
            "lode.read_blob_range",
            dataset = %self.id(),
            snapshot = %snapshot.id(),
            start = range.start,
            end = range.end,
        );
        self.read_range(snapshot, range).instrument(span).await
    }

    async fn read_range(&self, snapshot: &Snapshot<Blob>, range: Range<u64>) -> Result<Bytes> {
        let file = self.blob_file(snapshot)?;
        let manifest = snapshot.manifest();
        let out_of_range =
            |len| Error::OutOfRange { path: file.path.clone(), range: range.clone(), len };
        if file.compressor_in(manifest) != "noop" {
            return self.decompress_range(snapshot, file, range.clone()).await;
        }
        if range.start > range.end || range.end > file.size_bytes {
            return Err(out_of_range(file.size_bytes));
        }
        if range == (0..file.size_bytes) {
            return self.read_blob(snapshot).await;
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match self.store().get_range(&file.path, file.size_bytes, range).await {
            Ok(bytes) => Ok(bytes),
            Err(e) => Err(explain_missing(&self.context, manifest.snapshot_id, e).await),
        }
    }

    async fn decompress_range(
        &self,
        snapshot: &Snapshot<Blob>,
        file: &FileRef,
        range: Range<u64>,
    ) -> Result<Bytes> {
        let mut chunks = self.stream_blob(snapshot);
        let mut found = BytesMut::new();
        let mut at = 0_u64;
        while at < range.end
            && let Some(chunk) = chunks.try_next().await?
        {
            let end = at + chunk.len() as u64;
            let (from, to) = (range.start.clamp(at, end), range.end.clamp(at, end));
            if from < to {
                found.extend_from_slice(&chunk[(from - at) as usize..(to - at) as usize]);
            }
            at = end;
        }
        // What may be all of it has a verdict, which comes after the last chunk.
        if range.start == 0 && at == range.end && !range.is_empty() {
            chunks.try_next().await?;
        }
        if range.start > range.end || at < range.end {
            return Err(Error::OutOfRange { path: file.path.clone(), range, len: at });
        }
        Ok(found.freeze())
    }

    fn blob_file<'a>(&self, snapshot: &'a Snapshot<Blob>) -> Result<&'a FileRef> {
        let manifest = snapshot.manifest();
        self.context.history.owns(manifest)?;
        manifest.files.first().ok_or_else(|| Error::ManifestInvalid {
            path: self.context.history.manifest_key(manifest.snapshot_id),
            field: "files".to_owned(),
            reason: "has no file, but a blob is one file".to_owned(),
        })
    }
}
