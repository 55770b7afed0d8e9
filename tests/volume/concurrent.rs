//! Many writers: tasks of one process, and processes that know nothing of each other.

use lode::{Base, Discarded, Error, OnConflict, Retry, StagedBlock, Store, Volume, metadata};

use super::{
    LEN, assert_holds, block_objects, bytes, committed, new, open, overlap, snapshot, stage,
};
use crate::support::{Class, FaultStore, Op, contents, memory};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_stage_through_one_handle() {
    let volume = new(&Store::memory(), "disk");
    let staged = volume.stage_write_at(0, bytes(0, 0..100)).await.unwrap();
    let stages = (1..100).map(|n| {
        let range = 100 * n..100 * n + 100;
        staged.stage_write_at(range.start, bytes(n as u8, range))
    });
    futures::future::try_join_all(stages).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert!(volume.is_complete());
    let all: Vec<_> = (0..100).map(|n| (n as u8, 100 * n..100 * n + 100)).collect();
    assert_holds(&volume, &all).await;
}

/// Stagers are for other tasks; what they hand out is accepted by whoever commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stagers_of_many_tasks_share_a_session() {
    let volume = new(&Store::memory(), "disk");
    let stager = volume.stager();
    assert_eq!(stager.volume(), volume.id());
    let workers: Vec<_> = (0..20_u64)
        .map(|n| {
            let stager = stager.clone();
            let range = 10 * n..10 * n + 10;
            tokio::spawn(async move { stager.stage_write_at(range.start, bytes(1, range)).await })
        })
        .collect();
    let mut blocks: Vec<StagedBlock> = Vec::new();
    for worker in workers {
        blocks.push(worker.await.unwrap().unwrap());
    }
    assert!(blocks.iter().all(|block| block.session() == stager.session()));
    let error = stager.clone().stage_write_at(195, b"twice").await.unwrap_err();
    assert_eq!(overlap(&error), (195..200, 190..200, None));

    let mut blocks = blocks.into_iter();
    let staged = volume.accept(blocks.next().unwrap()).await.unwrap();
    assert_ne!(staged.session(), stager.session());
    for block in blocks {
        staged.accept(block).await.unwrap();
    }
    // A stager of a handle that has staged begins a session of its own too.
    let block = staged.stager().stage_write_at(500, bytes(2, 500..510)).await.unwrap();
    staged.accept_verified(block).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&volume, &[(1, 0..200), (2, 500..510)]).await;
    assert!(volume.sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn disjoint_writers_merge_and_upload_nothing_twice() {
    let counting = FaultStore::new(memory());
    let store = counting.store();
    let base = committed(&store, "disk", &[0..10]).await;
    let mut writers = Vec::new();
    for n in 1..=5_u64 {
        let handle = open(&store, "disk").await;
        writers.push(stage(&handle, n as u8, &[100 * n..100 * n + 50]).await);
    }
    let before = block_objects(&contents(&**counting.inner()).await, "disk");
    counting.clear();
    for (writer, n) in writers.into_iter().zip(1..) {
        let volume = writer.commit(metadata! { "n": n }).await.unwrap();
        assert_eq!((volume.snapshot_id(), volume.parent()), (snapshot(n + 1), Some(snapshot(n))));
    }
    assert_eq!(counting.counts().on(Op::Put, Class::Data), 0, "{:?}", counting.calls());
    assert_eq!(block_objects(&contents(&**counting.inner()).await, "disk"), before);
    let all =
        [(0, 0..10), (1, 100..150), (2, 200..250), (3, 300..350), (4, 400..450), (5, 500..550)];
    assert_holds(&open(&store, "disk").await, &all).await;
    assert_holds(&base, &all[..1]).await;
}

/// The one that came second is told both ranges, keeps what it has staged, and can go on with the
/// rest of it.
#[tokio::test]
async fn overlapping_writers_are_told() {
    let store = Store::memory();
    let _ = committed(&store, "disk", &[0..10]).await;
    let [a, b] = [open(&store, "disk").await, open(&store, "disk").await];
    let a = stage(&a, 1, &[100..200]).await;
    let b = stage(&b, 2, &[20..30, 150..250, 300..310]).await;
    let _ = a.commit(metadata! {}).await.unwrap();
    let failed = b.commit(metadata! {}).await.unwrap_err();
    assert_eq!(overlap(&failed.source), (150..250, 100..200, Some(2)));
    assert!(failed.source.is_conflict());
    assert_eq!(failed.staged.staged_blocks().len(), 3);
    assert_eq!(open(&store, "disk").await.snapshot_id(), snapshot(2));

    let Discarded::Staged(staged) = failed.staged.discard(150..250) else { panic!("two are left") };
    let three = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&three, &[(0, 0..10), (2, 20..30), (1, 100..200), (2, 300..310)]).await;
}

#[tokio::test]
async fn a_policy_that_fails_fails() {
    let store = Store::memory();
    let _ = committed(&store, "disk", &[0..10]).await;
    let none = Retry { attempts: 0, ..Retry::default() };
    for (policy, n) in [(OnConflict::Fail, 0), (OnConflict::Retry(none), 1)] {
        let [a, b] = [open(&store, "disk").await, open(&store, "disk").await];
        let b = b.on_conflict(policy);
        let at = 1000 * (n + 1);
        let b = stage(&b, 2, &[at..at + 10]).await;
        let first = stage(&a, 1, &[at + 100..at + 110]).await.commit(metadata! {}).await.unwrap();
        let failed = b.commit(metadata! {}).await.unwrap_err();
        let Error::Conflict { expected, found, .. } = &failed.source else { panic!("{failed:?}") };
        assert_eq!(expected.map(|id| id.get()), Some(first.snapshot_id().get() - 1));
        assert_eq!(found.map(|id| id.get()), Some(first.snapshot_id().get()));
        // By its own decision it goes on from there.
        let staged = first.resume(failed.staged.session()).await.unwrap();
        let merged = staged.commit(metadata! {}).await.unwrap();
        assert_eq!(merged.read_at(at..at + 10).await.unwrap(), bytes(2, at..at + 10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_at_once_lose_nothing() {
    const WRITERS: u64 = 6;
    const COMMITS: u64 = 8;
    let store = Store::memory();
    let _ = committed(&store, "disk", &[LEN - 1..LEN]).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut volume = open(&store, "disk").await;
                for commit in 0..COMMITS {
                    let at = 10 * (commit * WRITERS + writer);
                    let staged = stage(&volume, writer as u8, &[at..at + 10]).await;
                    volume = staged.commit(metadata! { "writer": writer }).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let volume = open(&store, "disk").await;
    assert_eq!(volume.snapshot_id(), snapshot(1 + WRITERS * COMMITS));
    let mut all: Vec<_> =
        (0..WRITERS * COMMITS).map(|n| ((n % WRITERS) as u8, 10 * n..10 * n + 10)).collect();
    all.push((0, LEN - 1..LEN));
    assert_holds(&volume, &all).await;
    // One chain, each covering what its parent covers.
    let mut child: Option<Volume<_>> = None;
    for id in volume.snapshots().await.unwrap().into_iter().rev() {
        let snapshot = volume.snapshot(id).await.unwrap();
        if let Some(child) = child {
            assert_eq!(child.parent(), Some(id));
            assert!(
                snapshot
                    .coverage()
                    .into_iter()
                    .all(|range| { child.gaps_in(range).unwrap().is_empty() })
            );
        }
        child = Some(snapshot);
    }
    assert_eq!(child.unwrap().parent(), None);
}

/// A handle of long ago stages on what it reads, and its commit merges with the newest.
#[tokio::test]
async fn an_old_handle_commits_on_the_newest_snapshot() {
    let store = Store::memory();
    let old = committed(&store, "disk", &[0..10]).await;
    let mut newest = old.clone();
    for n in 1..40 {
        newest =
            stage(&newest, 1, &[10 * n..10 * n + 10]).await.commit(metadata! {}).await.unwrap();
    }
    let staged = stage(&old, 2, &[5000..5010]).await;
    let merged = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(merged.snapshot_id(), snapshot(41));
    assert_holds(&merged, &[(0, 0..10), (1, 10..400), (2, 5000..5010)]).await;
    // It does not see what was committed since: the commit does.
    let staged = stage(&old, 3, &[100..110]).await;
    let failed = staged.commit(metadata! {}).await.unwrap_err();
    assert_eq!(overlap(&failed.source), (100..110, 100..110, Some(41)));
    let Discarded::Empty(Base::Committed(base)) = failed.staged.discard(0..LEN) else {
        panic!("it had one block")
    };
    assert_eq!(base.snapshot_id(), snapshot(1));
}
