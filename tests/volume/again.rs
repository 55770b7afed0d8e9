//! What comes twice, late, or from a snapshot that the handle has not: messages of workers that are
//! delivered again, attempts that landed after all, candidates that nobody chose.

use lode::{Discarded, Error, OnConflict, Store, Volume, VolumeLimits, metadata};

use super::{bytes, committed, new, open, snapshot, stage};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, memory};

/// A block that was committed, and overwritten since, is a no-op, and the rest is added.
#[tokio::test]
async fn what_landed_and_was_overwritten_is_in_nobodys_way() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[900..910]).await;
    let staged = stage(&one, 1, &[0..10, 50..60]).await;
    let first = staged.staged_blocks().remove(0);
    let two = one.accept(first).await.unwrap().commit(metadata! {}).await.unwrap();
    let over = two.stage_overwrite_at(0, bytes(2, 0..10)).await.unwrap();
    drop(over.commit(metadata! {}).await.unwrap());

    let four = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(four.read_at(0..10).await.unwrap(), bytes(2, 0..10));
    assert_eq!(four.read_at(50..60).await.unwrap(), bytes(1, 50..60));
}

/// A message that is delivered again must not bring back what was overwritten on purpose.
#[tokio::test]
async fn an_overwrite_that_is_delivered_again_changes_nothing() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[0..10]).await;
    let sent = one.stager().stage_overwrite_at(0, bytes(1, 0..10)).await.unwrap();
    let two = one.accept(sent.clone()).await.unwrap().commit(metadata! {}).await.unwrap();
    let over = two.stage_overwrite_at(0, bytes(2, 0..10)).await.unwrap();
    let three = over.commit(metadata! {}).await.unwrap();
    for handle in [&one, &three] {
        let again = handle.accept(sent.clone()).await.unwrap();
        let newest = again.commit(metadata! {}).await.unwrap();
        assert_eq!(newest.read_at(0..10).await.unwrap(), bytes(2, 0..10));
    }
}

/// A coordinator need not have the snapshot that its workers staged on.
#[tokio::test]
async fn blocks_of_a_newer_snapshot_are_committed_on_the_newest() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[0..10]).await;
    drop(stage(&one, 1, &[20..30]).await.commit(metadata! {}).await.unwrap());
    let worker = open(&store, "disk").await;
    for policy in [OnConflict::default(), OnConflict::Fail] {
        let at = 40 + 10 * u64::from(policy == OnConflict::Fail);
        let sent = worker.stager().stage_write_at(at, bytes(2, at..at + 5)).await.unwrap();
        let accepted = one.clone().on_conflict(policy.clone()).accept(sent).await.unwrap();
        match accepted.commit(metadata! {}).await {
            Ok(volume) => {
                assert_ne!(policy, OnConflict::Fail);
                assert_eq!(volume.coverage(), [0..10, 20..30, 40..45]);
            }
            Err(failed) => {
                assert_eq!(policy, OnConflict::Fail);
                assert!(matches!(failed.source, Error::Conflict { .. }), "{failed:?}");
            }
        }
    }
}

/// Of two ranges with candidates each, choosing for one leaves the other to be chosen.
#[tokio::test]
async fn choosing_for_one_range_drops_nothing_of_another() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[900..910]).await;
    let staged = stage(&one, 1, &[0..10, 50..60, 70..80]).await;
    let Discarded::Staged(staged) = staged.discard(0..60) else { panic!("one is left") };
    let new_first = staged.stage_write_at(0, bytes(2, 0..5)).await.unwrap();
    let new_second = staged.stage_write_at(55, bytes(2, 55..65)).await.unwrap();
    let session = staged.session();
    drop(staged);

    let error = one.resume(session).choose([new_first.clone()]).await.unwrap_err();
    let Error::AmbiguousBlocks { candidates, .. } = error else { panic!("{error:?}") };
    assert_eq!(candidates.len(), 2);
    let staged = one.resume(session).choose([new_first, new_second]).await.unwrap();
    assert_eq!(staged.coverage(), [0..5, 55..65, 70..80, 900..910]);
}

/// What was staged, discarded and staged again is one block, whatever was staged there in between.
#[tokio::test]
async fn the_same_bytes_staged_again_are_one_candidate() {
    for pick in 0..3 {
        let store = Store::memory();
        let one = committed(&store, "disk", &[900..910]).await;
        let mut staged = stage(&one, 1, &[50..60]).await;
        let mut blocks = Vec::new();
        for tag in [1, 2, 1] {
            blocks.push(staged.stage_write_at(0, bytes(tag, 0..10)).await.unwrap());
            staged = match staged.discard(0..10) {
                Discarded::Staged(staged) => staged,
                Discarded::Empty(_) => panic!("one is left"),
            };
        }
        let session = staged.session();
        drop(staged);

        let error = one.resume(session).await.unwrap_err();
        let Error::AmbiguousBlocks { candidates, .. } = error else { panic!("{error:?}") };
        assert_eq!(candidates.len(), 2, "{candidates:?}");
        let staged = one.resume(session).choose([blocks[pick].clone()]).await.unwrap();
        let two = staged.commit(metadata! {}).await.unwrap();
        assert_eq!(two.read_at(0..10).await.unwrap(), bytes([1, 2, 1][pick], 0..10));
        assert_eq!(two.coverage(), [0..10, 50..60, 900..910]);
    }
}

/// A session of which some was overtaken goes on with the rest.
#[tokio::test]
async fn what_is_missing_of_a_session_is_resumed() {
    let store = Store::memory();
    let volume = new(&store, "disk");
    let staged = volume.stage_write_at(0, bytes(1, 0..10)).await.unwrap();
    staged.stage_write_at(20, bytes(1, 20..30)).await.unwrap();
    let session = staged.session();
    drop(staged);
    let one = committed(&store, "disk", &[5..15]).await;

    let error = one.resume(session).await.unwrap_err();
    assert!(matches!(error, Error::Overlap { .. }), "{error:?}");
    let staged = one.resume(session).missing_only().await.unwrap();
    assert_eq!(staged.coverage(), [5..15, 20..30]);
    assert_eq!(staged.commit(metadata! {}).await.unwrap().covered_bytes(), 20);
}

#[tokio::test]
async fn discarding_no_bytes_discards_nothing() {
    let volume = new(&Store::memory(), "disk");
    let staged = volume.stage_write_at(0, bytes(0, 0..10)).await.unwrap();
    let Discarded::Staged(staged) = staged.discard(5..5) else { panic!("it is staged") };
    #[expect(clippy::reversed_empty_ranges, reason = "what is under test")]
    let Discarded::Staged(staged) = staged.discard(8..2) else { panic!("it is staged") };
    assert_eq!(staged.coverage(), [0..10]);
    assert_eq!(staged.commit(metadata! {}).await.unwrap().covered_bytes(), 10);
}

#[tokio::test]
async fn limits_that_are_far_out_do_not_allocate() {
    let limits = VolumeLimits { block_bytes: usize::MAX, ..VolumeLimits::default() };
    let volume = Volume::create(&Store::memory(), "disk", 100).unwrap().limits(limits);
    let staged = volume.stage_reader_at(0, &b"abc"[..]).await.unwrap();
    assert_eq!(staged.staged_blocks().len(), 1);
    assert_eq!(staged.commit(metadata! {}).await.unwrap().covered_bytes(), 3);
}

/// A list that lacks the snapshot which has the block does not make it one that is to be committed.
#[tokio::test]
async fn a_list_that_lags_brings_nothing_back() {
    let faulty = FaultStore::new(memory());
    let store = faulty.store();
    let one = committed(&store, "disk", &[0..10]).await;
    let sent = one.stager().stage_overwrite_at(0, bytes(2, 0..10)).await.unwrap();
    let two = one.accept(sent.clone()).await.unwrap().commit(metadata! {}).await.unwrap();
    let three = two.restore(snapshot(1), metadata! {}).await.unwrap();
    faulty.rule(Rule::on(Op::List, Class::Data, Fault::Short).skip(1));
    let error = three.sessions().await.unwrap_err();
    assert!(error.to_string().contains("is not listed"), "{error}");
    let again = three.accept(sent).await.unwrap();
    faulty.rule(Rule::on(Op::List, Class::Data, Fault::Short));
    let failed = again.commit(metadata! {}).await.unwrap_err();
    assert!(failed.source.to_string().contains("is not listed"), "{}", failed.source);
    let newest = failed.staged.commit(metadata! {}).await.unwrap();
    assert_eq!(newest.read_at(0..10).await.unwrap(), bytes(0, 0..10));
}
