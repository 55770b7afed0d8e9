//! Which objects hold a range, and where in them.

use std::ops::Range;

use crate::manifest::{BlockRef, VolumeManifest};
use crate::volume::map::place;

/// Bytes of a volume that lie in one object, one after the other: of one block, or of several that
/// are neighbours in the volume and in their object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// The first of its blocks, as a place in the manifest's list.
    block: usize,
    /// Its first byte in the volume.
    pub(super) start: u64,
    pub(super) length: u64,
    /// Its first byte in the object.
    pub(super) place: u64,
}

impl Extent {
    /// A block of its object. All that is read of it here is the same in its other blocks.
    pub(super) fn block<'a>(&self, manifest: &'a VolumeManifest) -> &'a BlockRef {
        &manifest.blocks[self.block]
    }

    /// Whether it is all of its object.
    pub(super) fn is_whole(&self, manifest: &VolumeManifest) -> bool {
        self.place == 0 && self.length == self.block(manifest).object_length
    }

    /// Takes the first `length` bytes off, or all.
    pub(super) fn split(self, length: u64) -> (Self, Option<Self>) {
        let length = length.min(self.length);
        let rest = (length < self.length).then(|| Self {
            start: self.start + length,
            length: self.length - length,
            place: self.place + length,
            ..self
        });
        (Self { length, ..self }, rest)
    }
}

/// The extents of a range, in order, up to its first gap.
#[derive(Debug, Clone)]
pub(super) struct Extents {
    next: usize,
    at: u64,
    end: u64,
}

impl Extents {
    pub(super) fn of(manifest: &VolumeManifest, range: Range<u64>) -> Self {
        let next = manifest.blocks.partition_point(|block| block.range().end <= range.start);
        Self { next, at: range.start, end: range.end }
    }

    pub(super) fn next(&mut self, manifest: &VolumeManifest) -> Option<Extent> {
        let index = self.next;
        let mut extent: Option<Extent> = None;
        while self.at < self.end
            && let Some(block) = manifest.blocks.get(self.next)
            && block.offset <= self.at
        {
            let place = place(block, self.at);
            if let Some(extent) = &extent {
                let first = extent.block(manifest);
                let goes_on = place == extent.place.saturating_add(extent.length)
                    && is_one_object(first, block);
                if !goes_on {
                    break;
                }
            }
            let end = block.range().end.min(self.end);
            let length = end - self.at;
            match &mut extent {
                Some(extent) => extent.length += length,
                none => *none = Some(Extent { block: index, start: self.at, length, place }),
            }
            self.at = end;
            self.next += 1;
        }
        extent
    }
}

/// Whether two blocks are parts of one object, and say the same of it.
fn is_one_object(a: &BlockRef, b: &BlockRef) -> bool {
    a.path == b.path
        && a.object_length == b.object_length
        && a.checksum == b.checksum
        && a.checksum_algorithm == b.checksum_algorithm
}
