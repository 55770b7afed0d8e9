//! What a call is to do, and why it may be refused.

use std::collections::BTreeSet;

use super::reference::Base;
use super::refusal::Refusal;
use super::slot::{Plan, Planned};
use super::steps::{Call, Put};
use super::world::{DISCARDED, World};
use crate::support::ambient::uuid;

impl World {
    /// What a call is to do; `None` if there is nothing for it.
    pub fn plan(&mut self, slot: usize, call: &Call) -> Option<Plan> {
        self.calls += 1;
        Some(match call {
            Call::Stage(put) => Plan::Stage(self.block(put)),
            Call::Apart(put) => Plan::Apart(self.block(put)),
            Call::Many(puts) => Plan::Many(puts.iter().map(|put| self.block(put)).collect()),
            Call::Stream { put, fails, as_reader, chunk } => {
                let Planned { offset, bytes, .. } = self.block(put);
                let (fails, as_reader) = (*fails, *as_reader);
                Plan::Stream { offset, bytes, fails, as_reader, chunk: 1 + usize::from(*chunk) % 9 }
            }
            Call::Accept { which, verified } => {
                let which = usize::from(*which).checked_rem(self.reference.blocks.len())?;
                Plan::Accept { block: self.reference.sent(which), verified: *verified }
            }
            Call::Resume { which, choose, verified } => {
                let mut sessions: Vec<_> = self.reference.sessions().into_keys().collect();
                let committed = self.reference.committed.last();
                sessions
                    .extend(committed.map(|&block| self.reference.blocks[block].session.clone()));
                sessions.push(uuid(u64::from(u32::MAX)).simple().to_string());
                let session = sessions.swap_remove(usize::from(*which) % sessions.len());
                let chosen = choose.map(|_| {
                    let chosen = self.reference.chosen(&session, *choose);
                    chosen.into_iter().map(|block| self.reference.sent(block)).collect()
                });
                Plan::Resume {
                    session: session.parse().unwrap(),
                    choose: chosen,
                    verified: *verified,
                }
            }
            Call::Commit => unreachable!("slot {slot}: is not planned"),
        })
    }

    fn block(&self, put: &Put) -> Planned {
        let offset = match put.offset {
            255 => u64::MAX - 3,
            DISCARDED => self.discarded,
            offset => u64::from(offset) % (self.length + 2),
        };
        let seed = match put.seed % 3 {
            0 => u64::from(put.seed),
            _ => self.calls + 100,
        };
        let byte = |n: u64| (seed.wrapping_mul(31) ^ offset ^ n.wrapping_mul(7)) as u8;
        let bytes = (0..u64::from(put.length) % 32).map(byte).collect();
        Planned { offset, bytes, overwrite: put.overwrite }
    }

    /// The blocks that a call may store.
    pub fn planned(&self, slot: usize, plan: &Plan) -> Vec<Planned> {
        match plan {
            Plan::Stage(block) | Plan::Apart(block) => vec![block.clone()],
            Plan::Many(blocks) => blocks.clone(),
            Plan::Stream { offset, bytes, fails, .. } => {
                let size = self.slots[slot].block_bytes();
                let pieces = bytes.chunks(size).filter(|piece| !fails || piece.len() == size);
                let mut at = *offset;
                pieces
                    .map(|piece| {
                        let planned =
                            Planned { offset: at, bytes: piece.to_vec(), overwrite: false };
                        at = at.saturating_add(piece.len() as u64);
                        planned
                    })
                    .collect()
            }
            Plan::Accept { .. } | Plan::Resume { .. } => Vec::new(),
        }
    }

    /// Why a call may be refused; it must be, if there is a reason.
    pub fn expect(
        &self,
        plan: &Plan,
        base: Base,
        held: &BTreeSet<usize>,
        planned: &[Planned],
        call: &Call,
    ) -> Vec<Refusal> {
        let reference = &self.reference;
        let refuse = |block: &Planned, held: &BTreeSet<usize>| match block.bytes.is_empty() {
            true => vec![Refusal::Empty { offset: block.offset }],
            false => reference.refuse(base, held, block.overwrite, block.range()),
        };
        match (plan, call) {
            (Plan::Stage(block), _) => refuse(block, held),
            (Plan::Apart(block), _) => refuse(block, &BTreeSet::new()),
            (Plan::Many(blocks), _) => {
                blocks.first().map(|block| refuse(block, held)).unwrap_or_default()
            }
            (Plan::Stream { offset, bytes, fails, .. }, _) => {
                let mut all: Vec<_> =
                    planned.iter().flat_map(|block| refuse(block, held)).collect();
                let whole = planned.iter().map(|block| block.bytes.len() as u64).sum::<u64>();
                match fails {
                    true => all.push(Refusal::Source { offset: offset.saturating_add(whole) }),
                    false if bytes.is_empty() => all.push(Refusal::Empty { offset: *offset }),
                    false => {}
                }
                all
            }
            (Plan::Accept { block, .. }, _) => {
                let block = reference.returned(block);
                if held.contains(&block) {
                    return Vec::new();
                }
                let kept = &reference.blocks[block];
                reference.refuse(base, held, kept.overwrite, kept.range())
            }
            (Plan::Resume { session, .. }, Call::Resume { choose, .. }) => {
                reference.resume(base, &session.to_string(), *choose).err().into_iter().collect()
            }
            _ => unreachable!("{plan:?} of {call:?}"),
        }
    }
}

impl Planned {
    pub fn range(&self) -> std::ops::Range<u64> {
        self.offset..self.offset.saturating_add(self.bytes.len() as u64)
    }
}
