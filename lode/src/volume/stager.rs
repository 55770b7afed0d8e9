//! Staging from other tasks and processes.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use tokio::io::AsyncRead;

use super::block::{Kind, StagedBlock};
use super::staging::Staging;
use crate::data::{BlockData, Source};
use crate::error::{BoxError, Result};
use crate::id::{SessionId, VolumeId};

/// Stages blocks for somebody else to commit: it hands out [`StagedBlock`]s, which can be sent to
/// another task or (they are serialisable) another process, and
/// [accepted](crate::Volume::accept) there. From [`Volume::stager`](crate::Volume::stager).
///
/// Clones share one session, in which no range is staged twice.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
/// use lode::{Store, Volume, metadata};
///
/// let volume = Volume::create(&Store::memory(), "download", 1 << 20)?;
/// let stager = volume.stager();
/// let worker = tokio::spawn({
///     let stager = stager.clone();
///     async move { stager.stage_write_at(4096, b"from a worker").await }
/// });
/// let staged = volume.accept(stager.stage_write_at(0, b"from here").await?).await?;
/// staged.accept(worker.await.expect("no panic")?).await?;
/// assert_eq!(staged.commit(metadata! {}).await?.covered_bytes(), 22);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Stager {
    staging: Arc<Staging>,
}

impl Stager {
    pub(super) fn new(staging: Staging) -> Self {
        // Whoever gets the blocks answers for them.
        staging.settle(true);
        Self { staging: Arc::new(staging) }
    }

    /// Stages `data` at `offset`, as one block.
    ///
    /// # Errors
    /// As for [`Volume::stage_write_at`](crate::Volume::stage_write_at).
    pub async fn stage_write_at(&self, offset: u64, data: impl BlockData) -> Result<StagedBlock> {
        self.staging.stage(Kind::Write, offset, data.into_bytes()).await
    }

    /// As [`stage_write_at`](Self::stage_write_at), over what the snapshot may have there.
    ///
    /// # Errors
    /// As for [`Volume::stage_overwrite_at`](crate::Volume::stage_overwrite_at).
    pub async fn stage_overwrite_at(
        &self,
        offset: u64,
        data: impl BlockData,
    ) -> Result<StagedBlock> {
        self.staging.stage(Kind::Overwrite, offset, data.into_bytes()).await
    }

    /// Stages what a stream gives, from `offset` on, in blocks of
    /// [`block_bytes`](crate::VolumeLimits::block_bytes) each. Returns them by offset.
    ///
    /// # Errors
    /// As for [`Volume::stage_stream_at`](crate::Volume::stage_stream_at); what was staged before the
    /// error is found by [`Volume::resume`](crate::Volume::resume).
    pub async fn stage_stream_at<E: Into<BoxError>>(
        &self,
        offset: u64,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Vec<StagedBlock>> {
        self.staging.stage_all(Kind::Write, offset, Source::stream(stream)).await
    }

    /// As [`stage_stream_at`](Self::stage_stream_at), with what a reader gives until its end.
    ///
    /// # Errors
    /// As for [`stage_stream_at`](Self::stage_stream_at).
    pub async fn stage_reader_at(
        &self,
        offset: u64,
        reader: impl AsyncRead + Send,
    ) -> Result<Vec<StagedBlock>> {
        self.staging.stage_all(Kind::Write, offset, Source::reader(reader)).await
    }

    /// The volume it stages for.
    #[must_use]
    pub fn volume(&self) -> &VolumeId {
        &self.staging.context.history.of.volume
    }

    /// Its session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.staging.id
    }
}

impl fmt::Debug for Stager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stager")
            .field("volume", self.volume())
            .field("session", &self.session())
            .finish_non_exhaustive()
    }
}
