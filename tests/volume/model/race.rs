//! Two commits at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::join;
use lode::{CommitError, Committed, Volume};

use super::reference::{Held, Reference};
use super::refusal::Refusal;
use super::world::World;
use crate::support::script::Rule;
use crate::support::{Class, Fault, Op};

type Ended = Result<Volume<Committed>, CommitError>;

/// What a commit asks for.
struct Asked {
    slot: usize,
    held: Held,
    fail_on_conflict: bool,
    commit: u64,
}

impl World {
    /// The first is about to put its manifest when all of the second's commit happens.
    pub async fn overtake(&mut self, first: usize, second: usize) {
        let Some([(one, first), (two, second)]) = self.both(first, second) else { return };
        let seen = self.reference.head();
        let meanwhile = Arc::new(Mutex::new((Some((two, second.commit)), None)));
        let shared = Arc::clone(&meanwhile);
        let overtakes = Fault::run(move || {
            let shared = Arc::clone(&shared);
            async move {
                let commit = shared.lock().unwrap().0.take();
                if let Some((volume, commit)) = commit {
                    let ended = volume.commit(super::world::metadata(commit)).await;
                    shared.lock().unwrap().1 = Some(ended);
                }
            }
        });
        let faulty = self.slots[first.slot].faulty.clone();
        faulty.rule(Rule::on(Op::Create, Class::Manifest, overtakes));
        let one = one.commit(super::world::metadata(first.commit)).await;
        faulty.heal();
        let (waiting, ended) = std::mem::replace(&mut *meanwhile.lock().unwrap(), (None, None));
        match waiting {
            // The first was refused before it put anything.
            Some((two, commit)) => {
                let two = two.commit(super::world::metadata(commit)).await;
                let expected = self.reference.ask(&first, seen);
                self.ended(first, one, expected);
                let expected = self.reference.ask(&second, seen);
                self.ended(second, two, expected);
            }
            None => {
                let expected = self.reference.ask(&second, seen);
                self.ended(second, ended.unwrap(), expected);
                let expected = self.reference.ask(&first, seen);
                self.ended(first, one, expected);
            }
        }
    }

    /// Both at once, each giving way to the other at every store call.
    pub async fn race(&mut self, first: usize, second: usize, pauses: u64) {
        let Some([(one, first), (two, second)]) = self.both(first, second) else { return };
        let turns = Arc::new(AtomicU64::new(pauses));
        for slot in [first.slot, second.slot] {
            let turns = Arc::clone(&turns);
            let give_way = Fault::run(move || {
                let random = turns.load(Ordering::Relaxed);
                let next = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                turns.store(next, Ordering::Relaxed);
                async move {
                    for _ in 0..next >> 60 {
                        tokio::task::yield_now().await;
                    }
                }
            });
            self.slots[slot].faulty.rule(Rule::nth(1, give_way).for_ever());
        }
        let (one, two) = join(
            one.commit(super::world::metadata(first.commit)),
            two.commit(super::world::metadata(second.commit)),
        )
        .await;
        for slot in [first.slot, second.slot] {
            self.slots[slot].faulty.heal();
        }
        let observed = (observe(&one), observe(&two));
        let endings = self.endings(&first, &second);
        let Some((reference, ..)) =
            endings.iter().find(|(_, one, two)| (one, two) == (&observed.0, &observed.1))
        else {
            let possible: Vec<_> = endings.iter().map(|(_, one, two)| (one, two)).collect();
            panic!("{observed:?} is none of {possible:?}");
        };
        self.reference = reference.clone();
        self.ended(first, one, observed.0);
        self.ended(second, two, observed.1);
    }

    /// One after the other; what comes second may have begun before.
    #[expect(clippy::type_complexity, reason = "nothing else has it")]
    fn endings(
        &self,
        first: &Asked,
        second: &Asked,
    ) -> Vec<(Reference, Result<u64, Refusal>, Result<u64, Refusal>)> {
        let mut endings = Vec::new();
        let before = self.reference.head();
        for first_wins in [true, false] {
            for began_before in [true, false] {
                let mut after = self.reference.clone();
                let (winner, loser) = if first_wins { (first, second) } else { (second, first) };
                let won = after.ask(winner, before);
                let seen = if began_before { before } else { after.head() };
                let lost = after.ask(loser, seen);
                endings.push(match first_wins {
                    true => (after, won, lost),
                    false => (after, lost, won),
                });
            }
        }
        endings
    }

    /// What is staged in two slots, if something is in both.
    fn both(
        &mut self,
        first: usize,
        second: usize,
    ) -> Option<[(Volume<lode::Staged>, Asked); 2]> {
        if first == second || [first, second].iter().any(|&slot| self.slots[slot].staged.is_none())
        {
            return None;
        }
        Some([first, second].map(|slot| {
            let (volume, held) = self.slots[slot].staged.take().unwrap();
            let fail_on_conflict = self.slots[slot].settings.fail_on_conflict;
            let commit = self.next_commit();
            (volume, Asked { slot, held, fail_on_conflict, commit })
        }))
    }

    fn ended(&mut self, asked: Asked, ended: Ended, expected: Result<u64, Refusal>) {
        assert_eq!(observe(&ended), expected);
        match ended {
            Ok(volume) => self.slots[asked.slot].opened(volume),
            Err(failed) => self.slots[asked.slot].staged = Some((failed.staged, asked.held)),
        }
    }
}

impl Reference {
    fn ask(&mut self, asked: &Asked, seen: u64) -> Result<u64, Refusal> {
        self.commit(&asked.held, seen, asked.fail_on_conflict, asked.commit)
    }
}

/// What a commit came to.
pub fn observe(ended: &Ended) -> Result<u64, Refusal> {
    match ended {
        Ok(volume) => Ok(volume.snapshot_id().get()),
        Err(failed) => Err(Refusal::from(&failed.source)),
    }
}
