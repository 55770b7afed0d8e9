//! Staging through a handle.

use std::ops::Range;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use tokio::io::AsyncRead;

use super::Volume;
use super::block::{Kind, StagedBlock};
use super::open::handle;
use super::stager::Stager;
use super::staging::Staging;
use super::state::{Committed, New, Open, Staged, State};
use crate::data::{BlockData, Source};
use crate::error::{BoxError, Result};
use crate::id::SessionId;

impl<S: Open> Volume<S> {
    /// Stages `data` at `offset`, as one block, and begins a session with it. This handle stays what
    /// it is.
    ///
    /// The block is durable when this returns, and invisible until it is committed. It is one object:
    /// bytes beyond some gigabytes are better staged as a stream.
    ///
    /// # Errors
    /// Before anything is uploaded: [`Error::EmptyBlock`](crate::Error::EmptyBlock) for no bytes,
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds),
    /// [`Error::Overlap`](crate::Error::Overlap) with the range that the snapshot has already,
    /// [`Error::UncheckedStore`](crate::Error::UncheckedStore) and
    /// [`Error::UnsafeStore`](crate::Error::UnsafeStore) if the store is not committed to. Else
    /// [`Error::Storage`](crate::Error::Storage): nothing is staged then.
    pub fn stage_write_at(
        &self,
        offset: u64,
        data: impl BlockData,
    ) -> BoxFuture<'static, Result<Volume<Staged>>> {
        self.begin_with(Kind::Write, offset, data.into_bytes())
    }

    /// As [`stage_write_at`](Self::stage_write_at), over what the snapshot may have there: the next
    /// snapshot shows these bytes, and every older one still its own.
    ///
    /// # Errors
    /// As for [`stage_write_at`](Self::stage_write_at), without that overlap. The commit fails with
    /// [`Error::Overlap`](crate::Error::Overlap) if another writer has changed the range meanwhile.
    pub fn stage_overwrite_at(
        &self,
        offset: u64,
        data: impl BlockData,
    ) -> BoxFuture<'static, Result<Volume<Staged>>> {
        self.begin_with(Kind::Overwrite, offset, data.into_bytes())
    }

    /// Stages what a stream gives, from `offset` on, in blocks of
    /// [`block_bytes`](crate::VolumeLimits::block_bytes) each, a few of them at once.
    ///
    /// # Errors
    /// As for [`stage_write_at`](Self::stage_write_at), and
    /// [`Error::StageInput`](crate::Error::StageInput) if the stream fails. Blocks that were staged
    /// before are in the store then, and [`resume`](Self::resume) finds them.
    pub fn stage_stream_at<'a, E: Into<BoxError>>(
        &self,
        offset: u64,
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'a,
    ) -> BoxFuture<'a, Result<Volume<Staged>>> {
        self.begin_with_all(offset, Source::stream(stream))
    }

    /// As [`stage_stream_at`](Self::stage_stream_at), with what a reader gives until its end.
    ///
    /// # Errors
    /// As for [`stage_stream_at`](Self::stage_stream_at).
    pub fn stage_reader_at<'a>(
        &self,
        offset: u64,
        reader: impl AsyncRead + Send + 'a,
    ) -> BoxFuture<'a, Result<Volume<Staged>>> {
        self.begin_with_all(offset, Source::reader(reader))
    }

    /// A new session on what this handle reads.
    pub(super) fn begin(&self) -> Staging {
        Staging::begin(self.context.clone(), self.state.base())
    }

    fn begin_with(
        &self,
        kind: Kind,
        offset: u64,
        data: Bytes,
    ) -> BoxFuture<'static, Result<Volume<Staged>>> {
        let staging = self.begin();
        async move {
            staging.stage(kind, offset, data).await?;
            Ok(staged(staging))
        }
        .boxed()
    }

    fn begin_with_all<'a>(
        &self,
        offset: u64,
        source: Source<'a>,
    ) -> BoxFuture<'a, Result<Volume<Staged>>> {
        let staging = self.begin();
        async move {
            staging.stage_all(Kind::Write, offset, source).await?;
            Ok(staged(staging))
        }
        .boxed()
    }
}

impl Volume<Staged> {
    /// Stages `data` at `offset`, as one block. Any number of calls may run at once; a commit takes the
    /// handle, so none can be on its way then.
    ///
    /// # Errors
    /// As for staging the first block. What is staged already stays staged; of a call that failed, or
    /// was dropped, nothing is.
    pub fn stage_write_at(
        &self,
        offset: u64,
        data: impl BlockData,
    ) -> BoxFuture<'_, Result<StagedBlock>> {
        self.staging().stage(Kind::Write, offset, data.into_bytes()).boxed()
    }

    /// As [`stage_write_at`](Self::stage_write_at), over what the snapshot may have there. What is
    /// *staged* is not overwritten but [discarded](Self::discard).
    ///
    /// # Errors
    /// As for staging the first block.
    pub fn stage_overwrite_at(
        &self,
        offset: u64,
        data: impl BlockData,
    ) -> BoxFuture<'_, Result<StagedBlock>> {
        self.staging().stage(Kind::Overwrite, offset, data.into_bytes()).boxed()
    }

    /// Stages what a stream gives, from `offset` on, in blocks of
    /// [`block_bytes`](crate::VolumeLimits::block_bytes) each, a few of them at once. Returns them by
    /// offset.
    ///
    /// # Errors
    /// As for staging the first block, and [`Error::StageInput`](crate::Error::StageInput) if the
    /// stream fails. Blocks that were staged before stay staged:
    /// [`staged_blocks`](Self::staged_blocks) has them.
    pub fn stage_stream_at<'a, E: Into<BoxError>>(
        &'a self,
        offset: u64,
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'a,
    ) -> BoxFuture<'a, Result<Vec<StagedBlock>>> {
        self.staging().stage_all(Kind::Write, offset, Source::stream(stream)).boxed()
    }

    /// As [`stage_stream_at`](Self::stage_stream_at), with what a reader gives until its end.
    ///
    /// # Errors
    /// As for [`stage_stream_at`](Self::stage_stream_at).
    pub fn stage_reader_at<'a>(
        &'a self,
        offset: u64,
        reader: impl AsyncRead + Send + 'a,
    ) -> BoxFuture<'a, Result<Vec<StagedBlock>>> {
        self.staging().stage_all(Kind::Write, offset, Source::reader(reader)).boxed()
    }

    /// The session, by which another process can [resume](Volume::resume) what is staged here.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.staging().id
    }

    /// What is staged, by offset.
    #[must_use]
    pub fn staged_blocks(&self) -> Vec<StagedBlock> {
        self.staging().ledger.blocks()
    }

    /// The ranges that the next snapshot will have, in order, adjacent ones as one: those of the
    /// snapshot that was staged on, and the staged ones.
    #[must_use]
    pub fn coverage(&self) -> Vec<Range<u64>> {
        self.staging().coverage()
    }

    /// Takes every staged block that has bytes in `range` out of the handle again, whole. Its object
    /// stays in the store, where only a clean-up removes it; until then, a
    /// [`resume`](Volume::resume) of the handle's session finds it.
    pub fn discard(self, range: Range<u64>) -> Discarded {
        self.staging().ledger.discard(&range);
        match self.staging().ledger.len() {
            0 => Discarded::Empty(handle(self.context.clone(), self.staging().base.clone())),
            _ => Discarded::Staged(self),
        }
    }

    pub(super) fn staging(&self) -> &Staging {
        &self.state.staging
    }
}

impl<S: State> Volume<S> {
    /// A stager: a session of its own, for other tasks. It is `'static` and cheap to clone. What it
    /// stages, a handle [accepts](Volume::accept) before it commits.
    pub fn stager(&self) -> Stager {
        Stager::new(Staging::begin(self.context.clone(), self.state.base()))
    }
}

/// What is left after [`Volume::discard`].
#[derive(Debug)]
#[must_use = "it holds the handle, and says whether anything is left to commit"]
pub enum Discarded {
    /// Other blocks are staged.
    Staged(Volume<Staged>),
    /// Nothing is: this is the handle that was staged on.
    Empty(Base),
}

/// A handle on which staging begins.
#[derive(Debug)]
#[must_use]
pub enum Base {
    /// Of a volume that was created, and not committed.
    New(Volume<New>),
    /// Open at a snapshot.
    Committed(Volume<Committed>),
}

/// The handle that commits what is staged here.
pub(super) fn staged(staging: Staging) -> Volume<Staged> {
    let context = staging.context.clone();
    Volume { context, state: Staged { staging: Box::new(staging) } }
}
