//! Staging: from bytes to objects whose names tell all about them.

use std::fmt;
use std::ops::Range;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::task::spawn_blocking;
use twox_hash::XxHash3_128;

use super::base::Base;
use super::block::{BlockName, Kind, StagedBlock};
use super::context::Context;
use super::ledger::{Ledger, Reserved};
use super::map;
use crate::data::Source;
use crate::error::{Error, Result};
use crate::id::{SessionId, VolumeSnapshotId, WriteId};
use crate::manifest::BlockRef;
use crate::progress::Meter;

/// A block of this many bytes or fewer is hashed at once.
const INLINE_BYTES: usize = 1 << 20;

/// A staging session: what it stages on, and what it has staged.
pub struct Staging {
    pub(super) context: Context,
    pub(super) base: Base,
    pub(super) id: SessionId,
    pub(super) ledger: Ledger,
    next: AtomicU32,
    attempts: Mutex<Vec<WriteId>>,
    /// Whether nobody need be told when this is dropped.
    settled: AtomicBool,
}

impl Staging {
    /// A new session.
    pub(super) fn begin(context: Context, base: Base) -> Self {
        let id = SessionId::new(context.history.store.fresh_id());
        Self::resumed(context, base, id, 0)
    }

    /// A session that goes on with the sequence number `next`.
    pub(super) fn resumed(context: Context, base: Base, id: SessionId, next: u32) -> Self {
        Self {
            context,
            base,
            id,
            ledger: Ledger::default(),
            next: AtomicU32::new(next),
            attempts: Mutex::default(),
            settled: AtomicBool::new(false),
        }
    }

    /// Stages one block.
    pub(super) async fn stage(&self, kind: Kind, offset: u64, data: Bytes) -> Result<StagedBlock> {
        let meter = self.context.meter();
        self.stage_metered(kind, offset, data, &meter).await
    }

    /// Stages a run of blocks; those that were staged before an error stay staged.
    pub(super) async fn stage_all(
        &self,
        kind: Kind,
        offset: u64,
        source: Source<'_>,
    ) -> Result<Vec<StagedBlock>> {
        let staged = self.stage_each(kind, self.cut(offset, source)).await?;
        if staged.is_empty() { Err(self.empty(offset)) } else { Ok(staged) }
    }

    /// The blocks of a source that is to be staged from `offset` on.
    fn cut<'a>(&'a self, offset: u64, source: Source<'a>) -> BoxStream<'a, Result<(u64, Bytes)>> {
        let size = self.context.limits.block_size();
        let next = move |(mut source, at): (Source<'a>, u64)| async move {
            let data = source.next(size).await.map_err(|source| {
                let volume = self.context.history.of.volume.clone();
                Error::StageInput { volume, offset: at, source }
            })?;
            let next = at.saturating_add(data.len() as u64);
            Ok((!data.is_empty()).then_some(((at, data), (source, next))))
        };
        stream::try_unfold((source, offset), next).boxed()
    }

    /// Stages blocks as they come, a few of them at once; those that were staged before an error stay
    /// staged. Returns them by offset.
    pub(super) async fn stage_each(
        &self,
        kind: Kind,
        mut blocks: BoxStream<'_, Result<(u64, Bytes)>>,
    ) -> Result<Vec<StagedBlock>> {
        let meter = &self.context.meter();
        let stopped = AtomicBool::new(false);
        // Asked before the source is, which may have nothing for long.
        let blocks = stream::poll_fn(|cx| match stopped.load(Ordering::Relaxed) {
            true => Poll::Ready(None),
            false => blocks.poll_next_unpin(cx),
        });
        let uploads = blocks.map(|next| async move {
            let (at, data) = next?;
            self.stage_metered(kind, at, data, meter).await
        });
        let mut uploads =
            pin!(uploads.buffer_unordered(self.context.limits.blocks_in_flight.max(1)));
        let (mut staged, mut failed) = (Vec::new(), None);
        // What is on its way when something fails arrives.
        while let Some(done) = uploads.next().await {
            match done {
                Ok(block) => staged.push(block),
                Err(error) => {
                    stopped.store(true, Ordering::Relaxed);
                    failed.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        staged.sort_unstable_by_key(|block| block.range().start);
        Ok(staged)
    }

    /// Takes over a block that is in the store already.
    pub(super) fn adopt(&self, block: StagedBlock) -> Result<()> {
        let range = block.range();
        self.check_free(block.name.kind, &range)?;
        self.ledger.adopt(block).map_err(|found| self.overlap(&range, found, None))
    }

    /// The ranges that the base has, or that are staged, in order, adjacent ones as one.
    pub(super) fn coverage(&self) -> Vec<Range<u64>> {
        let base = self.base.blocks().iter().map(BlockRef::range);
        let staged = self.ledger.blocks();
        let mut all: Vec<_> = base.chain(staged.iter().map(StagedBlock::range)).collect();
        all.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in all {
            match merged.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    /// Notes an attempt to commit; those before it.
    pub(super) fn attempt(&self, write: WriteId) -> Vec<WriteId> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = attempts.clone();
        attempts.push(write);
        before
    }

    /// Says whether it is known what becomes of the staged blocks.
    pub(super) fn settle(&self, settled: bool) {
        self.settled.store(settled, Ordering::Relaxed);
    }

    async fn stage_metered(
        &self,
        kind: Kind,
        offset: u64,
        data: Bytes,
        meter: &Meter,
    ) -> Result<StagedBlock> {
        if data.is_empty() {
            return Err(self.empty(offset));
        }
        let length = data.len() as u64;
        let reserved = self.reserve(kind, &self.range(offset, length)?)?;
        let history = &self.context.history;
        history.store.check_trust()?;
        history.check_runtime().await?;
        let checksum = match data.len() <= INLINE_BYTES {
            true => XxHash3_128::oneshot(&data),
            false => {
                let data = data.clone();
                spawn_blocking(move || XxHash3_128::oneshot(&data)).await?
            }
        };
        let name = BlockName {
            offset,
            length,
            base: self.base.number(),
            kind,
            session: self.id,
            seq: self.next.fetch_add(1, Ordering::Relaxed),
            checksum,
        };
        let block = StagedBlock { volume: history.of.volume.clone(), name };
        // Should the name exist, it has these very bytes.
        history.store.put(&block.path(), data.into()).await?;
        reserved.staged(block.clone());
        meter.bytes(length);
        meter.file();
        Ok(block)
    }

    /// Takes a range for a block, if it is free.
    pub(super) fn reserve(&self, kind: Kind, range: &Range<u64>) -> Result<Reserved<'_>> {
        self.check_free(kind, range)?;
        self.ledger.reserve(range).map_err(|found| self.overlap(range, found, None))
    }

    /// Makes sure that the base has nothing where a block is to be.
    fn check_free(&self, kind: Kind, range: &Range<u64>) -> Result<()> {
        self.range(range.start, range.end - range.start)?;
        if kind == Kind::Write
            && let Some(base) = self.base.manifest()
            && let Some(found) = map::first_overlap(&base.blocks, range.clone())
        {
            return Err(self.overlap(range, found, Some(base.snapshot_id)));
        }
        Ok(())
    }

    fn overlap(
        &self,
        range: &Range<u64>,
        found: Range<u64>,
        snapshot: Option<VolumeSnapshotId>,
    ) -> Error {
        let volume = self.context.history.of.volume.clone();
        Error::Overlap { volume, range: range.clone(), found, snapshot }
    }

    /// A range of the volume.
    fn range(&self, offset: u64, length: u64) -> Result<Range<u64>> {
        let range = offset..offset.saturating_add(length);
        let len = self.base.total_length();
        match range.end <= len {
            true => Ok(range),
            false => {
                let volume = self.context.history.of.volume.clone();
                Err(Error::OutOfBounds { volume, range, len })
            }
        }
    }

    pub(super) fn empty(&self, offset: u64) -> Error {
        Error::EmptyBlock { volume: self.context.history.of.volume.clone(), offset }
    }
}

impl fmt::Debug for Staging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staging")
            .field("session", &self.id)
            .field("base", &self.base.number())
            .field("blocks", &self.ledger.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let blocks = if self.settled.load(Ordering::Relaxed) { 0 } else { self.ledger.len() };
        if blocks > 0 {
            let volume = &self.context.history.of.volume;
            tracing::warn!(%volume, session = %self.id, blocks, "staged blocks were not committed");
        }
    }
}
