//! What a list of blocks shows: pure functions on the blocks of a manifest, which are sorted and
//! disjoint. A block is found by halving, never by walking.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::manifest::BlockRef;

/// A stretch of a volume that is there, or is not; as long as it can be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Run {
    /// Bytes that can be read.
    Data(Range<u64>),
    /// Bytes that nothing was ever written to. They are not zeros: reading them is an error.
    Gap(Range<u64>),
}

impl Run {
    /// The bytes of the volume it is about.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        match self {
            Self::Data(range) | Self::Gap(range) => range.clone(),
        }
    }
}

/// The blocks that have bytes in `range`.
pub(crate) fn blocks_in(blocks: &[BlockRef], range: Range<u64>) -> &[BlockRef] {
    if range.is_empty() {
        return &[];
    }
    let blocks = &blocks[blocks.partition_point(|block| block.range().end <= range.start)..];
    &blocks[..blocks.partition_point(|block| block.offset < range.end)]
}

/// The data and gaps of `range`, in order.
pub(crate) fn runs_in(
    blocks: &[BlockRef],
    range: Range<u64>,
) -> impl Iterator<Item = Run> + Send + use<'_> {
    let mut blocks = blocks_in(blocks, range.clone());
    let mut at = range.start;
    std::iter::from_fn(move || {
        let start = at;
        if start >= range.end {
            return None;
        }
        match blocks.first() {
            Some(block) if block.offset <= start => {
                while let Some((block, rest)) = blocks.split_first()
                    && block.offset <= at
                {
                    at = block.range().end.min(range.end);
                    blocks = rest;
                }
                Some(Run::Data(start..at))
            }
            next => {
                at = next.map_or(range.end, |block| block.offset);
                Some(Run::Gap(start..at))
            }
        }
    })
}

/// What is missing of `range`.
pub(crate) fn gaps_in(blocks: &[BlockRef], range: Range<u64>) -> Vec<Range<u64>> {
    let gap = |run| match run {
        Run::Gap(range) => Some(range),
        Run::Data(_) => None,
    };
    runs_in(blocks, range).filter_map(gap).collect()
}

/// Everything that is there; blocks that touch are one range.
pub(crate) fn coverage(blocks: &[BlockRef]) -> Vec<Range<u64>> {
    let data = |run| match run {
        Run::Data(range) => Some(range),
        Run::Gap(_) => None,
    };
    runs_in(blocks, 0..u64::MAX).filter_map(data).collect()
}

/// The first block that has bytes in `range`.
pub(crate) fn first_overlap(blocks: &[BlockRef], range: Range<u64>) -> Option<Range<u64>> {
    blocks_in(blocks, range).first().map(BlockRef::range)
}

/// The blocks of a child: `plain` ones, where its parent has none, and `overwrites`, over anything.
/// Each list is sorted and disjoint in itself. Linear in their lengths.
pub(crate) fn merge(
    parent: Vec<BlockRef>,
    plain: &[BlockRef],
    overwrites: &[BlockRef],
) -> Vec<BlockRef> {
    match (plain, overwrites) {
        ([], above) | (above, []) => over(parent, above),
        _ => over(over(parent, plain), overwrites),
    }
}

/// `above` laid over `below`, of which the parts that remain visible are kept.
pub(crate) fn over(below: impl IntoIterator<Item = BlockRef>, above: &[BlockRef]) -> Vec<BlockRef> {
    let mut shown = Vec::new();
    let mut covers = above;
    for block in below {
        let Range { start, end } = block.range();
        let mut at = start;
        while let Some((cover, rest)) = covers.split_first()
            && cover.offset < end
        {
            if at < cover.offset {
                shown.push(part(&block, at..cover.offset));
            }
            at = at.max(cover.range().end);
            if cover.range().end > end {
                // It may cover the next block too.
                break;
            }
            covers = rest;
        }
        match at {
            _ if at == start => shown.push(block),
            _ if at < end => shown.push(part(&block, at..end)),
            _ => {}
        }
    }
    shown.extend_from_slice(above);
    // Two sorted runs, which this merges in one pass.
    shown.sort_by_key(|block| block.offset);
    shown
}

/// The part of a block that is shown at `range`, which lies inside it.
fn part(block: &BlockRef, range: Range<u64>) -> BlockRef {
    BlockRef {
        offset: range.start,
        length: range.end - range.start,
        path_offset: place(block, range.start),
        ..block.clone()
    }
}

/// Where in its object a block has the byte of the volume at `at`.
pub(crate) fn place(block: &BlockRef, at: u64) -> u64 {
    block.path_offset.saturating_add(at - block.offset)
}

/// The first stretch of `range` on which `a` and `b` differ: they show another object, another place
/// in it, or one has a gap where the other has bytes. `None` if they show the same.
///
/// Objects are written once, so what is the same here has the same bytes.
pub(crate) fn first_difference(
    a: &[BlockRef],
    b: &[BlockRef],
    range: Range<u64>,
) -> Option<Range<u64>> {
    let (mut a, mut b) = (blocks_in(a, range.clone()), blocks_in(b, range.clone()));
    let mut at = range.start;
    let mut found: Option<Range<u64>> = None;
    while at < range.end {
        let (shown_a, end_a) = shown_at(&mut a, at);
        let (shown_b, end_b) = shown_at(&mut b, at);
        let end = end_a.min(end_b).min(range.end);
        match (&mut found, shown_a == shown_b) {
            (Some(_), true) => break,
            (None, true) => {}
            (Some(found), false) => found.end = end,
            (none, false) => *none = Some(at..end),
        }
        at = end;
    }
    found
}

/// The object and the place in it that is shown at `at`, and how far that goes. Blocks that end
/// before are dropped.
fn shown_at<'a>(blocks: &mut &'a [BlockRef], at: u64) -> (Option<(&'a str, u64)>, u64) {
    while let Some((block, rest)) = blocks.split_first()
        && block.range().end <= at
    {
        *blocks = rest;
    }
    match blocks.first() {
        Some(block) if block.offset <= at => {
            (Some((&block.path, place(block, at))), block.range().end)
        }
        Some(block) => (None, block.offset),
        None => (None, u64::MAX),
    }
}
