//! For every call of every write path: it fails before it takes effect, after, partway, or takes
//! effect late. Then the volume is opened again, the session is resumed, and the work goes on.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use lode::{
    CommitError, Committed, Error, Result, Run, Staged, Store, Volume, VolumeLimits,
    VolumeSnapshotId, metadata,
};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, get, memory, poll_times, settle};

const ID: &str = "disk";
const LENGTH: u64 = 120;

/// A way to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The first commit.
    First,
    Second,
    Overwrite,
    /// Through a handle that reads an older snapshot: the first put loses.
    LostRace,
    Stream,
    /// Staged by a stager, accepted.
    Accept,
    /// Half of it was staged by a process that is gone.
    Resume,
}

const ALL: [Way; 7] =
    [Way::First, Way::Second, Way::Overwrite, Way::LostRace, Way::Stream, Way::Accept, Way::Resume];

/// What is to be staged: where, what, and whether over what is there.
type Piece = (u64, &'static [u8], bool);

/// What stopped a write.
#[derive(Debug)]
enum Stopped {
    /// Nothing was to be committed yet.
    Staging(Error),
    Commit(Box<CommitError>),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Staging(error)
    }
}

impl Way {
    /// The head before.
    fn old(self) -> u64 {
        if self == Self::First { 0 } else { 2 }
    }

    fn pieces(self) -> &'static [Piece] {
        match self {
            Self::First => &[(0, b"aaaaaaaaaa", false), (20, b"bbbbb", false)],
            Self::Second | Self::Accept => &[(12, b"dddd", false), (60, b"eeeeeeee", false)],
            // Over the end of one block, a gap, and the middle of another.
            Self::Overwrite => &[(5, b"ffffffffff", true), (22, b"g", true), (60, b"hhhh", false)],
            Self::LostRace => &[(2, b"iii", true), (60, b"jjjj", false)],
            Self::Stream => {
                &[(50, b"kkkkkkkk", false), (58, b"llllllll", false), (66, b"mm", false)]
            }
            Self::Resume => &[(12, b"nnnn", false), (23, b"ooooo", true), (70, b"ppp", false)],
        }
    }

    /// A store with what was before.
    async fn history(self) -> Arc<InMemory> {
        let inner = memory();
        let store = store(&inner);
        if self != Self::First {
            let volume = Volume::create(&store, ID, LENGTH).unwrap();
            let staged = volume.stage_write_at(0, b"AAAAAAAAAA").await.unwrap();
            staged.stage_write_at(20, b"BBBBB").await.unwrap();
            let volume = staged.commit(metadata! {}).await.unwrap();
            let staged = volume.stage_write_at(40, b"CCCCC").await.unwrap();
            let _ = staged.commit(metadata! {}).await.unwrap();
        }
        if self == Self::Resume {
            let volume = Volume::open(&store, ID).await.unwrap();
            let [(at, bytes, _), (over, others, _), ..] = *self.pieces() else { panic!("three") };
            let staged = volume.stage_write_at(at, bytes).await.unwrap();
            staged.stage_overwrite_at(over, others).await.unwrap();
        }
        inner
    }

    /// What snapshot `id` must show.
    fn expected(self, id: u64) -> Vec<Option<u8>> {
        let mut bytes = vec![None; LENGTH as usize];
        let mut show = |at: u64, shown: &[u8]| {
            for (at, &byte) in (at as usize..).zip(shown) {
                bytes[at] = Some(byte);
            }
        };
        if self != Self::First {
            show(0, b"AAAAAAAAAA");
            show(20, b"BBBBB");
        }
        if self != Self::First && id > 1 {
            show(40, b"CCCCC");
        }
        if id > self.old() {
            self.pieces().iter().for_each(|(at, shown, _)| show(*at, shown));
        }
        bytes
    }

    /// The write itself, by a new process.
    fn run(self, store: &Store) -> BoxFuture<'static, Result<u64, Stopped>> {
        let store = store.clone();
        async move {
            let staged = self.stage(&store).await?;
            let committed = staged
                .commit(metadata! {})
                .await
                .map_err(|failed| Stopped::Commit(Box::new(failed)))?;
            Ok(committed.snapshot_id().get())
        }
        .boxed()
    }

    async fn stage(self, store: &Store) -> Result<Volume<Staged>> {
        if self == Self::First {
            let volume = Volume::create(store, ID, LENGTH)?;
            let [(at, bytes, _), (other, others, _)] = *self.pieces() else { panic!("two") };
            let staged = volume.stage_write_at(at, bytes).await?;
            staged.stage_write_at(other, others).await?;
            return Ok(staged);
        }
        let volume = match self {
            Self::LostRace => Volume::open_at(store, ID, VolumeSnapshotId::new(1).unwrap()).await?,
            _ => Volume::open(store, ID).await?,
        };
        match self {
            Self::Stream => {
                let all = self.pieces().iter().map(|(_, bytes, _)| *bytes).collect::<Vec<_>>();
                let all = bytes::Bytes::from(all.concat());
                let stream = futures::stream::iter([Ok::<_, std::io::Error>(all)]);
                let limits = VolumeLimits { block_bytes: 8, ..VolumeLimits::default() };
                volume.limits(limits).stage_stream_at(self.pieces()[0].0, stream).await
            }
            Self::Accept => {
                let stager = volume.stager();
                let mut blocks = Vec::new();
                for (at, bytes, _) in self.pieces() {
                    blocks.push(stager.stage_write_at(*at, *bytes).await?);
                }
                let staged = volume.accept(blocks.remove(0)).await?;
                for block in blocks {
                    staged.accept_verified(block).await?;
                }
                Ok(staged)
            }
            Self::Resume => {
                let sessions = volume.sessions().await?;
                let staged = volume.resume(sessions[0].id).verify_content().await?;
                self.stage_rest(&staged).await?;
                Ok(staged)
            }
            _ => {
                let staged = match self.pieces()[0] {
                    (at, bytes, true) => volume.stage_overwrite_at(at, bytes).await?,
                    (at, bytes, false) => volume.stage_write_at(at, bytes).await?,
                };
                self.stage_rest(&staged).await?;
                Ok(staged)
            }
        }
    }

    /// Whatever is not staged yet.
    async fn stage_rest(self, staged: &Volume<Staged>) -> Result<()> {
        for &(at, bytes, overwrite) in self.pieces() {
            if staged.staged_blocks().iter().any(|block| block.range().start == at) {
                continue;
            }
            match overwrite {
                true => staged.stage_overwrite_at(at, bytes).await?,
                false => staged.stage_write_at(at, bytes).await?,
            };
        }
        Ok(())
    }

    /// Another process takes over: it resumes what it finds, stages the rest, and commits, unless all
    /// is done. The head after it.
    async fn take_over(self, store: &Store) -> u64 {
        let base = match Volume::open(store, ID).await {
            Ok(volume) if volume.snapshot_id().get() > self.old() => {
                return volume.snapshot_id().get();
            }
            Ok(volume) => lode::Base::Committed(volume),
            Err(Error::VolumeNotFound { .. }) => {
                lode::Base::New(Volume::create(store, ID, LENGTH).unwrap())
            }
            Err(error) => panic!("{error}"),
        };
        let staged = match &base {
            lode::Base::New(volume) => self.resume_any(volume).await,
            lode::Base::Committed(volume) => self.resume_any(volume).await,
        };
        let staged = match staged {
            Some(staged) => staged,
            None if self == Self::Stream || self == Self::Accept => {
                self.stage(store).await.unwrap()
            }
            None => {
                let (at, bytes, overwrite) = self.pieces()[0];
                match (base, overwrite) {
                    (lode::Base::New(volume), _) => volume.stage_write_at(at, bytes).await,
                    (lode::Base::Committed(volume), false) => {
                        volume.stage_write_at(at, bytes).await
                    }
                    (lode::Base::Committed(volume), true) => {
                        volume.stage_overwrite_at(at, bytes).await
                    }
                }
                .unwrap()
            }
        };
        self.stage_rest(&staged).await.unwrap();
        staged.commit(metadata! {}).await.unwrap().snapshot_id().get()
    }

    /// Everything that some session has staged; of what a put left half, nothing.
    async fn resume_any<S: lode::Open>(self, volume: &Volume<S>) -> Option<Volume<Staged>> {
        let mut staged: Option<Volume<Staged>> = None;
        for session in volume.sessions().await.unwrap() {
            if staged.is_none() {
                match volume.resume(session.id).await {
                    Ok(resumed) => staged = Some(resumed),
                    Err(Error::Corrupt { .. } | Error::AmbiguousBlocks { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            for block in session.blocks {
                let accepted = match &staged {
                    Some(staged) => staged.accept_verified(block).await,
                    None => volume.accept_verified(block).await.map(|first| staged = Some(first)),
                };
                match accepted {
                    Ok(()) | Err(Error::Corrupt { .. } | Error::Overlap { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
        staged
    }

    /// Reads everything by a new handle; the head.
    async fn check(self, inner: &InMemory) -> u64 {
        let inner = Arc::new(inner.fork());
        let volume = Volume::create(&store(&inner), ID, LENGTH).unwrap();
        let all: Vec<_> = volume.history().try_collect().await.unwrap();
        for snapshot in &all {
            let id = snapshot.snapshot_id().get();
            assert_eq!(read(snapshot).await, self.expected(id), "{self:?}: snapshot {id}");
        }
        let ids: Vec<_> = all.iter().map(|snapshot| snapshot.snapshot_id().get()).collect();
        let head = ids.len() as u64;
        assert_eq!(ids, (1..=head).rev().collect::<Vec<_>>());
        let latest = volume.latest().await.unwrap();
        assert_eq!(latest.map_or(0, |latest| latest.snapshot_id().get()), head);
        head
    }

    /// The next commit by somebody else, which must succeed.
    async fn next(self, inner: &Arc<InMemory>) -> u64 {
        let volume = Volume::open(&store(inner), ID).await.unwrap();
        let staged = volume.stage_write_at(LENGTH - 1, b"z").await.unwrap();
        staged.commit(metadata! {}).await.unwrap().snapshot_id().get()
    }
}

fn store(inner: &Arc<InMemory>) -> Store {
    Store::from(Arc::clone(inner) as Arc<dyn ObjectStore>)
}

/// All that a snapshot shows.
async fn read(snapshot: &Volume<Committed>) -> Vec<Option<u8>> {
    let mut bytes = Vec::new();
    for run in snapshot.runs() {
        match run {
            Run::Data(range) => {
                let data = snapshot.read_at(range).await.unwrap();
                bytes.extend(data.iter().copied().map(Some));
            }
            Run::Gap(range) => bytes.extend(range.map(|_| None)),
        }
    }
    bytes
}

/// A store of its own that fails.
fn fork(base: &InMemory) -> (Arc<InMemory>, FaultStore) {
    let inner = Arc::new(base.fork());
    let faulty = FaultStore::new(Arc::clone(&inner) as Arc<dyn ObjectStore>);
    (inner, faulty)
}

/// Runs the way under this rule; whether it was applied. Afterwards the store is healed, and all
/// promises are checked.
async fn run(way: Way, base: &InMemory, rule: Rule) -> bool {
    let (inner, faulty) = fork(base);
    let what = format!("{way:?} under {rule:?}");
    let (old, for_ever) = (way.old(), rule.is_for_ever());
    faulty.rule(rule);
    let result = way.run(&faulty.store()).await;
    let fired = faulty.fired() > 0;
    faulty.heal();
    faulty.land().await;
    let head = way.check(&inner).await;
    match result {
        Ok(id) => assert_eq!((id, head), (old + 1, old + 1), "{what}"),
        Err(Stopped::Staging(error)) => {
            assert!(fired && error.is_retryable(), "{what}: {error}");
            assert_eq!(head, old, "{what}");
        }
        Err(Stopped::Commit(failed)) => {
            let CommitError { source, staged, .. } = *failed;
            assert!(fired, "{what}: {source}");
            if let Error::CommitUnknown { token, .. } = source {
                assert!(for_ever, "{what}");
                // 'It repeats this step': unless another was first, resolving commits it.
                let committed = Some(token.id().get()).filter(|&id| id == old + 1);
                assert!(committed.is_some() || way == Way::LostRace, "{what}");
                let (forked, _) = fork(&inner);
                let volume = Volume::create(&store(&forked), ID, LENGTH).unwrap();
                let resolved = volume.resolve(*token).await.unwrap();
                assert_eq!(resolved.map(|volume| volume.snapshot_id().get()), committed, "{what}");
                assert_eq!(way.check(&forked).await, committed.unwrap_or(old));
            } else {
                assert!(source.is_retryable(), "{what}: {source}");
                assert_eq!(head, old, "{what}");
            }
            // Another process finds it all.
            let (forked, _) = fork(&inner);
            assert_eq!(way.take_over(&store(&forked)).await, old + 1, "{what}");
            assert_eq!(way.check(&forked).await, old + 1, "{what}");
            // This one commits again: what has landed is a no-op.
            let committed = staged.commit(metadata! {}).await.unwrap();
            assert_eq!(committed.snapshot_id().get(), head + 1, "{what}");
            assert_eq!(way.check(&inner).await, head + 1, "{what}");
        }
    }
    let taken_over = way.take_over(&store(&inner)).await;
    let head = way.check(&inner).await;
    assert_eq!(taken_over, head, "{what}");
    assert!(head > old, "{what}");
    let (forked, _) = fork(&inner);
    assert_eq!(way.next(&forked).await, head + 1, "{what}");
    fired
}

/// One call fails: for every call, in every way.
#[tokio::test(start_paused = true)]
async fn every_call() {
    for way in ALL {
        let base = way.history().await;
        for fault in [Fault::Before, Fault::After, Fault::Partway, Fault::Late(3), Fault::Late(50)]
        {
            let mut n = 1;
            while run(way, &base, Rule::nth(n, fault.clone())).await {
                n += 1;
            }
            assert!(n > 5, "{way:?}: only {n} calls, so nothing was tested");
        }
    }
}

/// From one call on the store fails for ever.
#[tokio::test(start_paused = true)]
async fn from_every_call_on() {
    for way in ALL {
        let base = way.history().await;
        for fault in [Fault::Before, Fault::After] {
            let mut n = 1;
            while run(way, &base, Rule::nth(n, fault.clone()).for_ever()).await {
                n += 1;
            }
        }
    }
}

/// The reply to the commit is lost, and so is every look at what became of it.
#[tokio::test(start_paused = true)]
async fn an_unknown_commit_is_resolved_or_made_again() {
    for way in ALL {
        let base = way.history().await;
        for fault in [Fault::Before, Fault::After] {
            let rule = Rule::on(Op::Create, Class::Manifest, fault.clone()).for_ever();
            let landed = matches!(fault, Fault::After) && way != Way::LostRace;
            let (inner, faulty) = fork(&base);
            let staged = way.stage(&faulty.store()).await.unwrap();
            faulty.rule(rule);
            faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Before).for_ever());
            let committed = staged.commit(metadata! {}).await;
            let failed = committed.unwrap_err();
            faulty.heal();
            let head = way.check(&inner).await;
            if let Error::CommitUnknown { token, .. } = &failed.source {
                assert_eq!(head, way.old() + u64::from(landed), "{way:?}, {fault:?}");
                // Tokens are sent about.
                let token = serde_json::to_string(token).unwrap();
                let token: lode::CommitToken = serde_json::from_str(&token).unwrap();
                let (forked, _) = fork(&inner);
                let volume = Volume::create(&store(&forked), ID, LENGTH).unwrap();
                for _ in 0..2 {
                    let resolved = volume.resolve(token.clone()).await.unwrap();
                    let expected = (way != Way::LostRace).then_some(way.old() + 1);
                    assert_eq!(resolved.map(|volume| volume.snapshot_id().get()), expected);
                }
            } else {
                assert_eq!(way, Way::First, "{}", failed.source);
            }
            let again = failed.staged.commit(metadata! {}).await.unwrap();
            assert_eq!(again.snapshot_id().get(), head + 1, "{way:?}, {fault:?}");
            assert_eq!(way.check(&inner).await, head + 1);
        }
    }
}

/// `timeout(write)`: the future is dropped at every point where it waits (L36).
#[tokio::test(start_paused = true)]
async fn a_write_dropped_anywhere_ends_by_itself() {
    for way in ALL {
        let base = way.history().await;
        let mut outcomes = [0, 0];
        for (at_once, unclear) in [(true, false), (false, false), (true, true)] {
            for k in 1.. {
                let (inner, faulty) = fork(&base);
                if unclear {
                    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Late(2)));
                }
                let done = poll_times(way.run(&faulty.store()), k, at_once).await;
                let sent = faulty.counts().on(Op::Create, Class::Manifest) > 0;
                settle().await;
                let head = way.check(&inner).await;
                if sent {
                    // It was sent, so it ends: what has to be settled is, and the hint follows.
                    assert_eq!(head, way.old() + 1, "{way:?} dropped after {k} polls");
                    let hint = get(&*inner, "volumes/disk/latest").await.unwrap();
                    assert_eq!(hint, format!("{head:019}"), "{way:?} dropped after {k} polls");
                }
                if let Some(result) = done {
                    assert_eq!(result.unwrap(), way.old() + 1);
                    break;
                }
                outcomes[(head - way.old()) as usize] += 1;
                assert_eq!(way.take_over(&store(&inner)).await, way.old() + 1);
                assert_eq!(way.check(&inner).await, way.old() + 1);
                assert_eq!(way.next(&inner).await, way.old() + 2);
            }
        }
        assert!(outcomes[0] >= 5, "{way:?}: dropped only {} times before its commit", outcomes[0]);
        assert!(outcomes[1] >= 1, "{way:?}: never dropped in its commit");
    }
}
