//! Which ranges a session has staged, or is about to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::block::StagedBlock;

/// The ranges of one session, without overlaps.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By offset.
    entries: Mutex<BTreeMap<u64, Entry>>,
}

#[derive(Debug)]
struct Entry {
    end: u64,
    /// `None` while it is being uploaded.
    block: Option<StagedBlock>,
}

/// A range that nobody else may stage until it is staged, or this is dropped.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    ledger: &'a Ledger,
    offset: u64,
    staged: bool,
}

impl Ledger {
    /// Takes this range; the range that is in its way, if there is one.
    pub(super) fn reserve(&self, range: &Range<u64>) -> Result<Reserved<'_>, Range<u64>> {
        let mut entries = self.entries();
        // Entries are disjoint: the last that begins before the range's end is the nearest.
        if let Some((&offset, entry)) = entries.range(..range.end).next_back()
            && entry.end > range.start
        {
            return Err(offset..entry.end);
        }
        entries.insert(range.start, Entry { end: range.end, block: None });
        Ok(Reserved { ledger: self, offset: range.start, staged: false })
    }

    /// Takes a range for a block that is staged already; the range that is in its way, if there is
    /// one and it is not this block's.
    pub(super) fn adopt(&self, block: StagedBlock) -> Result<(), Range<u64>> {
        let is_here = |entry: &Entry| entry.block.as_ref() == Some(&block);
        if self.entries().get(&block.range().start).is_some_and(is_here) {
            return Ok(());
        }
        match self.reserve(&block.range()) {
            Ok(reserved) => reserved.staged(block),
            // Another task may have been faster with this very block.
            Err(found) if self.entries().get(&found.start).is_some_and(is_here) => {}
            Err(found) => return Err(found),
        }
        Ok(())
    }

    /// Takes out every staged block that has bytes in this range.
    pub(super) fn discard(&self, range: &Range<u64>) {
        if !range.is_empty() {
            self.entries().retain(|offset, entry| {
                entry.block.is_none() || *offset >= range.end || entry.end <= range.start
            });
        }
    }

    /// What is staged, by offset.
    pub(super) fn blocks(&self) -> Vec<StagedBlock> {
        self.entries().values().filter_map(|entry| entry.block.clone()).collect()
    }

    /// How many blocks are staged.
    pub(super) fn len(&self) -> usize {
        self.entries().values().filter(|entry| entry.block.is_some()).count()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reserved<'_> {
    /// The range is staged.
    pub(super) fn staged(mut self, block: StagedBlock) {
        if let Some(entry) = self.ledger.entries().get_mut(&self.offset) {
            entry.block = Some(block);
        }
        self.staged = true;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.staged {
            self.ledger.entries().remove(&self.offset);
        }
    }
}
