//! Random histories of one dataset: writers (some of which sleep or are killed), restores, expiry and
//! clean-ups in any order, and time that passes. After every step each snapshot that ought to be live
//! is read whole, and everything is verified.

use std::sync::Arc;
use std::time::Duration;

use lode::{Dataset, Error, Retain, Snapshot, VerifyLevel, metadata};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{HOUR, World, files, id, numbers};
use crate::support::rows::numbers as rows_of;
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, Row, rows};

#[derive(Debug, Clone)]
enum Step {
    Write,
    Append,
    /// Of one of the snapshots that there ever were.
    Restore(u8),
    /// A write that stores its data and is killed.
    Killed,
    /// One that stores its data (or reads what it is to restore), and sleeps before its manifest.
    Sleep(Sleeper),
    /// One of them goes on.
    Wake(u8),
    Expire(u8),
    /// Of what is older than so many hours.
    Gc(u8),
    /// The deletions of this one fail.
    InterruptedGc(u8),
    Pass(u8),
}

#[derive(Debug, Clone, Copy)]
enum Sleeper {
    Write,
    Append,
    Restore(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let sleeper = prop_oneof![
        1 => Just(Sleeper::Write),
        2 => Just(Sleeper::Append),
        1 => any::<u8>().prop_map(Sleeper::Restore),
    ];
    prop_oneof![
        2 => Just(Step::Write),
        3 => Just(Step::Append),
        2 => any::<u8>().prop_map(Step::Restore),
        1 => Just(Step::Killed),
        3 => sleeper.prop_map(Step::Sleep),
        3 => any::<u8>().prop_map(Step::Wake),
        3 => (0..6_u8).prop_map(Step::Expire),
        4 => (0..30_u8).prop_map(Step::Gc),
        1 => (0..30_u8).prop_map(Step::InterruptedGc),
        5 => (1..40_u8).prop_map(Step::Pass),
    ]
}

/// A snapshot as it must be.
#[derive(Debug, Clone)]
struct Kept {
    numbers: Vec<u64>,
    is_gc: bool,
    is_live: bool,
}

struct Asleep {
    what: Sleeper,
    /// The number that it writes, and the head it began on.
    number: u64,
    base: usize,
    go: Arc<Notify>,
    task: JoinHandle<lode::Result<Snapshot<Row>>>,
}

struct Machine {
    world: World,
    /// By id, from 1.
    history: Vec<Kept>,
    asleep: Vec<Asleep>,
    writes: u64,
}

impl Machine {
    async fn new() -> Self {
        let mut machine =
            Self { world: World::new(), history: Vec::new(), asleep: Vec::new(), writes: 0 };
        machine.step(&Step::Write).await;
        machine
    }

    /// A handle of a process that knows nothing.
    fn dataset(&self) -> Dataset<Row> {
        Dataset::new(&self.world.other(), "d").unwrap()
    }

    fn head(&self) -> &Kept {
        self.history.last().unwrap()
    }

    fn keep(&mut self, numbers: Vec<u64>) {
        self.history.push(Kept { numbers, is_gc: false, is_live: true });
    }

    fn number(&mut self) -> u64 {
        self.writes += 1;
        self.writes
    }

    fn pick(&self, of: u8) -> usize {
        usize::from(of) % self.history.len()
    }

    async fn step(&mut self, step: &Step) {
        let dataset = self.dataset();
        match step {
            Step::Write => {
                let n = self.number();
                dataset.write(&rows(n..n + 1), metadata! {}).await.unwrap();
                self.keep(vec![n]);
            }
            Step::Append => {
                let n = self.number();
                dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
                self.keep([&self.head().numbers[..], &[n]].concat());
            }
            Step::Restore(of) => {
                let of = self.pick(*of);
                let restored = dataset.restore(id(of as u64 + 1), metadata! {}).await;
                match self.history[of].is_live {
                    true => {
                        restored.unwrap();
                        self.keep(self.history[of].numbers.clone());
                    }
                    false => {
                        assert!(matches!(restored, Err(Error::Expired { .. })), "{restored:?}")
                    }
                }
            }
            Step::Killed => {
                let _ = self.sleep(Sleeper::Append).await;
            }
            Step::Sleep(what) => {
                let asleep = self.sleep(*what).await;
                self.asleep.extend(asleep);
            }
            Step::Wake(which) if self.asleep.is_empty() => {
                let _ = which;
            }
            Step::Wake(which) => {
                let asleep = self.asleep.remove(usize::from(*which) % self.asleep.len());
                self.wake(asleep).await;
            }
            Step::Expire(last) => {
                let report = dataset.expire(Retain::last(u32::from(*last))).await.unwrap();
                assert_eq!(numbers(&report.expired), self.expire(u64::from(*last)));
            }
            Step::Gc(hours) => {
                let gc = dataset.gc().older_than(HOUR * u32::from(*hours));
                let report = gc.await.unwrap();
                assert_eq!(report.deleted, report.condemned.len() as u64);
                self.collected(report.snapshot.is_some());
            }
            Step::InterruptedGc(hours) => {
                let dataset = self.world.dataset();
                let fault = Rule::on(Op::Delete, Class::Data, Fault::Before).for_ever();
                self.world.faulty.rule(fault.skip(1));
                let gc = dataset.gc().older_than(HOUR * u32::from(*hours)).await;
                self.world.faulty.heal();
                let has_committed = match &gc {
                    Ok(report) => report.snapshot.is_some(),
                    Err(Error::Storage { operation: "delete objects of", .. }) => true,
                    Err(other) => panic!("{other}"),
                };
                self.collected(has_committed);
            }
            Step::Pass(hours) => self.world.pass(i64::from(*hours)),
        }
    }

    /// Begins a write, up to its manifest; `None` for a restore of what has expired.
    async fn sleep(&mut self, what: Sleeper) -> Option<Asleep> {
        let number = self.number();
        let faulty = FaultStore::new(Arc::clone(self.world.faulty.inner()));
        let store = faulty.store().with_clock(Arc::clone(&self.world.clock) as _);
        let (go, said) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (wait, say) = (Arc::clone(&go), Arc::clone(&said));
        let fault = Fault::run(move || {
            let (wait, say) = (Arc::clone(&wait), Arc::clone(&say));
            async move {
                say.notify_one();
                wait.notified().await;
            }
        });
        faulty.rule(Rule::on(Op::Create, Class::Manifest, fault));
        let restored = match what {
            Sleeper::Restore(of) => Some(id(self.pick(of) as u64 + 1)),
            _ => None,
        };
        let task = tokio::spawn(async move {
            let dataset = Dataset::<Row>::new(&store, "d").unwrap();
            let batch = rows(number..number + 1);
            match (what, restored) {
                (_, Some(id)) => dataset.restore(id, metadata! {}).await,
                (Sleeper::Write, _) => dataset.write(&batch, metadata! {}).await,
                _ => dataset.append(&batch, metadata! {}).await,
            }
        });
        tokio::select! {
            () = said.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(100)) => {
                let ended = task.await.unwrap();
                assert!(matches!(ended, Err(Error::Expired { .. })), "{ended:?}");
                return None;
            }
        }
        Some(Asleep { what, number, base: self.history.len(), go, task })
    }

    async fn wake(&mut self, asleep: Asleep) {
        asleep.go.notify_one();
        let ended = asleep.task.await.unwrap();
        let since = &self.history[asleep.base..];
        match ended {
            Ok(snapshot) => {
                assert_eq!(snapshot.id(), id(self.history.len() as u64 + 1));
                let is_plain = matches!(asleep.what, Sleeper::Append);
                assert!(is_plain || since.iter().all(|kept| kept.is_gc), "a lost commit");
                let found = rows_of(&self.dataset(), &snapshot).await.unwrap();
                match asleep.what {
                    Sleeper::Write => assert_eq!(found, [asleep.number]),
                    Sleeper::Append => {
                        let mut expected = self.head().numbers.clone();
                        expected.push(asleep.number);
                        expected.sort_unstable();
                        assert_eq!(found, expected);
                    }
                    Sleeper::Restore(_) => {}
                }
                self.keep(found);
            }
            Err(Error::Condemned { .. }) => {
                assert!(since.iter().any(|kept| kept.is_gc), "nothing was condemned");
            }
            Err(error) if error.is_conflict() => {
                assert!(since.iter().any(|kept| !kept.is_gc), "{error}");
                assert!(!matches!(asleep.what, Sleeper::Append), "{error}");
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Expires, and says which.
    fn expire(&mut self, last: u64) -> Vec<u64> {
        let mut newer = 0;
        let mut expired = Vec::new();
        let head = self.history.len() - 1;
        for (place, kept) in self.history.iter_mut().enumerate().rev() {
            if !kept.is_live {
                continue;
            }
            if place != head && newer >= last {
                kept.is_live = false;
                expired.push(place as u64 + 1);
            }
            newer += u64::from(!kept.is_gc);
        }
        expired.reverse();
        expired
    }

    fn collected(&mut self, has_committed: bool) {
        if has_committed {
            let head = self.head().clone();
            self.history.push(Kept { is_gc: true, ..head });
        }
    }

    async fn check(&self, what: &str) {
        let dataset = self.dataset();
        for (place, kept) in self.history.iter().enumerate() {
            let found = dataset.snapshot(id(place as u64 + 1)).await;
            match kept.is_live {
                true => {
                    let mut expected = kept.numbers.clone();
                    expected.sort_unstable();
                    let found = rows_of(&dataset, &found.unwrap()).await;
                    assert_eq!(found.unwrap(), expected, "{what}, snapshot {}", place + 1);
                }
                false => assert!(matches!(found, Err(Error::Expired { .. })), "{what}: {found:?}"),
            }
        }
        let report = dataset.verify(VerifyLevel::Content).await.unwrap();
        assert!(report.is_ok(), "{what}: {report}");
        let live = self.history.iter().filter(|kept| kept.is_live).count() as u64;
        assert_eq!(report.snapshots, live, "{what}");
    }

    /// Once all is old, nothing is left but what is named.
    async fn end(mut self) {
        while let Some(asleep) = self.asleep.pop() {
            self.wake(asleep).await;
        }
        self.world.pass(1000);
        self.step(&Step::Gc(24)).await;
        self.check("the end").await;
        let dataset = self.dataset();
        let mut named = std::collections::BTreeSet::new();
        for (place, kept) in self.history.iter().enumerate() {
            if kept.is_live {
                named.extend(files(&dataset.snapshot(id(place as u64 + 1)).await.unwrap()));
            }
        }
        assert_eq!(self.world.data().await, named);
    }
}

fn run(steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut machine = Machine::new().await;
        for (i, step) in steps.iter().enumerate() {
            machine.step(step).await;
            machine.check(&format!("step {i}: {step:?}")).await;
        }
        machine.end().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96, failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_that_is_committed_is_ever_lost(steps in vec(step(), 1..24)) {
        run(&steps);
    }
}

/// The whole of `format.md` §9 in a few steps: who sleeps over an expiry and a clean-up.
#[test]
fn sleepers_of_every_kind_over_an_expiry_and_a_clean_up() {
    for what in [Sleeper::Write, Sleeper::Append, Sleeper::Restore(0)] {
        for hours in [0, 20] {
            let steps = [
                Step::Write,
                Step::Sleep(what),
                Step::Expire(1),
                Step::Pass(10),
                Step::Gc(hours),
                Step::Wake(0),
            ];
            run(&steps);
        }
    }
}
