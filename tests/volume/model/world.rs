//! lode and the reference, side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use lode::{Discarded, Error, Volume};
use object_store::ObjectStore;

use super::race::observe;
use super::reference::Reference;
use super::refusal::Refusal;
use super::slot::{Plan, Slot, VOLUME};
use super::steps::{Call, Case, Failure, Opens, Put, SLOTS, Setup, Step, Under};
use crate::support::ambient::{CountingIds, SetClock};
use crate::support::script::Rule;
use crate::support::{Contents, Fault, FaultStore, contents, memory, poll_times, settle};

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

/// The offset that stands for where something was discarded.
pub const DISCARDED: u8 = 254;

/// Both sides.
pub struct World {
    pub inner: Arc<dyn ObjectStore>,
    pub slots: Vec<Slot>,
    pub reference: Reference,
    /// The length, unless another was first.
    pub length: u64,
    /// What was stored after the last step.
    pub stored: BTreeMap<String, Bytes>,
    /// Where something was discarded last.
    pub discarded: u64,
    pub calls: u64,
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
        Self { inner: Arc::clone(&inner), slots, reference, length, stored, discarded: 0, calls: 0 }
    }

    async fn step(&mut self, step: &Step) {
        let index = |slot: u8| usize::from(slot) % SLOTS;
        match step {
            Step::Call { slot, call: Call::Commit, under } => {
                self.commit(index(*slot), *under).await;
            }
            Step::Call { slot, call, under } => self.call(index(*slot), call, *under).await,
            Step::Discard { slot, which, around } => {
                self.discard(index(*slot), usize::from(*which), u64::from(*around));
            }
            Step::Restage { slot, which, put } => {
                self.discard(index(*slot), usize::from(*which), 1);
                let again = Call::Stage(Put { offset: DISCARDED, ..*put });
                self.call(index(*slot), &again, Under::Nothing).await;
            }
            Step::Drop { slot } => self.slots[index(*slot)].staged = None,
            Step::Reopen { slot, opens } => self.reopen(index(*slot), *opens).await,
            Step::Recover { slot } => self.recover(index(*slot)).await,
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

    fn discard(&mut self, slot: usize, which: usize, around: u64) {
        let slot = &mut self.slots[slot];
        let Some((staged, mut held)) = slot.staged.take() else { return };
        let blocks = &self.reference.blocks;
        let which = *held.blocks.iter().nth(which % held.blocks.len()).unwrap();
        let range = blocks[which].range();
        self.discarded = range.start;
        let range = match around % 8 {
            0 => range.start..range.start, // Nothing has bytes there.
            1 => range.end - 1..range.end,
            around => range.start.saturating_sub(around - 2)..range.end + around - 2,
        };
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

    async fn recover(&mut self, slot: usize) {
        let Some((_, held)) = self.slots[slot].staged.take() else { return };
        self.reopen(slot, Opens::Latest).await;
        let session = held.session.parse().unwrap();
        let plan = Plan::Resume { session, choose: None, verified: false };
        let call = Call::Resume { which: 0, choose: None, verified: false };
        self.perform(slot, plan, &call, Under::Nothing).await;
    }

    async fn call(&mut self, slot: usize, call: &Call, under: Under) {
        if let Some(plan) = self.plan(slot, call) {
            self.perform(slot, plan, call, under).await;
        }
    }

    async fn perform(&mut self, slot: usize, plan: Plan, call: &Call, under: Under) {
        let through =
            self.slots[slot].staged.as_ref().filter(|_| !matches!(plan, Plan::Resume { .. }));
        let base = through.map_or(self.slots[slot].base, |(_, held)| held.base);
        let session = through.map(|(_, held)| held.session.clone());
        let held = through.map(|(_, held)| held.blocks.clone()).unwrap_or_default();
        let planned = self.planned(slot, &plan);

        self.begin(slot, under);
        let performed = self.slots[slot].perform(&plan);
        let done = awaited(performed, under).await;
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

    async fn commit(&mut self, slot: usize, under: Under) {
        let Some((staged, mut held)) = self.slots[slot].staged.take() else { return };
        let number = self.next_commit();
        let before = self.reference.head();
        let mut after = self.reference.clone();
        let fail_on_conflict = self.slots[slot].settings.fail_on_conflict;
        let expected = after.commit(&held, before, fail_on_conflict, number);
        self.begin(slot, under);
        let ended = awaited(staged.commit(metadata(number)), under).await;
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
                held.attempts.push(number);
                self.slots[slot].staged = Some((failed.staged, held));
                match (observed, failed.source) {
                    (Err(Refusal::Storage), _) => assert!(fired && !landed),
                    (_, Error::CommitUnknown { token, .. }) => {
                        assert!(fired);
                        if number.is_multiple_of(2) {
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

pub fn metadata(commit: u64) -> lode::Metadata {
    lode::IntoMetadata::into_metadata(lode::metadata! { "commit": commit }).unwrap()
}

/// The id of the manifest that has this key.
pub fn manifest_id(key: &str) -> Option<u64> {
    let folder = key.strip_prefix("volumes/disk/snapshots/")?.strip_suffix("/manifest.json")?;
    assert_eq!(folder.len(), 19, "{key}");
    Some(folder.parse().unwrap())
}

/// Awaits it, or polls as often as it is to be polled and drops it.
async fn awaited<T>(future: BoxFuture<'_, T>, under: Under) -> Option<T> {
    match under {
        Under::Dropped { polls } => poll_times(future, usize::from(polls) % 24, true).await,
        _ => Some(future.await),
    }
}
