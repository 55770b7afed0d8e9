//! What is there of a volume, and what is not.

use std::ops::Range;

use super::Volume;
use super::map::{self, Run};
use super::state::{Committed, State};
use crate::error::{Error, Result};
use crate::manifest::BlockRef;

impl Volume<Committed> {
    /// The blocks of the snapshot, sorted by offset, without overlaps.
    #[must_use]
    pub fn blocks(&self) -> &[BlockRef] {
        &self.state.manifest.blocks
    }

    /// The ranges that can be read, in order; those that touch are one.
    #[must_use]
    pub fn coverage(&self) -> Vec<Range<u64>> {
        map::coverage(self.blocks())
    }

    /// The ranges that were never written, in order. With [`coverage`](Self::coverage) they make up
    /// the whole volume.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        map::gaps_in(self.blocks(), 0..self.total_length())
    }

    /// What is missing of `range`, in order; nothing if all of it can be read.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if the volume ends before the range does, or the range before it
    /// begins.
    pub fn gaps_in(&self, range: Range<u64>) -> Result<Vec<Range<u64>>> {
        self.check_bounds(&range)?;
        Ok(map::gaps_in(self.blocks(), range))
    }

    /// How many bytes can be read.
    #[must_use]
    pub fn covered_bytes(&self) -> u64 {
        self.blocks().iter().fold(0, |sum, block| sum.saturating_add(block.length))
    }

    /// Whether there is no gap.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.covered_bytes() == self.total_length()
    }

    /// Data and gaps of the whole volume, in order, by turns.
    pub fn runs(&self) -> impl Iterator<Item = Run> + Send + use<'_> {
        map::runs_in(self.blocks(), 0..self.total_length())
    }
}

impl<S: State> Volume<S> {
    /// Refuses a range that the volume does not have.
    pub(super) fn check_bounds(&self, range: &Range<u64>) -> Result<()> {
        let len = self.total_length();
        match range.start <= range.end && range.end <= len {
            true => Ok(()),
            false => {
                let (volume, range) = (self.id().clone(), range.clone());
                Err(Error::OutOfBounds { volume, range, len })
            }
        }
    }
}
