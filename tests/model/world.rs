//! lode and the reference, side by side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt, join, select};
use lode::ambient::{Clock, Ids};
use lode::manifest::Manifest;
use lode::{DefaultLayout, Durability, Error, FlatLayout, HiveLayout, Result, Store};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::checks::Checks;
use super::event::{Event, mix};
use super::perform::{Arranged, Handle};
use super::reference::{Change, Content, Ends, Outcome, Reference};
use super::steps::{
    Case, Expect, HANDLES, Hint, Layout, Operation, Settings, Setup, Step, Via, Write,
};
use super::watch::Watch;

/// Plays a case.
///
/// # Panics
/// When lode does not do what the reference does, or breaks an invariant.
pub fn run(case: &Case) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match case.setup.layout {
            Layout::Default => play::<DefaultLayout>(case).await,
            Layout::Hive => play::<HiveLayout>(case).await,
            Layout::Flat => play::<FlatLayout>(case).await,
        }
    });
}

async fn play<L: Arranged>(case: &Case) {
    let dir = case.setup.disk.then(|| tempfile::tempdir().unwrap());
    let inner = match &dir {
        Some(dir) => Store::local_with(dir.path(), Durability::None).unwrap(),
        None => Store::memory(),
    };
    let mut world = World::<L>::new(Arc::clone(inner.object_store()), &case.setup);
    for (i, step) in case.steps.iter().enumerate() {
        world.step(step).await;
        world.check(&format!("step {i}: {step:?}")).await;
    }
    world.check_all().await;
}

/// Both sides.
pub struct World<L: Arranged> {
    pub watch: Watch,
    ambient: Arc<Ambient>,
    pub handles: Vec<Handle<L>>,
    /// Of records and of blobs.
    pub references: [Reference; 2],
    pub checks: Checks,
    writes: u32,
}

/// A call and what it asks for.
struct Call {
    handle: usize,
    dataset: usize,
    via: Via,
    change: Change,
}

/// What two calls at once may come to.
type Ending = ([Reference; 2], Outcome, Outcome);

impl<L: Arranged> World<L> {
    fn new(inner: Arc<dyn ObjectStore>, setup: &Setup) -> Self {
        let mut world = Self {
            watch: Watch::new(inner),
            ambient: Arc::default(),
            handles: Vec::new(),
            references: Default::default(),
            checks: Checks::default(),
            writes: 0,
        };
        world.handles = setup.settings.iter().map(|&settings| world.open(settings)).collect();
        world
    }

    /// Handles as a process has them that knows nothing.
    pub fn open(&self, settings: Settings) -> Handle<L> {
        let watch = self.watch.another();
        let (clock, ids) = (Arc::clone(&self.ambient), Arc::clone(&self.ambient));
        let store = watch.store().with_clock(clock).with_ids(ids);
        Handle::open(&store, watch, settings)
    }

    async fn step(&mut self, step: &Step) {
        self.checks.may_leave_data = false;
        self.checks.hint = None;
        match step {
            Step::Write(write) => {
                let call = self.call(write);
                self.checks.may_leave_data = call.via == Via::DroppedWriter;
                let done = self.perform(&call).await;
                let before = self.references[call.dataset].head();
                let outcome = self.references[call.dataset].apply(&call.change);
                assert_eq!(self.observe(&call, done), outcome);
                let head = self.references[call.dataset].head();
                self.checks.hint = head.filter(|_| head > before).map(|id| (call.dataset, id));
            }
            Step::Dropped { write, polls } => self.drop_call(write, *polls).await,
            Step::Overtaken { first, second } => {
                let (first, second) = (self.call(first), self.call(second));
                self.overtake(&first, &second).await;
            }
            Step::Race { first, second, pauses } => {
                let (first, second) = (self.call(first), self.call(second));
                self.race(&first, &second, *pauses).await;
            }
            Step::Burst { appends } => {
                for _ in 0..appends % 70 {
                    let call = self.call(&Write { rows: 1, ..Write::default() });
                    let done = self.perform(&call).await;
                    let outcome = self.references[0].apply(&call.change);
                    assert_eq!(self.observe(&call, done), outcome);
                }
            }
            Step::Reopen { handle, settings } => {
                self.handles[usize::from(*handle) % HANDLES] = self.open(*settings);
            }
            Step::Hint { blobs, becomes } => self.set_hint(usize::from(*blobs), *becomes).await,
        }
    }

    fn call(&mut self, write: &Write) -> Call {
        self.writes += 1;
        let handle = usize::from(write.handle) % HANDLES;
        let dataset = usize::from(write.blob);
        let head = self.references[dataset].head();
        let operation = match write.operation {
            _ if write.blob => Operation::Write,
            Operation::ReplacePartitions if !L::IS_HIVE => Operation::Append,
            operation => operation,
        };
        let rows = u32::from(write.rows) % 24;
        let content = match write.blob {
            false => Content::Records(Event::rows(self.writes, rows, write.shape, write.wide)),
            true => {
                let unit = if write.wide { 90_000 } else { 13 };
                let byte = |n: u32| mix(u64::from(n / 5) + u64::from(self.writes)) as u8;
                Content::Blob((0..rows * unit).map(byte).collect())
            }
        };
        let change = Change {
            operation,
            metadata: serde_json::json!({
                "write": self.writes,
                "via": format!("{:?}", write.via),
                "nested": {"b": [1.5, null, "\u{1F6EB}"], "a": {}},
            }),
            key: write.key.map(|key| format!("key {}", key % 3)),
            expect: match write.expect {
                Expect::Anything => None,
                Expect::TheHead => Some(head),
                Expect::Wrong(n) => Some(match head {
                    None => Some(u64::from(n) + 1),
                    Some(head) => u64::from(n).checked_rem(head).filter(|&wrong| wrong > 0),
                }),
            },
            fail_on_conflict: self.handles[handle].settings.fail_on_conflict,
            ends: match write.via {
                Via::Batch | Via::Iterator | Via::Stream | Via::Writer => Ends::Commits,
                Via::BrokenStream if write.blob => Ends::GivenUp,
                Via::BrokenStream => Ends::SourceFails,
                Via::AbortedWriter | Via::DroppedWriter => Ends::GivenUp,
            },
            content,
        };
        Call { handle, dataset, via: write.via, change }
    }

    fn perform<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Option<Manifest>>> {
        self.handles[call.handle].perform(call.via, &call.change).boxed()
    }

    /// What a call came to.
    fn observe(&mut self, call: &Call, done: Result<Option<Manifest>>) -> Outcome {
        match done {
            Ok(Some(manifest)) => {
                let id = manifest.snapshot_id.get();
                self.checks.returned.push((call.dataset, manifest));
                Outcome::Snapshot(id)
            }
            Ok(None) => Outcome::GivenUp,
            Err(Error::Conflict { expected, found, .. }) => Outcome::Conflict {
                expected: expected.map(lode::SnapshotId::get),
                found: found.map(lode::SnapshotId::get),
            },
            Err(Error::Input { row, .. }) if call.via == Via::BrokenStream => {
                let Content::Records(events) = &call.change.content else { panic!("a blob") };
                assert_eq!(row, events.len() as u64);
                Outcome::GivenUp
            }
            Err(error) => panic!("{error}: {error:?}"),
        }
    }

    /// The future is dropped halfway: all of it happens, or nothing.
    async fn drop_call(&mut self, write: &Write, polls: u8) {
        let call = self.call(write);
        self.checks.may_leave_data = true;
        let mut done = None;
        {
            let mut future = self.perform(&call);
            for _ in 0..polls {
                if let std::task::Poll::Ready(result) = futures::poll!(&mut future) {
                    done = Some(result);
                    break;
                }
                tokio::task::yield_now().await;
                if self.watch.inner().to_string().contains("LocalFileSystem") {
                    // Other threads are at work.
                    tokio::time::sleep(Duration::from_micros(200)).await;
                }
            }
        }
        self.settle().await;
        let mut committed = self.references[call.dataset].clone();
        let outcome = committed.apply(&call.change);
        if let Some(done) = done {
            assert_eq!(self.observe(&call, done), outcome);
            self.references[call.dataset] = committed;
        } else if self.stored_ids(call.dataset).await.last().copied() == committed.head() {
            self.references[call.dataset] = committed;
        }
    }

    async fn overtake(&mut self, first: &Call, second: &Call) {
        self.checks.may_leave_data = true;
        let pauses = Arc::clone(&self.handles[first.handle].watch.pauses);
        pauses.hold.store(true, Ordering::SeqCst);
        let (one, two) = {
            let one = self.perform(first);
            let held = pauses.held.notified().boxed();
            match select(one, held).await {
                futures::future::Either::Left((one, _)) => {
                    pauses.hold.store(false, Ordering::SeqCst);
                    (one, self.perform(second).await)
                }
                futures::future::Either::Right(((), one)) => {
                    let two = self.perform(second).await;
                    pauses.go.notify_one();
                    (one.await, two)
                }
            }
        };
        let mut after = self.references.clone();
        let base = after[first.dataset].head();
        let (expected_one, expected_two) = match after[first.dataset].begin(base, &first.change) {
            Err(outcome) => (outcome, after[second.dataset].apply(&second.change)),
            Ok(()) => {
                let two = after[second.dataset].apply(&second.change);
                (after[first.dataset].apply_on(base, &first.change), two)
            }
        };
        let observed = (self.observe(first, one), self.observe(second, two));
        assert_eq!(observed, (expected_one, expected_two));
        self.references = after;
    }

    async fn race(&mut self, first: &Call, second: &Call, seed: u64) {
        self.checks.may_leave_data = true;
        for (n, handle) in (0_u64..).zip(&self.handles) {
            handle.watch.pauses.give_way(mix(seed.wrapping_add(n)) | 1);
        }
        let (one, two) = join(self.perform(first), self.perform(second)).await;
        self.handles.iter().for_each(|handle| handle.watch.pauses.give_way(0));
        let observed = (self.observe(first, one), self.observe(second, two));
        let endings = self.endings(first, second);
        // Two calls with one key come to the same snapshot: which of them made it, it says itself.
        let is_returned = |references: &[Reference; 2]| {
            self.checks.returned.iter().all(|(dataset, manifest)| {
                let kept = references[*dataset].snapshots.get(&manifest.snapshot_id.get());
                let metadata = serde_json::to_value(&manifest.metadata).unwrap();
                kept.is_some_and(|kept| kept.metadata == metadata)
            })
        };
        let found = endings
            .iter()
            .find(|(references, one, two)| (*one, *two) == observed && is_returned(references));
        let Some((references, ..)) = found else {
            let possible: Vec<_> = endings.iter().map(|(_, one, two)| (one, two)).collect();
            panic!("{observed:?} is none of {possible:?}");
        };
        self.references = references.clone();
    }

    /// One after the other, or one on a base that the other makes old.
    fn endings(&self, first: &Call, second: &Call) -> Vec<Ending> {
        let mut endings = Vec::new();
        for first_wins in [true, false] {
            for loser_began_before in [false, true] {
                let (winner, loser) = if first_wins { (first, second) } else { (second, first) };
                let mut after = self.references.clone();
                let base = after[loser.dataset].head();
                let won = after[winner.dataset].apply(&winner.change);
                let lost = match loser_began_before {
                    false => after[loser.dataset].apply(&loser.change),
                    // What is decided at the beginning is decided on the old head.
                    true => after[loser.dataset].apply_on(base, &loser.change),
                };
                endings.push(match first_wins {
                    true => (after, won, lost),
                    false => (after, lost, won),
                });
            }
        }
        endings
    }

    async fn set_hint(&self, dataset: usize, becomes: Hint) {
        let path = Path::from(format!("{}latest", L::PREFIXES[dataset]));
        let head = self.references[dataset].head().unwrap_or(0);
        let id = |id: u64| format!("{id:019}").into_bytes();
        let body = match becomes {
            Hint::Lost => {
                let _ = self.watch.inner().delete(&path).await;
                return;
            }
            Hint::Stale(n) => id(u64::from(n).checked_rem(head).map_or(1, |n| n + 1)),
            Hint::Ahead(n) => id(head + 1 + u64::from(n) * u64::from(n)),
            Hint::Garbage(n) => match n % 8 {
                0 => Vec::new(),
                1 => b"\xff\xfe".to_vec(),
                2 => id(0),
                3 => id(i64::MAX as u64),
                4 => id(u64::MAX),
                5 => vec![b'7'; 100_000],
                6 => format!("{head}\n").into_bytes(),
                _ => format!("-{head:018}").into_bytes(),
            },
        };
        self.watch.inner().put(&path, body.into()).await.unwrap();
    }

    /// Waits until nothing of lode's is at work any more.
    pub async fn settle(&self) {
        let metrics = tokio::runtime::Handle::current().metrics();
        let mut turns = 0;
        while metrics.num_alive_tasks() > 0 {
            turns += 1;
            assert!(turns < 20_000, "a task of lode's does not end");
            if turns < 1_000 {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// The ids whose manifests are stored, by a listing of our own.
    pub async fn stored_ids(&self, dataset: usize) -> Vec<u64> {
        self.objects().await.keys().filter_map(|key| manifest_id::<L>(dataset, key)).collect()
    }

    /// Everything that is stored.
    pub async fn objects(&self) -> BTreeMap<String, object_store::ObjectMeta> {
        use futures::TryStreamExt;
        let list = self.watch.inner().list(None);
        list.map_ok(|meta| (meta.location.to_string(), meta)).try_collect().await.unwrap()
    }
}

/// The id of the manifest that has this key, if it is one of the dataset's.
pub fn manifest_id<L: Arranged>(dataset: usize, key: &str) -> Option<u64> {
    let folder = key.strip_prefix(L::MANIFESTS[dataset])?.strip_suffix("/manifest.json")?;
    assert_eq!(folder.len(), 19, "{key}");
    Some(folder.parse().unwrap())
}

/// A clock that also goes backwards, and ids that come again in each run.
#[derive(Debug, Default)]
struct Ambient(AtomicU64);

impl Ambient {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl Clock for Ambient {
    fn now(&self) -> DateTime<Utc> {
        let n = self.next();
        let seconds = 1_700_000_000 + n as i64 - (mix(n) % 100) as i64;
        DateTime::from_timestamp(seconds, (mix(n) >> 40) as u32).unwrap()
    }
}

impl Ids for Ambient {
    fn next(&self) -> uuid::Uuid {
        let n = self.next();
        // Made in the same millisecond now and then, and not in order then.
        let random = u128::from(mix(n)) << 64 | u128::from(n);
        uuid::Builder::from_unix_timestamp_millis(
            1_700_000_000_000 + n / 16,
            random.to_be_bytes()[..10].try_into().unwrap(),
        )
        .into_uuid()
    }
}

impl Default for Write {
    fn default() -> Self {
        Self {
            handle: 0,
            blob: false,
            operation: Operation::Append,
            via: Via::Batch,
            rows: 1,
            shape: 0,
            wide: false,
            expect: Expect::Anything,
            key: None,
        }
    }
}
