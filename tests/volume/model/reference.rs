//! The reference model of one volume.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::refusal::Refusal;

/// A volume as it must be.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// Snapshot `n` is at `n - 1`.
    pub snapshots: Vec<Kept>,
    /// Everything that was ever stored.
    pub blocks: Vec<Block>,
    /// Those that some snapshot has.
    pub committed: BTreeSet<usize>,
}

/// A snapshot as it must be: for each byte, where it comes from.
#[derive(Debug, Clone)]
pub struct Kept {
    pub bytes: Vec<Option<Byte>>,
    /// The metadata's number.
    pub commit: u64,
}

/// The byte at `place` of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Byte {
    pub block: usize,
    pub place: usize,
}

/// A block that was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Of its object, without the folder.
    pub name: String,
    pub offset: u64,
    pub bytes: Vec<u8>,
    pub overwrite: bool,
    /// The snapshot it was staged on; 0 for none.
    pub base: u64,
    pub session: String,
    pub seq: u32,
}

/// What a handle stages on: a snapshot, or 0 for none; and the volume's length as it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    pub number: u64,
    pub length: u64,
}

/// What is staged through a handle.
#[derive(Debug, Clone)]
pub struct Held {
    pub base: Base,
    pub session: String,
    pub blocks: BTreeSet<usize>,
    /// The commits that were tried before.
    pub attempts: Vec<u64>,
}

impl Block {
    pub fn range(&self) -> Range<u64> {
        self.offset..self.offset + self.bytes.len() as u64
    }
}

impl Reference {
    pub fn head(&self) -> u64 {
        self.snapshots.len() as u64
    }

    /// The blocks of snapshot `number` as its manifest has them: each as long as it can be, with the
    /// block it is of and the place in it.
    pub fn shown(&self, number: u64) -> Vec<(Range<u64>, Byte)> {
        let mut shown: Vec<(Range<u64>, Byte)> = Vec::new();
        for (at, byte) in (0..).zip(self.bytes(number)) {
            let Some(byte) = *byte else { continue };
            match shown.last_mut() {
                Some((range, first))
                    if range.end == at
                        && first.block == byte.block
                        && first.place + (at - range.start) as usize == byte.place =>
                {
                    range.end += 1;
                }
                _ => shown.push((at..at + 1, byte)),
            }
        }
        shown
    }

    pub fn bytes(&self, number: u64) -> &[Option<Byte>] {
        match number {
            0 => &[],
            number => &self.snapshots[number as usize - 1].bytes,
        }
    }

    /// Why a range cannot be staged, if it cannot; one of these reasons is told.
    pub fn refuse(
        &self,
        base: Base,
        staged: &BTreeSet<usize>,
        overwrite: bool,
        range: Range<u64>,
    ) -> Vec<Refusal> {
        if range.end > base.length {
            return vec![Refusal::OutOfBounds { range, len: base.length }];
        }
        if !overwrite {
            let there = self.first_shown(base.number, &range);
            if let Some(found) = there {
                return vec![Refusal::Overlap { range, found, snapshot: Some(base.number) }];
            }
        }
        let staged = staged.iter().map(|&block| self.blocks[block].range());
        staged
            .filter(|found| touches(found, &range))
            .map(|found| Refusal::Overlap { range: range.clone(), found, snapshot: None })
            .collect()
    }

    fn first_shown(&self, number: u64, range: &Range<u64>) -> Option<Range<u64>> {
        let mut shown = self.shown(number).into_iter().map(|(found, _)| found);
        shown.find(|found| touches(found, range))
    }

    /// What of snapshot `number` is in the way of a staged block, if anything is.
    fn in_the_way(&self, block: usize, number: u64) -> Option<Range<u64>> {
        let (bytes, staged) = (self.bytes(number), &self.blocks[block]);
        if bytes.iter().flatten().any(|byte| byte.block == block) {
            return None; // It is there already.
        }
        if !staged.overwrite {
            return self.first_shown(number, &staged.range());
        }
        let before = self.bytes(staged.base);
        let differs = |at: &u64| {
            let at = *at as usize;
            before.get(at).copied().flatten() != bytes.get(at).copied().flatten()
        };
        let first = staged.range().find(differs)?;
        let end = (first..staged.range().end).find(|at| !differs(at));
        Some(first..end.unwrap_or(staged.range().end))
    }

    /// The first of these blocks that snapshot `number` is in the way of.
    pub fn overlap(&self, held: &Held, number: u64) -> Option<Refusal> {
        let mut blocks: Vec<usize> = held.blocks.iter().copied().collect();
        blocks.sort_by_key(|&block| self.blocks[block].offset);
        blocks.into_iter().find_map(|block| {
            let found = self.in_the_way(block, number)?;
            let range = self.blocks[block].range();
            Some(Refusal::Overlap { range, found, snapshot: Some(number) })
        })
    }

    /// What a commit comes to, and its effect. `seen` is the head that it found when it began: what
    /// is newer overtook it.
    pub fn commit(
        &mut self,
        held: &Held,
        seen: u64,
        fail_on_conflict: bool,
        commit: u64,
    ) -> Result<u64, Refusal> {
        let head = self.head();
        let found = self.snapshots.first().map_or(0, |first| first.bytes.len() as u64);
        if head > 0 && found != held.base.length {
            return Err(Refusal::Length { expected: held.base.length, found });
        }
        // A volume is created once; unless it was by an earlier attempt with these very blocks.
        let was_created = self.bytes(head.min(1)).iter().flatten();
        let by_us = was_created.map(|byte| byte.block).any(|block| held.blocks.contains(&block));
        if held.base.number == 0 && head > 0 && !(seen > 0 && by_us) {
            let overlap = if seen == 0 { self.overlap(held, head) } else { None };
            let conflict = Refusal::Conflict { expected: None, found: Some(head) };
            return Err(overlap.unwrap_or(conflict));
        }
        // What a snapshot has had is committed.
        let mut left = held.clone();
        left.blocks.retain(|block| !self.committed.contains(block));
        // What was changed already in the snapshot that the handle reads is told of that one; unless
        // something was staged on a newer one, and all of it is committed on the newest.
        let is_newer = |&block: &usize| self.blocks[block].base > held.base.number;
        if !held.blocks.iter().any(is_newer)
            && let Some(refusal) = self.overlap(&left, held.base.number)
        {
            return Err(refusal);
        }
        if let Some(refusal) = self.overlap(&left, head) {
            return Err(refusal);
        }
        let since = self.snapshots.iter().skip(held.base.number as usize);
        if fail_on_conflict && since.clone().any(|kept| !held.attempts.contains(&kept.commit)) {
            let expected = Some(held.base.number).filter(|&number| number > 0);
            return Err(Refusal::Conflict { expected, found: Some(head) });
        }
        let mut bytes = match head {
            0 => vec![None; held.base.length as usize],
            head => self.bytes(head).to_vec(),
        };
        for &block in &left.blocks {
            for (place, at) in self.blocks[block].range().enumerate() {
                bytes[at as usize] = Some(Byte { block, place });
            }
        }
        self.committed.extend(bytes.iter().flatten().map(|byte| byte.block));
        self.snapshots.push(Kept { bytes, commit });
        Ok(self.head())
    }

    /// What `sessions()` shows: the names of what is stored and in no snapshot, by session.
    pub fn sessions(&self) -> BTreeMap<String, Vec<String>> {
        let mut sessions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for block in (0..self.blocks.len()).filter(|block| !self.committed.contains(block)) {
            sessions.entry(self.blocks[block].session.clone()).or_default().push(block);
        }
        let names = |mut blocks: Vec<usize>| {
            blocks.sort_by_key(|&block| (self.blocks[block].offset, self.blocks[block].seq));
            blocks.into_iter().map(|block| self.blocks[block].name.clone()).collect()
        };
        sessions.into_iter().map(|(session, blocks)| (session, names(blocks))).collect()
    }

    /// What resuming a session through a handle on `base` comes to; the blocks.
    pub fn resume(
        &self,
        base: Base,
        session: &str,
        choose: Option<u8>,
    ) -> Result<BTreeSet<usize>, Refusal> {
        let named = self.sessions().remove(session).unwrap_or_default();
        let find = |name: &String| self.blocks.iter().position(|block| block.name == *name);
        let mut found: Vec<usize> = named.iter().filter_map(find).collect();
        self.dedup(&mut found);
        if found.is_empty() {
            return Err(Refusal::NothingStaged { session: session.to_owned() });
        }
        if choose.is_some() {
            let chosen = self.chosen(session, choose);
            let range = |block: &usize| self.blocks[*block].range();
            let is_in_the_way =
                |block: &usize| chosen.iter().any(|one| touches(&range(one), &range(block)));
            found.retain(|block| chosen.contains(block) || !is_in_the_way(block));
        }
        let ambiguous = self.ambiguous(&found);
        if !ambiguous.is_empty() {
            let mut candidates: Vec<_> =
                ambiguous.iter().map(|&block| self.blocks[block].name.clone()).collect();
            candidates.sort();
            return Err(Refusal::Ambiguous { session: session.to_owned(), candidates });
        }
        if found.is_empty() {
            return Err(Refusal::NothingStaged { session: session.to_owned() });
        }
        let mut adopted = BTreeSet::new();
        for block in found {
            let (range, overwrite) = (self.blocks[block].range(), self.blocks[block].overwrite);
            if let Some(refusal) = self.refuse(base, &adopted, overwrite, range).into_iter().next()
            {
                return Err(refusal);
            }
            adopted.insert(block);
        }
        Ok(adopted)
    }

    /// Of a session's blocks that overlap each other, those whose bits are set.
    pub fn chosen(&self, session: &str, choose: Option<u8>) -> BTreeSet<usize> {
        let open = |block: &usize| {
            self.blocks[*block].session == session && !self.committed.contains(block)
        };
        let mut found: Vec<usize> = (0..self.blocks.len()).filter(open).collect();
        self.dedup(&mut found);
        let bits = choose.unwrap_or(0);
        let ambiguous = self.ambiguous(&found).into_iter().enumerate();
        ambiguous.filter(|(i, _)| bits >> (i % 8) & 1 == 1).map(|(_, block)| block).collect()
    }

    /// Sorts by offset, and takes out what is the same as an earlier one, only staged once more. Others of
    /// that range can lie between.
    fn dedup(&self, blocks: &mut Vec<usize>) {
        let block = |block: &usize| &self.blocks[*block];
        blocks
            .sort_by_key(|b| (block(b).offset, block(b).bytes.len(), block(b).seq, &block(b).name));
        let mut seen = BTreeSet::new();
        blocks.retain(|b| {
            let Block { offset, bytes, overwrite, base, .. } = block(b);
            seen.insert((*offset, bytes, *overwrite, *base))
        });
    }

    /// Those that overlap another one.
    fn ambiguous(&self, blocks: &[usize]) -> BTreeSet<usize> {
        let overlaps = |&block: &usize| {
            let range = self.blocks[block].range();
            let mut others = blocks.iter().filter(|&&other| other != block);
            others.any(|&other| touches(&self.blocks[other].range(), &range))
        };
        blocks.iter().copied().filter(overlaps).collect()
    }
}

pub fn touches(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}
