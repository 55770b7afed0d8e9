//! Where the hammer's processes write in a volume: each commit fills one slot, with blocks and gaps.

use std::ops::Range;

/// The volume they all write to.
pub const VOLUME: &str = "slots";
/// How many processes write.
pub const WRITERS: u32 = 8;
/// The bytes of a slot.
const BYTES: u64 = 100;

/// The slot of one commit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Slot {
    /// The number of the writer.
    pub writer: u32,
    /// The number of the commit, by that writer.
    pub commit: u32,
}

impl Slot {
    /// What a commit fills: no two blocks touch each other, nor the next slot.
    pub fn blocks(self) -> Vec<Range<u64>> {
        let at = BYTES * u64::from(self.commit * WRITERS + self.writer);
        let blocks = [at..at + 30, at + 40..at + 60, at + 70..at + 71];
        blocks[..self.commit as usize % 3 + 1].to_vec()
    }
}

/// All slots, by offset.
pub fn slots(commits: u32) -> impl Iterator<Item = Slot> {
    (0..commits).flat_map(|commit| (0..WRITERS).map(move |writer| Slot { writer, commit }))
}

/// The length of the volume.
pub fn length(commits: u32) -> u64 {
    BYTES * u64::from(WRITERS * commits)
}

/// What stands at a range.
pub fn bytes(range: Range<u64>) -> Vec<u8> {
    range.map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}
