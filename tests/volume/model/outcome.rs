//! What a call gave is what it was to give.

use std::collections::BTreeSet;

use lode::{Result, Staged, Volume};

use super::reference::{Base, Held};
use super::refusal::Refusal;
use super::slot::{Done, Plan, Planned};
use super::world::World;

impl World {
    /// A call went well.
    #[expect(clippy::too_many_arguments, reason = "everything about one call")]
    pub fn done(
        &mut self,
        slot: usize,
        plan: &Plan,
        done: Done,
        base: Base,
        held: BTreeSet<usize>,
        planned: &[Planned],
        is_sure: bool,
    ) {
        match done {
            Done::Apart(block) => {
                self.matches(&block, &planned[0]);
            }
            Done::Accepted => {
                let Plan::Accept { block, .. } = plan else { panic!("{plan:?}") };
                let block = self.reference.returned(block);
                self.slots[slot].staged.as_mut().unwrap().1.blocks.insert(block);
            }
            Done::Staged(blocks) => {
                assert_eq!(blocks.len(), planned.len());
                for (block, planned) in blocks.iter().zip(planned) {
                    let block = self.matches(block, planned);
                    self.slots[slot].staged.as_mut().unwrap().1.blocks.insert(block);
                }
            }
            Done::Began(volume) => {
                let blocks = match plan {
                    Plan::Accept { block, .. } => BTreeSet::from([self.reference.returned(block)]),
                    Plan::Resume { session, .. } => {
                        assert_eq!(volume.session(), *session);
                        let staged = volume.staged_blocks();
                        let open: BTreeSet<_> =
                            staged.iter().map(|block| self.reference.returned(block)).collect();
                        open
                    }
                    _ => {
                        let staged = volume.staged_blocks();
                        assert_eq!(staged.len(), planned.len());
                        let blocks = staged.iter().zip(planned);
                        blocks.map(|(block, planned)| self.matches(block, planned)).collect()
                    }
                };
                self.hold(slot, volume, base, blocks);
            }
            Done::Each(volume, each) => {
                self.each(slot, volume, &each, base, held, planned, is_sure)
            }
        }
    }

    /// Several at once: as one after the other, if nothing failed.
    #[expect(clippy::too_many_arguments, reason = "everything about one call")]
    fn each(
        &mut self,
        slot: usize,
        volume: Option<Volume<Staged>>,
        each: &[Result<lode::StagedBlock>],
        base: Base,
        mut held: BTreeSet<usize>,
        planned: &[Planned],
        is_sure: bool,
    ) {
        let mut rest = planned;
        if let (Some(volume), [first, others @ ..]) = (&volume, planned) {
            let staged = volume.staged_blocks();
            let of_first = staged.iter().find(|block| block.range() == first.range());
            held.insert(self.matches(of_first.unwrap(), first));
            rest = others;
        }
        assert_eq!(each.len(), rest.len());
        for (i, (result, planned)) in each.iter().zip(rest).enumerate() {
            let mut expected = match planned.bytes.is_empty() {
                true => vec![Refusal::Empty { offset: planned.offset }],
                false => self.reference.refuse(base, &held, planned.overwrite, planned.range()),
            };
            match result {
                Ok(block) => {
                    assert!(expected.is_empty(), "{block:?}, and not {expected:?}");
                    held.insert(self.matches(block, planned));
                }
                Err(error) => {
                    if !is_sure {
                        expected.push(Refusal::Storage);
                        // One that failed was in the way until it did.
                        let before = rest[..i].iter().map(Planned::range);
                        expected.extend(before.map(|found| Refusal::Overlap {
                            range: planned.range(),
                            found,
                            snapshot: None,
                        }));
                    }
                    let refusal = Refusal::from(error);
                    assert!(expected.contains(&refusal), "{error}: not in {expected:?}");
                }
            }
        }
        match volume {
            Some(volume) => self.hold(slot, volume, base, held),
            None if self.slots[slot].staged.is_some() => {
                self.slots[slot].staged.as_mut().unwrap().1.blocks = held;
            }
            None => {}
        }
    }

    fn hold(&mut self, slot: usize, volume: Volume<Staged>, base: Base, blocks: BTreeSet<usize>) {
        let session = volume.session().to_string();
        self.slots[slot].staged =
            Some((volume, Held { base, session, blocks, attempts: Vec::new() }));
    }

    /// The block that was returned is the one that was planned.
    fn matches(&self, block: &lode::StagedBlock, planned: &Planned) -> usize {
        let found = self.reference.returned(block);
        let kept = &self.reference.blocks[found];
        assert_eq!(
            (kept.offset, &kept.bytes, kept.overwrite),
            (planned.offset, &planned.bytes, planned.overwrite)
        );
        found
    }

    /// A call failed or was dropped: what was staged stays so; what else is, was to be.
    pub fn absorb(
        &mut self,
        slot: usize,
        held: &BTreeSet<usize>,
        planned: &[Planned],
        may_stage: bool,
    ) {
        let Some((staged, mine)) = &mut self.slots[slot].staged else { return };
        let found: BTreeSet<_> =
            staged.staged_blocks().iter().map(|block| self.reference.returned(block)).collect();
        if mine.blocks != *held {
            return; // The call was not through this handle.
        }
        assert!(found.is_superset(held));
        assert!(may_stage || found == *held, "{found:?} is staged, and {held:?} was");
        for &block in found.difference(held) {
            let kept = &self.reference.blocks[block];
            assert!(planned.iter().any(|planned| planned.range() == kept.range()));
        }
        mine.blocks = found;
    }
}
