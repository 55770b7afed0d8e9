//! Transactions: what many tasks store becomes one snapshot, with sidecar objects.
//!
//! ```text
//! Begin ──► Transaction ── writer() ──► TransactionWriter, one a task
//!               │                           │  each call: a branch of the attempt's Staging
//!               │ commit(self)              ▼
//!               └──────────────► Ledger: files and attachments staged, calls not over
//!                                    └──► Attempt::commit ──► Snapshot
//! ```

mod attachment;
mod begin;
mod ledger;
mod writer;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use tokio::io::AsyncRead;
use tracing::{Instrument, Span};

pub use attachment::ReadAttachment;
pub use begin::Begin;
pub use writer::TransactionWriter;

use super::Snapshot;
use super::attempt::Attempt;
use super::formats::Formats;
use super::source::IntoRecords;
use crate::data::{BlockData, Source};
use crate::error::{BoxError, Error, Result};
use crate::id::DatasetId;
use crate::record::Record;
use ledger::Ended;
use writer::{Stage, Work};

/// Files and attachments that are staged, from any number of tasks, and committed at once: from
/// [`Dataset::begin`](crate::Dataset::begin).
///
/// It stages by itself, or by [writers](Self::writer) that other tasks own. Nothing is visible before
/// [`commit`](Self::commit), which takes the transaction: there is one commit, and a call on the
/// transaction itself cannot be on its way meanwhile. A call of a writer in another task can, and then
/// the commit is refused.
///
/// A commit of which nothing was staged makes a snapshot all the same: an empty one, as
/// [`write`](crate::Dataset::write)`(&[])` does, or one that appends nothing.
///
/// Dropping it makes no snapshot; what it stored until then is found by a later clean-up, where
/// [`abort`](Self::abort) removes it at once.
#[must_use = "a transaction makes no snapshot until it is committed"]
pub struct Transaction<T> {
    formats: Formats<T>,
    state: State<T>,
    span: Span,
}

enum State<T> {
    Open(Box<Open<T>>),
    /// Its idempotency key was committed before: nothing need be stored.
    Already(Snapshot<T>),
}

/// A transaction that can stage.
struct Open<T> {
    attempt: Attempt,
    end: End<T>,
}

/// What the writers share, until this is dropped.
struct End<T> {
    stage: Arc<Stage<T>>,
}

impl<T> Transaction<T> {
    /// A writer for another task. It borrows nothing, and is a cheap clone.
    #[must_use]
    pub fn writer(&self) -> TransactionWriter<T> {
        TransactionWriter::new(self.work())
    }

    /// The snapshot that has this transaction's idempotency key, if it was committed before: then
    /// nothing that is staged is stored, and [`commit`](Self::commit) returns it.
    #[must_use]
    pub fn committed_before(&self) -> Option<&Snapshot<T>> {
        match &self.state {
            State::Open(_) => None,
            State::Already(snapshot) => Some(snapshot),
        }
    }

    /// The dataset it writes to.
    #[must_use]
    pub fn dataset(&self) -> &DatasetId {
        self.formats.dataset()
    }

    fn work(&self) -> Work<T> {
        match &self.state {
            State::Open(open) => Work::Stage(Arc::clone(&open.end.stage)),
            State::Already(_) => Work::Already(self.dataset().clone()),
        }
    }
}

impl<T: Record> Transaction<T> {
    /// As [`TransactionWriter::write`].
    ///
    /// # Errors
    /// As there.
    pub async fn write(&self, records: &[T]) -> Result<()> {
        self.work().write(records).await
    }

    /// As [`TransactionWriter::stream_write_records`].
    ///
    /// # Errors
    /// As there.
    pub fn stream_write_records<'a, Kind>(
        &'a self,
        source: impl IntoRecords<'a, T, Kind>,
    ) -> BoxFuture<'a, Result<()>> {
        let (work, records) = (self.work(), source.into_records());
        async move { work.write_all(records).await }.boxed()
    }

    /// As [`TransactionWriter::attach`].
    ///
    /// # Errors
    /// As there.
    pub fn attach<'a>(&'a self, name: &'a str, data: impl BlockData) -> BoxFuture<'a, Result<()>> {
        let (work, bytes) = (self.work(), data.into_bytes());
        async move { work.attach_bytes(name, bytes).await }.boxed()
    }

    /// As [`TransactionWriter::attach_stream`].
    ///
    /// # Errors
    /// As there.
    pub fn attach_stream<'a, E: Into<BoxError>>(
        &'a self,
        name: &'a str,
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'a,
    ) -> BoxFuture<'a, Result<()>> {
        let (work, source) = (self.work(), Source::stream(stream));
        async move { work.attach(name, source).await }.boxed()
    }

    /// As [`TransactionWriter::attach_reader`].
    ///
    /// # Errors
    /// As there.
    pub fn attach_reader<'a>(
        &'a self,
        name: &'a str,
        reader: impl AsyncRead + Send + 'a,
    ) -> BoxFuture<'a, Result<()>> {
        let (work, source) = (self.work(), Source::reader(reader));
        async move { work.attach(name, source).await }.boxed()
    }

    /// Commits everything that was staged, as one snapshot. Calls of writers that come later are
    /// [`Error::TransactionEnded`]. If the future is dropped once the manifest was sent, the commit
    /// ends by itself, as committed or not.
    ///
    /// # Errors
    /// [`Error::TransactionBusy`] if a call of a writer was not over: nothing is committed, what was
    /// staged is removed, and that call fails. Else as for [`Dataset::write`](crate::Dataset::write),
    /// or [`append`](crate::Dataset::append).
    pub async fn commit(self) -> Result<Snapshot<T>> {
        let Self { formats, state, span } = self;
        let Open { attempt, end } = match state {
            State::Open(open) => *open,
            State::Already(snapshot) => return Ok(snapshot),
        };
        let Ended { calls, stored, .. } = end.stage.ledger.end();
        let commit = async {
            if calls > 0 {
                attempt.staging.clean_up().await;
                return Err(Error::TransactionBusy { dataset: formats.dataset().clone(), calls });
            }
            attempt.commit(&formats, stored).await.map(Snapshot::new)
        };
        commit.instrument(span).await
    }

    /// Gives the transaction up, and removes what was stored for it, best effort. Calls of writers
    /// that are not over fail, and remove what they stored.
    pub async fn abort(self) {
        if let State::Open(open) = self.state {
            open.end.stage.ledger.end();
            open.attempt.staging.clean_up().await;
        }
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        if self.stage.ledger.end().was_open {
            tracing::warn!(
                dataset = %self.stage.dataset(),
                "a transaction was dropped without `commit` or `abort`: no snapshot was made",
            );
        }
    }
}

impl<T> fmt::Debug for Transaction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("dataset", self.dataset()).finish_non_exhaustive()
    }
}
