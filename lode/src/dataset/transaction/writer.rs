//! Staging the files of a transaction, from any number of tasks.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream};
use tokio::io::AsyncRead;

use super::ledger::{Call, Ledger, Refused};
use crate::codec::RecordFormat;
use crate::data::{BlockData, FileWriter, Source};
use crate::dataset::batch::write_records;
use crate::dataset::sink::Sink;
use crate::dataset::source::IntoRecords;
use crate::dataset::staging::Staging;
use crate::error::{BoxError, Error, Result};
use crate::id::DatasetId;
use crate::layout::Partitioning;
use crate::manifest::{Attachment, FileRef, bad_name};
use crate::record::Record;

/// Stages files and attachments for a [`Transaction`](super::Transaction), from
/// [`Transaction::writer`](super::Transaction::writer). A cheap clone, for any number of tasks: their
/// calls encode and upload at the same time, each within the [`Limits`](crate::Limits) of the
/// dataset's handle.
///
/// Each call makes files of its own, which are part of the transaction once it has returned without
/// an error. Of a call that failed, or whose future was dropped, nothing is; it can be made again.
pub struct TransactionWriter<T> {
    work: Work<T>,
}

/// What calls of writers do.
pub(super) enum Work<T> {
    Stage(Arc<Stage<T>>),
    /// The transaction's idempotency key was committed before: there is nothing to do.
    Already(DatasetId),
}

/// What all writers of a transaction share.
pub(super) struct Stage<T> {
    pub(super) staging: Staging,
    pub(super) ledger: Ledger,
    pub(super) format: RecordFormat<T>,
    pub(super) partitioning: Option<Partitioning<T>>,
}

/// Attachments are stored in runs of this many bytes.
const RUN_BYTES: usize = 1 << 20;

impl<T> TransactionWriter<T> {
    pub(super) fn new(work: Work<T>) -> Self {
        Self { work }
    }

    /// The dataset it writes to.
    #[must_use]
    pub fn dataset(&self) -> &DatasetId {
        match &self.work {
            Work::Stage(stage) => stage.dataset(),
            Work::Already(dataset) => dataset,
        }
    }
}

impl<T: Record> TransactionWriter<T> {
    /// Stages these records, as one file (or one for each partition, and more where they fill). Many
    /// small calls make many small files:
    /// [`stream_write_records`](Self::stream_write_records) fills files from many.
    ///
    /// # Errors
    /// [`Error::TransactionEnded`] if it was committed, aborted or dropped before the records were
    /// stored. Else as for [`Dataset::write`](crate::Dataset::write), without what its commit adds.
    /// Nothing of this call is staged then; rows in errors count from the call's first.
    pub async fn write(&self, records: &[T]) -> Result<()> {
        self.work.write(records).await
    }

    /// Stages the records of an iterator or a stream, in bounded memory.
    ///
    /// # Errors
    /// As for [`write`](Self::write), and [`Error::Input`] if the source gives an error.
    pub fn stream_write_records<'a, Kind>(
        &'a self,
        source: impl IntoRecords<'a, T, Kind>,
    ) -> BoxFuture<'a, Result<()>> {
        let (work, records) = (&self.work, source.into_records());
        async move { work.write_all(records).await }.boxed()
    }

    /// Stores an attachment: bytes of any kind that belong to the snapshot, and not to its records.
    /// `name` is a relative path, such as `model.bin` or `plots/delays.png`, of up to 255 bytes; no two
    /// attachments of a snapshot have the same.
    ///
    /// # Errors
    /// [`Error::InvalidAttachment`] before anything is stored; [`Error::TransactionEnded`],
    /// [`Error::LimitExceeded`], [`Error::Storage`]. Nothing is attached then, and the name is free.
    pub fn attach<'a>(&'a self, name: &'a str, data: impl BlockData) -> BoxFuture<'a, Result<()>> {
        let (work, bytes) = (&self.work, data.into_bytes());
        async move { work.attach_bytes(name, bytes).await }.boxed()
    }

    /// As [`attach`](Self::attach), with what a stream gives, in bounded memory.
    ///
    /// # Errors
    /// As for [`attach`](Self::attach), and [`Error::AttachmentInput`] if the stream fails.
    pub fn attach_stream<'a, E: Into<BoxError>>(
        &'a self,
        name: &'a str,
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'a,
    ) -> BoxFuture<'a, Result<()>> {
        let (work, source) = (&self.work, Source::stream(stream));
        async move { work.attach(name, source).await }.boxed()
    }

    /// As [`attach_stream`](Self::attach_stream), with what a reader gives until its end.
    ///
    /// # Errors
    /// As for [`attach_stream`](Self::attach_stream).
    pub fn attach_reader<'a>(
        &'a self,
        name: &'a str,
        reader: impl AsyncRead + Send + 'a,
    ) -> BoxFuture<'a, Result<()>> {
        let (work, source) = (&self.work, Source::reader(reader));
        async move { work.attach(name, source).await }.boxed()
    }
}

impl<T: Record> Work<T> {
    pub(super) async fn write(&self, records: &[T]) -> Result<()> {
        let Self::Stage(stage) = self else { return Ok(()) };
        let call = stage.call()?;
        let staging = stage.staging.branch();
        let written = write_records(&staging, &stage.format, stage.partitioning, records).await;
        let files = staging.or_clean_up(written).await?;
        stage.staged(call, &staging, files).await
    }

    pub(super) async fn write_all(
        &self,
        mut records: BoxStream<'_, Result<T, BoxError>>,
    ) -> Result<()> {
        let Self::Stage(stage) = self else { return Ok(()) };
        let call = stage.call()?;
        let staging = stage.staging.branch();
        let mut sink = Sink::new(staging.clone(), stage.format.clone(), stage.partitioning);
        if let Err(error) = fill(&mut sink, &mut records).await {
            sink.abort().await;
            return Err(error);
        }
        let files = sink.finish_all().await?;
        stage.staged(call, &staging, files).await
    }

    pub(super) async fn attach_bytes(&self, name: &str, bytes: Bytes) -> Result<()> {
        let once = futures::stream::once(async { Ok::<_, BoxError>(bytes) });
        self.attach(name, Source::stream(once)).await
    }

    pub(super) async fn attach(&self, name: &str, mut source: Source<'_>) -> Result<()> {
        let invalid = |reason| Error::InvalidAttachment { name: name.to_owned(), reason };
        if let Some(reason) = bad_name(name) {
            return Err(invalid(reason));
        }
        let Self::Stage(stage) = self else { return Ok(()) };
        let call = stage.ledger.attach(name).map_err(|refused| match refused {
            Refused::Ended => stage.ended(),
            Refused::NameTaken => invalid("another one of this transaction has that name"),
        })?;
        let staging = stage.staging.branch();
        let (path, mut writer) = staging.attachment();
        let filled = fill_attachment(name, &mut writer, &mut source).await;
        let written = match filled {
            Ok(()) => writer.finish().await,
            Err(error) => {
                writer.abort().await;
                Err(error)
            }
        };
        let written = staging.or_clean_up(written).await?;
        let attachment = Attachment {
            name: name.to_owned(),
            path,
            size_bytes: written.size_bytes,
            checksum: written.checksum,
        };
        match call.attached(attachment) {
            true => Ok(()),
            false => {
                staging.clean_up().await;
                Err(stage.ended())
            }
        }
    }
}

async fn fill<T: Record>(
    sink: &mut Sink<T>,
    records: &mut BoxStream<'_, Result<T, BoxError>>,
) -> Result<()> {
    while let Some(record) = sink.next_of(records).await? {
        if sink.push(&record)? {
            sink.settle().await?;
        }
    }
    Ok(())
}

async fn fill_attachment(
    name: &str,
    writer: &mut FileWriter,
    source: &mut Source<'_>,
) -> Result<()> {
    loop {
        let mut next = pin!(source.next(RUN_BYTES));
        // What fails in the background is told also while the source has nothing.
        let run = poll_fn(|cx| match next.as_mut().poll(cx) {
            Poll::Ready(run) => Poll::Ready(run.map_err(|source| {
                let name = name.to_owned();
                Error::AttachmentInput { name, source }
            })),
            Poll::Pending => writer.poll_failed(cx).map(Err),
        });
        let run = run.await?;
        if run.is_empty() {
            return Ok(());
        }
        writer.write(run).await?;
    }
}

impl<T> Stage<T> {
    pub(super) fn dataset(&self) -> &DatasetId {
        &self.staging.context.history.of.dataset
    }

    fn call(&self) -> Result<Call<'_>> {
        self.ledger.call().map_err(|_| self.ended())
    }

    fn ended(&self) -> Error {
        Error::TransactionEnded { dataset: self.dataset().clone() }
    }

    /// Notes what a call has stored; what came too late is removed.
    async fn staged(&self, call: Call<'_>, staging: &Staging, files: Vec<FileRef>) -> Result<()> {
        match call.staged(files) {
            true => Ok(()),
            false => {
                staging.clean_up().await;
                Err(self.ended())
            }
        }
    }
}

impl<T> Clone for Work<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Stage(stage) => Self::Stage(Arc::clone(stage)),
            Self::Already(dataset) => Self::Already(dataset.clone()),
        }
    }
}

impl<T> Clone for TransactionWriter<T> {
    fn clone(&self) -> Self {
        Self { work: self.work.clone() }
    }
}

impl<T> fmt::Debug for TransactionWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionWriter").field("dataset", self.dataset()).finish_non_exhaustive()
    }
}
