//! Staging: from bytes to objects whose names tell all about them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::task::spawn_blocking;
use xxhash_rust::xxh3::xxh3_128;

use super::base::Base;
use super::block::{BlockName, Kind, StagedBlock};
use super::context::Context;
use super::data::Source;
use super::ledger::{Ledger, Reserved};
use super::map;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::progress::Meter;

/// A block of this many bytes or fewer is hashed at once.
const INLINE_BYTES: usize = 1 << 20;

/// A staging session: what it stages on, and what it has staged.
#[derive(Debug)]
pub struct Staging {
    pub(super) context: Context,
    pub(super) base: Base,
    pub(super) id: SessionId,
    pub(super) ledger: Ledger,
    next: AtomicU32,
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
        mut source: Source<'_>,
    ) -> Result<Vec<StagedBlock>> {
        let size = self.context.limits.block_bytes.max(1);
        let in_flight = self.context.limits.blocks_in_flight.max(1);
        let meter = self.context.meter();
        let (mut staged, mut uploads) = (Vec::new(), FuturesUnordered::new());
        let mut at = offset;
        loop {
            let data = source.next(size).await.map_err(|source| {
                let volume = self.context.history.of.volume.clone();
                Error::StageInput { volume, offset: at, source }
            });
            // Whatever the source says, what is on its way arrives.
            let data = match data {
                Ok(data) if data.is_empty() => break,
                Ok(data) => data,
                Err(error) => {
                    while uploads.next().await.is_some() {}
                    return Err(error);
                }
            };
            let len = data.len() as u64;
            uploads.push(self.stage_metered(kind, at, data, &meter));
            at = at.saturating_add(len);
            if uploads.len() >= in_flight
                && let Some(done) = uploads.next().await
            {
                staged.push(done?);
            }
        }
        while let Some(done) = uploads.next().await {
            staged.push(done?);
        }
        match staged.is_empty() {
            true => Err(self.empty(offset)),
            false => {
                staged.sort_unstable_by_key(|block| block.range().start);
                Ok(staged)
            }
        }
    }

    /// Takes over a block that is in the store already.
    pub(super) fn adopt(&self, block: StagedBlock) -> Result<()> {
        match self.reserve(block.name.kind, &block.range()) {
            Ok(reserved) => reserved.staged(block),
            Err(Error::Overlap { snapshot: None, .. }) if self.ledger.blocks().contains(&block) => {
            }
            Err(error) => return Err(error),
        }
        Ok(())
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
        history.check_runtime().await?;
        let checksum = match data.len() <= INLINE_BYTES {
            true => xxh3_128(&data),
            false => {
                let data = data.clone();
                spawn_blocking(move || xxh3_128(&data)).await?
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
        history.store.put(&block.key(), data.into()).await?;
        reserved.staged(block.clone());
        meter.bytes(length);
        meter.file();
        Ok(block)
    }

    /// Takes a range for a block, if it is free.
    fn reserve(&self, kind: Kind, range: &Range<u64>) -> Result<Reserved<'_>> {
        self.range(range.start, range.end - range.start)?;
        let overlap = |found, snapshot| Error::Overlap {
            volume: self.context.history.of.volume.clone(),
            range: range.clone(),
            found,
            snapshot,
        };
        if kind == Kind::Write
            && let Some(base) = self.base.manifest()
            && let Some(found) = map::first_overlap(&base.blocks, range.clone())
        {
            return Err(overlap(found, Some(base.snapshot_id)));
        }
        self.ledger.reserve(range).map_err(|found| overlap(found, None))
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

    fn empty(&self, offset: u64) -> Error {
        Error::EmptyBlock { volume: self.context.history.of.volume.clone(), offset }
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
