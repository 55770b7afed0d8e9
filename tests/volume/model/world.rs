//! lode and the reference, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use lode::{Discarded, Error, Result, Staged, Volume};
use object_store::ObjectStore;

use super::race::observe;
use super::reference::{Base, Held, Reference};
use super::refusal::Refusal;
use super::slot::{Done, Plan, Planned, Slot, VOLUME};
use super::steps::{Call, Case, Failure, Opens, Put, SLOTS, Setup, Step, Under};
use crate::support::ambient::{CountingIds, SetClock, uuid};
use crate::support::script::Rule;
use crate::support::{Contents, Fault, FaultStore, contents, memory, settle};

/// Plays a case.
///
/// # Panics
/// When lode does not do what the reference does, or breaks an invariant.
pub fn run(case: &Case) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap().block_on(async {
        let mut world = World::new(&case.setup);
        for (i, step) in case.steps.iter().enumerate() {
            world.step(step).await;
            world.check(&format!("step {i}: {step:?}")).await;
        }
        world.check_reads().await;
    });
}

/// Both sides.
pub struct World {
    pub inner: Arc<dyn ObjectStore>,
    pub slots: Vec<Slot>,
    pub reference: Reference,
    /// The length, unless another was first.
    pub length: u64,
    /// What was stored after the last step.
    pub stored: BTreeMap<String, Bytes>,
    calls: u64,
}

impl World {
    fn new(setup: &Setup) -> Self {
        let inner = memory() as Arc<dyn ObjectStore>;
        let length = 64 + u64::from(setup.length) % 80;
        let ids = Arc::new(CountingIds::from(0));
        let clock = Arc::new(SetClock::new([500, 400, 900, 100, 100, 1000, 10]));
        let slot = |&settings| {
            let faulty = FaultStore::new(Arc::clone(&inner));
            let (clock, ids) = (Arc::clone(&clock), Arc::clone(&ids));
            let store = faulty.store().with_clock(clock).with_ids(ids);
            Slot::new(faulty, store, settings, length)
        };
        let slots = setup.settings.iter().map(slot).collect();
        let (reference, stored) = (Reference::default(), Contents::new());
        Self { inner: Arc::clone(&inner), slots, reference, length, stored, calls: 0 }
    }

    async fn step(&mut self, step: &Step) {
        let index = |slot: u8| usize::from(slot) % SLOTS;
        match step {
            Step::Call { slot, call: Call::Commit, under } => {
                self.commit(index(*slot), *under).await;
            }
            Step::Call { slot, call, under } => self.call(index(*slot), call, *under).await,
            Step::Discard { slot, offset, length } => {
                let start = u64::from(*offset) % self.length;
                self.discard(index(*slot), start..start + u64::from(*length % 40));
            }
            Step::Drop { slot } => self.slots[index(*slot)].staged = None,
            Step::Reopen { slot, opens } => self.reopen(index(*slot), *opens).await,
            Step::Overtaken { first, second } => self.overtake(index(*first), index(*second)).await,
            Step::Race { first, second, pauses } => {
                self.race(index(*first), index(*second), *pauses).await;
            }
        }
    }

    pub fn next_commit(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    fn discard(&mut self, slot: usize, range: std::ops::Range<u64>) {
        let slot = &mut self.slots[slot];
        let Some((staged, mut held)) = slot.staged.take() else { return };
        let blocks = &self.reference.blocks;
        held.blocks.retain(|&block| !super::reference::touches(&blocks[block].range(), &range));
        match staged.discard(range) {
            Discarded::Staged(staged) => {
                assert!(!held.blocks.is_empty());
                slot.staged = Some((staged, held));
            }
            Discarded::Empty(base) => {
                assert!(held.blocks.is_empty());
                let number = match &base {
                    lode::Base::New(volume) => (0, volume.total_length()),
                    lode::Base::Committed(volume) => {
                        (volume.snapshot_id().get(), volume.total_length())
                    }
                };
                assert_eq!(number, (held.base.number, held.base.length));
                (slot.open, slot.base) = (base, held.base);
            }
        }
    }

    async fn reopen(&mut self, slot: usize, opens: Opens) {
        let head = self.reference.head();
        let length = self.length;
        let slot = &mut self.slots[slot];
        match opens {
            Opens::New { other_length } => slot.create(length + u64::from(other_length)),
            Opens::Latest => match Volume::open(&slot.store, VOLUME).await {
                Ok(volume) => {
                    assert_eq!(volume.snapshot_id().get(), head);
                    slot.opened(volume);
                }
                Err(Error::VolumeNotFound { .. }) => assert_eq!(head, 0),
                Err(error) => panic!("{error}"),
            },
            Opens::At(n) => {
                let Some(n) = u64::from(n).checked_rem(head) else { return };
                let id = lode::VolumeSnapshotId::new(n + 1).unwrap();
                slot.opened(Volume::open_at(&slot.store, VOLUME, id).await.unwrap());
            }
        }
    }

    async fn call(&mut self, slot: usize, call: &Call, under: Under) {
        let Some(plan) = self.plan(slot, call) else { return };
        let through = self.slots[slot].staged.as_ref().filter(|_| !matches!(plan, Plan::Resume { .. }));
        let base = through.map_or(self.slots[slot].base, |(_, held)| held.base);
        let session = through.map(|(_, held)| held.session.clone());
        let held = through.map(|(_, held)| held.blocks.clone()).unwrap_or_default();
        let planned = self.planned(slot, &plan);

        self.begin(slot, under);
        let performed = self.slots[slot].perform(&plan);
        let done = poll_times(performed, under).await;
        let fired = self.heal(slot).await;
        // What is staged apart has a session of its own.
        let known = session.as_deref().filter(|_| !matches!(plan, Plan::Apart(_)));
        let stored = contents(&*self.inner).await;
        self.reference.learn(&stored, &planned, base, known);

        let is_sure = matches!(under, Under::Nothing) || !fired;
        let expected = self.expect(&plan, base, &held, &planned, call);
        match done {
            None => {
                let may_stage = matches!(plan, Plan::Many(_) | Plan::Stream { .. });
                self.absorb(slot, &held, &planned, may_stage);
            }
            Some(Err(error)) => {
                let refusal = Refusal::from(&error);
                let is_fault = !is_sure && refusal == Refusal::Storage;
                assert!(is_fault || expected.contains(&refusal), "{error}: not in {expected:?}");
                self.absorb(slot, &held, &planned, matches!(plan, Plan::Stream { .. }));
            }
            Some(Ok(done)) => {
                if !matches!(plan, Plan::Many(_)) {
                    assert!(expected.is_empty(), "{done:?}, and not {expected:?}");
                }
                self.done(slot, &plan, done, base, held, &planned, is_sure);
            }
        }
    }

    /// Why a call may be refused; it must be, if there is a reason.
    fn expect(
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

    /// A call went well.
    #[expect(clippy::too_many_arguments, reason = "everything about one call")]
    fn done(
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
            Done::Each(volume, each) => self.each(slot, volume, &each, base, held, planned, is_sure),
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
                false => {
                    self.reference.refuse(base, &held, planned.overwrite, planned.range())
                }
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
        self.slots[slot].staged = Some((volume, Held { base, session, blocks }));
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
    fn absorb(&mut self, slot: usize, held: &BTreeSet<usize>, planned: &[Planned], may_stage: bool) {
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

    async fn commit(&mut self, slot: usize, under: Under) {
        let Some((staged, held)) = self.slots[slot].staged.take() else { return };
        let number = self.next_commit();
        let before = self.reference.head();
        let mut after = self.reference.clone();
        let fail_on_conflict = self.slots[slot].settings.fail_on_conflict;
        let expected = after.commit(&held, before, fail_on_conflict, number);
        self.begin(slot, under);
        let ended = poll_times(staged.commit(metadata(number)), under).await;
        let fired = self.heal(slot).await;
        let landed = self.stored_ids().await.last().is_some_and(|&last| last > before);
        assert!(!landed || expected.is_ok(), "landed, and not {expected:?}");
        if landed {
            self.reference = after.clone();
        }
        let Some(ended) = ended else { return };
        let observed = observe(&ended);
        match ended {
            Ok(volume) => {
                assert_eq!(observed, expected);
                assert!(landed);
                self.slots[slot].opened(volume);
            }
            Err(failed) => {
                self.slots[slot].staged = Some((failed.staged, held));
                match (observed, failed.source) {
                    (Err(Refusal::Storage), _) => assert!(fired && !landed),
                    (_, Error::CommitUnknown { token, .. }) => {
                        assert!(fired);
                        if number % 2 == 0 {
                            return; // Whoever tries again finds out.
                        }
                        let is_next = token.id().get() == before + 1;
                        let volume = lode::Volume::create(&self.slots[slot].store, VOLUME, 1);
                        let resolved = volume.unwrap().resolve(*token).await.unwrap();
                        assert_eq!(resolved.is_some(), is_next);
                        if resolved.is_some() {
                            assert!(expected.is_ok());
                            self.reference = after;
                        }
                    }
                    (observed, _) => assert_eq!(observed, expected),
                }
            }
        }
    }

    /// What a call is to do; `None` if there is nothing for it.
    fn plan(&mut self, slot: usize, call: &Call) -> Option<Plan> {
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
                let sessions: BTreeSet<_> =
                    self.reference.blocks.iter().map(|block| block.session.clone()).collect();
                let which = usize::from(*which) % (sessions.len() + 1);
                let unknown = || uuid(u64::from(u32::MAX)).simple().to_string();
                let session = sessions.into_iter().nth(which).unwrap_or_else(unknown);
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
    fn planned(&self, slot: usize, plan: &Plan) -> Vec<Planned> {
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

    fn begin(&self, slot: usize, under: Under) {
        let faulty = &self.slots[slot].faulty;
        faulty.clear();
        if let Under::Fault { nth, fault } = under {
            let nth = 1 + usize::from(nth) % 12;
            faulty.rule(match fault {
                Failure::Before => Rule::nth(nth, Fault::Before),
                Failure::After => Rule::nth(nth, Fault::After),
                Failure::Late(calls) => Rule::nth(nth, Fault::Late(usize::from(calls) % 8)),
                Failure::Down => Rule::nth(nth, Fault::Before).for_ever(),
                Failure::DownAfter => Rule::nth(nth, Fault::After).for_ever(),
            });
        }
    }

    /// Nothing fails any more, and what was on its way has arrived; whether something failed.
    async fn heal(&mut self, slot: usize) -> bool {
        let faulty = &self.slots[slot].faulty;
        settle().await;
        faulty.heal();
        faulty.land().await;
        faulty.fired() > 0
    }

    /// The ids whose manifests are stored, by a listing of our own.
    pub async fn stored_ids(&self) -> Vec<u64> {
        contents(&*self.inner).await.keys().filter_map(|key| manifest_id(key)).collect()
    }
}

impl Planned {
    pub fn range(&self) -> std::ops::Range<u64> {
        self.offset..self.offset.saturating_add(self.bytes.len() as u64)
    }
}

pub fn metadata(commit: u64) -> lode::Metadata {
    lode::IntoMetadata::into_metadata(lode::metadata! { "commit": commit }).unwrap()
}

/// The id of the manifest that has this key.
pub fn manifest_id(key: &str) -> Option<u64> {
    let folder = key.strip_prefix("volumes/disk/snapshots/")?.strip_suffix("/manifest.json")?;
    assert_eq!(folder.len(), 19, "{key}");
    Some(folder.parse().unwrap())
}

/// Polls as often as it is to be polled, and then drops the future.
async fn poll_times<T>(mut future: BoxFuture<'_, T>, under: Under) -> Option<T> {
    let Under::Dropped { polls } = under else { return Some(future.await) };
    let mut left = usize::from(polls) % 24;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.poll_unpin(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
