//! Sessions: what was staged and not committed is found again, and blocks go from hand to hand.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use lode::{Committed, Discarded, Error, SessionId, Staged, StagedBlock, Store, Volume, metadata};
use object_store::{ObjectStore, ObjectStoreExt};

use super::{
    LEN, assert_holds, block_objects, bytes, committed, new, open, overlap, snapshot, stage,
};
use crate::support::{FaultStore, contents, delete, lode_store, memory, put};

fn ids(sessions: &[lode::Session]) -> Vec<SessionId> {
    sessions.iter().map(|session| session.id).collect()
}

/// The object of a block.
fn key_of(block: &StagedBlock) -> String {
    let block = serde_json::to_value(block).unwrap();
    format!(
        "volumes/{}/data/{}",
        block["volume"].as_str().unwrap(),
        block["block"].as_str().unwrap()
    )
}

fn sent(block: &StagedBlock) -> StagedBlock {
    serde_json::from_str(&serde_json::to_string(block).unwrap()).unwrap()
}

#[tokio::test]
async fn sessions_are_listed_until_they_are_committed() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local(dir.path()).unwrap();
    let volume = new(&store, "disk");
    assert!(volume.sessions().await.unwrap().is_empty());
    let a = volume.stage_write_at(50, bytes(1, 50..60)).await.unwrap();
    a.stage_write_at(10, bytes(1, 10..20)).await.unwrap();
    let b = volume.stage_write_at(50, bytes(2, 50..70)).await.unwrap();

    let other = new(&Store::local(dir.path()).unwrap(), "disk");
    let found = other.sessions().await.unwrap();
    let mut expected = [a.session(), b.session()];
    expected.sort();
    assert_eq!(ids(&found), expected);
    let of_a = found.iter().find(|session| session.id == a.session()).unwrap();
    assert_eq!(of_a.blocks, a.staged_blocks());
    let mut staged_at = Vec::new();
    for block in &of_a.blocks {
        let path = object_store::path::Path::parse(key_of(block)).unwrap();
        staged_at.push(store.object_store().head(&path).await.unwrap().last_modified);
    }
    assert_eq!(Some(&of_a.last_staged), staged_at.iter().max());

    let (of_a, of_b) = (a.session(), b.session());
    let one = a.commit(metadata! {}).await.unwrap();
    assert_eq!(ids(&one.sessions().await.unwrap()), [of_b]);
    // By a handle in any state.
    assert_eq!(ids(&b.sessions().await.unwrap()), [of_b]);
    let error = one.resume(of_a).await.unwrap_err();
    assert!(matches!(error, Error::NothingStaged { session, .. } if session == of_a), "{error:?}");
    drop(b);
    assert_eq!(ids(&one.sessions().await.unwrap()), [of_b], "nothing is deleted by a drop");
}

/// Exactly one: what others have staged is theirs.
#[tokio::test]
async fn a_session_is_resumed_and_goes_on() {
    let inner = memory();
    let store = lode_store(inner.clone());
    let one = committed(&store, "disk", &[0..10]).await;
    let mine = stage(&one, 1, &[100..200, 300..310]).await;
    let theirs = stage(&one, 2, &[200..300]).await;
    let session = mine.session();
    let before = contents(&*inner).await;
    drop(mine);

    let staged = open(&lode_store(inner.clone()), "disk").await.resume(session).await.unwrap();
    assert_eq!(staged.session(), session);
    assert_eq!(staged.coverage(), [0..10, 100..200, 300..310]);
    assert_eq!(contents(&*inner).await, before, "nothing is written by it");
    // What is adopted is staged: it is not staged twice, and can be discarded.
    let error = staged.stage_write_at(150, b"x").await.unwrap_err();
    assert_eq!(overlap(&error), (150..151, 100..200, None));
    // The numbers in the names go on.
    let block = staged.stage_write_at(400, bytes(1, 400..410)).await.unwrap();
    assert!(key_of(&block).contains(&format!("-{session}-00002-")), "{}", key_of(&block));
    let two = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&two, &[(0, 0..10), (1, 100..200), (1, 300..310), (1, 400..410)]).await;

    // The other's session goes on too, though the snapshot it is on is an old one.
    let three = two.resume(theirs.session()).await.unwrap().commit(metadata! {}).await.unwrap();
    assert_holds(&three, &[(0, 0..10), (1, 100..200), (2, 200..300), (1, 300..310), (1, 400..410)])
        .await;
    assert!(three.sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_staged_is_nothing_to_resume() {
    let volume = new(&Store::memory(), "disk");
    let unknown: SessionId = "019a3c5e7b2d7c1f8a90b1c2d3e4f506".parse().unwrap();
    let error = volume.resume(unknown).await.unwrap_err();
    let Error::NothingStaged { volume: of, session } = &error else { panic!("{error:?}") };
    assert_eq!((of.as_str(), *session), ("disk", unknown));
}

/// A block that a snapshot named once is not staged any more, even when it shows it no longer.
#[tokio::test]
async fn a_committed_and_overwritten_block_is_not_adopted_again() {
    let store = Store::memory();
    let staged = new(&store, "disk").stage_write_at(0, bytes(1, 0..100)).await.unwrap();
    let (session, block) = (staged.session(), staged.staged_blocks().remove(0));
    let one = staged.commit(metadata! {}).await.unwrap();
    let over = one.stage_overwrite_at(0, bytes(2, 0..100)).await.unwrap();
    let (over_session, over_block) = (over.session(), over.staged_blocks().remove(0));
    let two = over.commit(metadata! {}).await.unwrap();
    let over = two.stage_overwrite_at(0, bytes(3, 0..100)).await.unwrap();
    let mut three = over.commit(metadata! {}).await.unwrap();

    assert!(three.sessions().await.unwrap().is_empty());
    for session in [session, over_session] {
        let error = three.resume(session).await.unwrap_err();
        assert!(matches!(error, Error::NothingStaged { .. }), "{error:?}");
    }
    // Nor does it come back when somebody kept it.
    for block in [block, over_block] {
        let accepted = match three.accept(block.clone()).await {
            Ok(accepted) => accepted,
            Err(error) => {
                assert_eq!(overlap(&error), (0..100, 0..100, Some(3)));
                assert!(!block.is_overwrite());
                continue;
            }
        };
        let again = accepted.commit(metadata! {}).await.unwrap();
        assert_holds(&again, &[(3, 0..100)]).await;
        assert_eq!(again.blocks(), three.blocks());
        three = again;
    }
    assert_holds(&open(&store, "disk").await, &[(3, 0..100)]).await;
}

/// Discarded and staged again: somebody has to say which is meant.
#[tokio::test]
async fn candidates_are_chosen_from() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[0..10]).await;
    let staged = stage(&one, 1, &[100..200, 300..400, 500..600]).await;
    let Discarded::Staged(staged) = staged.discard(100..400) else { panic!("one is left") };
    staged.stage_write_at(150, bytes(2, 150..350)).await.unwrap();
    let session = staged.session();
    drop(staged);

    let error = one.resume(session).await.unwrap_err();
    let Error::AmbiguousBlocks { candidates, session: of, .. } = error else { panic!("{error:?}") };
    let ranges: Vec<_> = candidates.iter().map(StagedBlock::range).collect();
    assert_eq!((ranges, of), (vec![100..200, 150..350, 300..400], session));
    let [old, new, other] = &candidates[..] else { unreachable!() };

    // What overlaps nothing is adopted whatever is chosen.
    let staged = one.resume(session).choose([new.clone()]).await.unwrap();
    assert_eq!(staged.coverage(), [0..10, 150..350, 500..600]);
    drop(staged);
    let error = one.resume(session).choose([]).await.unwrap_err();
    assert!(matches!(error, Error::AmbiguousBlocks { .. }), "{error:?}");
    let error = one.resume(session).choose([old.clone(), new.clone()]).await.unwrap_err();
    let Error::AmbiguousBlocks { candidates, .. } = error else { panic!("{error:?}") };
    assert_eq!(candidates, [old.clone(), new.clone()]);
    let staged = one.resume(session).choose([old.clone(), other.clone()]).await.unwrap();
    let two = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&two, &[(0, 0..10), (1, 100..200), (1, 300..400), (1, 500..600)]).await;
    // What was not chosen is in the way of what was, now.
    let error = two.resume(session).await.unwrap_err();
    assert_eq!(overlap(&error), (150..350, 100..200, Some(2)));
}

/// A session with blocks of which only one can be meant: 100..200, then 150..350, then the first again;
/// and 500..600 besides.
async fn rivals(volume: &Volume<Committed>) -> (SessionId, [StagedBlock; 4]) {
    let staged = stage(volume, 1, &[100..200, 500..600]).await;
    let session = staged.session();
    let [first, apart] = &staged.staged_blocks()[..] else { panic!("two are staged") };
    let (first, apart) = (first.clone(), apart.clone());
    let Discarded::Staged(staged) = staged.discard(100..200) else { panic!("one is left") };
    let second = staged.stage_write_at(150, bytes(2, 150..350)).await.unwrap();
    let Discarded::Staged(staged) = staged.discard(150..350) else { panic!("one is left") };
    let again = staged.stage_write_at(100, bytes(1, 100..200)).await.unwrap();
    (session, [first, second, again, apart])
}

/// What is chosen and adds nothing is not replaced by what was not chosen.
#[tokio::test]
async fn a_choice_excludes_its_rivals_where_it_adds_nothing_too() {
    let is_nothing = |resumed: Result<Volume<Staged>, Error>| {
        let error = resumed.unwrap_err();
        assert!(matches!(error, Error::NothingStaged { .. }), "{error:?}");
    };
    // Somebody else has written where it lies.
    let one = committed(&Store::memory(), "disk", &[0..10]).await;
    let (session, [first, _, _, apart]) = rivals(&one).await;
    let two = stage(&one, 3, &[100..110]).await.commit(metadata! {}).await.unwrap();
    let staged = two.resume(session).choose([first.clone()]).missing_only().await.unwrap();
    assert_eq!(staged.coverage(), [0..10, 100..110, 500..600]);
    let three = two.accept(apart).await.unwrap().commit(metadata! {}).await.unwrap();
    is_nothing(three.resume(session).choose([first]).missing_only().await);

    // Somebody else has committed it.
    let one = committed(&Store::memory(), "disk", &[0..10]).await;
    let (session, [first, _, _, apart]) = rivals(&one).await;
    let two = one.accept(first.clone()).await.unwrap().commit(metadata! {}).await.unwrap();
    let staged = one.resume(session).choose([first.clone()]).await.unwrap();
    assert_eq!(staged.coverage(), [0..10, 500..600]);
    let staged = two.resume(session).choose([first.clone()]).await.unwrap();
    assert_eq!(staged.coverage(), [0..10, 100..200, 500..600]);
    let three = two.accept(apart).await.unwrap().commit(metadata! {}).await.unwrap();
    for handle in [&one, &two, &three] {
        is_nothing(handle.resume(session).choose([first.clone()]).await);
    }

    // And its twin, of which it is not told: whether it is still there or not.
    let inner = memory();
    let one = committed(&lode_store(inner.clone()), "disk", &[0..10]).await;
    let (session, [first, _, again, apart]) = rivals(&one).await;
    let two = one.accept(again).await.unwrap().commit(metadata! {}).await.unwrap();
    for _ in 0..2 {
        let staged = two.resume(session).choose([first.clone()]).await.unwrap();
        assert_eq!(staged.coverage(), [0..10, 100..200, 500..600]);
        delete(&*inner, &first.path()).await;
    }
    let three = two.accept(apart).await.unwrap().commit(metadata! {}).await.unwrap();
    is_nothing(three.resume(session).choose([first]).await);
}

/// Nothing is adopted in the place of what cannot be.
#[tokio::test]
async fn a_choice_that_is_gone_or_of_another_session_is_told() {
    let inner = memory();
    let one = committed(&lode_store(inner.clone()), "disk", &[0..10]).await;
    let (session, [first, second, again, _]) = rivals(&one).await;

    let foreign = new(one.store(), "tape").stager().stage_write_at(100, b"x").await.unwrap();
    let error = one.resume(session).choose([first.clone(), foreign]).await.unwrap_err();
    let Error::ForeignBlock { volume, found } = &error else { panic!("{error:?}") };
    assert_eq!((volume.as_str(), found.as_str()), ("disk", "tape"));
    let stager = one.stager();
    let foreign = stager.stage_write_at(100, bytes(1, 100..200)).await.unwrap();
    let error = one.resume(session).choose([foreign]).await.unwrap_err();
    let Error::ForeignSession { session: of, found, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*of, *found), (session, stager.session()));

    // One of its twins will do.
    delete(&*inner, &key_of(&first)).await;
    let staged = one.resume(session).choose([first.clone()]).await.unwrap();
    assert_eq!(staged.coverage(), [0..10, 100..200, 500..600]);
    delete(&*inner, &key_of(&again)).await;
    for gone in [first, again] {
        let resume = one.resume(session).choose([gone.clone()]);
        for resume in [one.resume(session).choose([gone.clone()]).missing_only(), resume] {
            let error = resume.await.unwrap_err();
            let Error::Corrupt { path, reason } = &error else { panic!("{error:?}") };
            assert_eq!((path, reason.as_str()), (&key_of(&gone), "it is missing"));
        }
    }
    let staged = one.resume(session).choose([second]).await.unwrap();
    assert_eq!(staged.coverage(), [0..10, 150..350, 500..600]);
}

#[tokio::test]
async fn a_resumed_block_that_does_not_fit_any_more_is_told() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[0..10]).await;
    let lost = stage(&one, 1, &[100..200, 300..400]).await;
    let two = stage(&one, 2, &[150..160]).await.commit(metadata! {}).await.unwrap();
    let error = two.resume(lost.session()).await.unwrap_err();
    assert_eq!(overlap(&error), (100..200, 150..160, Some(2)));
    // On the old snapshot it can be resumed, to take out what does not fit.
    let staged = one.resume(lost.session()).await.unwrap();
    let Discarded::Staged(staged) = staged.discard(100..200) else { panic!("one is left") };
    let three = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&three, &[(0, 0..10), (2, 150..160), (1, 300..400)]).await;
}

/// Names and sizes by default, the content where it is asked for.
#[tokio::test]
async fn damage_is_found_when_it_is_looked_for() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let volume = new(&lode_store(Arc::clone(&inner)), "disk");
    let staged = volume.stage_write_at(0, bytes(1, 0..10)).await.unwrap();
    let block = staged.stage_write_at(20, bytes(1, 20..30)).await.unwrap();
    let (session, key) = (staged.session(), key_of(&block));
    drop(staged);
    let is_corrupt = |error: Error| {
        assert!(error.is_corrupt());
        let Error::Corrupt { path, reason } = error else { panic!("{error:?}") };
        assert_eq!(path, key);
        reason
    };

    put(&*inner, &key, vec![9; 10]).await;
    drop(volume.resume(session).await.unwrap());
    is_corrupt(volume.resume(session).verify_content().await.unwrap_err());
    drop(volume.accept(block.clone()).await.unwrap());
    is_corrupt(volume.accept_verified(block.clone()).await.unwrap_err());

    for size in [0, 9, 11] {
        put(&*inner, &key, vec![9; size]).await;
        let reason = is_corrupt(volume.resume(session).await.unwrap_err());
        assert_eq!(reason, format!("it has {size} bytes, and 10 were staged"));
        is_corrupt(volume.accept(block.clone()).await.unwrap_err());
    }
    delete(&*inner, &key).await;
    assert_eq!(is_corrupt(volume.accept(block.clone()).await.unwrap_err()), "it is missing");
    let staged = volume.resume(session).await.unwrap();
    is_corrupt(staged.accept(block.clone()).await.unwrap_err());
    assert_eq!(staged.coverage(), [0..10]);

    put(&*inner, &key, bytes(1, 20..30)).await;
    drop(staged);
    let staged = volume.resume(session).verify_content().await.unwrap();
    assert_eq!(staged.staged_blocks().len(), 2);
}

/// The file of a block that somebody cuts while it is read ends before its size.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_block_that_is_cut_while_it_is_read_is_corrupt() {
    // A hole takes no room, and some time to be read.
    let len: u64 = 64 << 30;
    let dir = tempfile::tempdir().unwrap();
    let volume = Volume::create(&Store::local(dir.path()).unwrap(), "disk", len).unwrap();
    let block = volume.stager().stage_write_at(0, b"x").await.unwrap();
    let text = serde_json::to_string(&block).unwrap().replacen("0-1-", &format!("0-{len}-"), 1);
    let large: StagedBlock = serde_json::from_str(&text).unwrap();
    let path = dir.path().join(key_of(&large));
    std::fs::rename(dir.path().join(key_of(&block)), &path).unwrap();
    let resize = |len| File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
    for way in ["accept", "resume"] {
        resize(len);
        let reading = async {
            match way {
                "accept" => volume.accept_verified(large.clone()).await.map(drop),
                _ => volume.resume(large.session()).verify_content().await.map(drop),
            }
        };
        let cut = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            resize(1);
        };
        let both = async { tokio::join!(reading, cut).0 };
        let read = tokio::time::timeout(Duration::from_secs(20), both).await;
        let error = read.expect("it is read for ever").unwrap_err();
        let Error::Corrupt { path, .. } = &error else { panic!("{way}: {error:?}") };
        assert_eq!(*path, key_of(&large), "{way}");
    }
}

/// Two of them go on at once, and both commit; what both have is committed once.
#[tokio::test]
async fn two_may_resume_one_session() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[0..10]).await;
    let session = stage(&one, 1, &[100..200]).await.session();
    let [a, b] = [one.resume(session).await.unwrap(), one.resume(session).await.unwrap()];
    // The same number, and other bytes; and the very same block.
    a.stage_write_at(300, bytes(2, 300..310)).await.unwrap();
    b.stage_write_at(400, bytes(3, 400..410)).await.unwrap();
    for staged in [&a, &b] {
        staged.stage_write_at(500, bytes(4, 500..510)).await.unwrap();
    }
    let two = a.commit(metadata! {}).await.unwrap();
    let three = b.commit(metadata! {}).await.unwrap();
    assert_eq!((two.snapshot_id(), three.snapshot_id()), (snapshot(2), snapshot(3)));
    let all = [(0, 0..10), (1, 100..200), (2, 300..310), (3, 400..410), (4, 500..510)];
    assert_holds(&three, &all).await;
    assert!(three.sessions().await.unwrap().is_empty());
}

/// Go Lode's blocks and whatever else lies there are nobody's session.
#[tokio::test]
async fn strangers_among_the_blocks_are_left_alone() {
    let inner = memory();
    let volume = new(&lode_store(inner.clone()), "disk");
    let staged = volume.stage_write_at(0, bytes(1, 0..10)).await.unwrap();
    let name = key_of(&staged.staged_blocks()[0]);
    let changed = |from: &str, to: &str| name.replacen(from, to, 1);
    for key in [
        "volumes/disk/data/0-4096.bin".to_owned(),
        "volumes/disk/data/README".to_owned(),
        format!("{name}.tmp"),
        changed("/0-10-", "/00-10-"),
        changed("/0-10-", "/0-0-"),
        changed("/0-10-", "/18446744073709551615-10-"),
        changed("-w-", "-x-"),
        changed("/data/", "/data/deeper/"),
    ] {
        put(&*inner, &key, "0123456789").await;
    }
    let found = volume.sessions().await.unwrap();
    assert_eq!((found.len(), found[0].blocks.len()), (1, 1));
    assert_eq!(volume.resume(staged.session()).await.unwrap().coverage(), [0..10]);
}

/// What is accepted is another process's word, and is looked up.
#[tokio::test]
async fn accepted_blocks_are_looked_up() {
    let dir = tempfile::tempdir().unwrap();
    let here = new(&Store::local(dir.path()).unwrap(), "disk");
    let there = new(&Store::local(dir.path()).unwrap(), "disk");
    let stager = there.stager();
    let a = sent(&stager.stage_write_at(0, bytes(1, 0..10)).await.unwrap());
    let b = sent(&stager.stage_overwrite_at(10, bytes(1, 10..30)).await.unwrap());
    let staged = here.accept(a.clone()).await.unwrap();
    staged.accept_verified(b.clone()).await.unwrap();
    // Twice is once.
    staged.accept(a.clone()).await.unwrap();
    staged.accept_verified(b).await.unwrap();
    assert_eq!(staged.staged_blocks().len(), 2);

    // Another's block for the same range.
    let other = there.stager().stage_write_at(5, bytes(2, 5..15)).await.unwrap();
    let error = staged.accept(other.clone()).await.unwrap_err();
    assert_eq!(overlap(&error), (5..15, 10..30, None));
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&volume, &[(1, 0..30)]).await;
    let error = volume.accept(other).await.unwrap_err();
    assert_eq!(overlap(&error), (5..15, 0..10, Some(1)));

    // Another volume's, and one that is too long for this one.
    let foreign = new(here.store(), "tape").stager().stage_write_at(50, b"x").await.unwrap();
    let error = volume.accept(foreign).await.unwrap_err();
    let Error::ForeignBlock { volume: by, found } = &error else { panic!("{error:?}") };
    assert_eq!((by.as_str(), found.as_str()), ("disk", "tape"));
    let longer = Volume::create(here.store(), "disk", 2 * LEN).unwrap();
    let outside = longer.stager().stage_write_at(LEN, b"x").await.unwrap();
    let error = volume.accept(outside).await.unwrap_err();
    assert!(matches!(error, Error::OutOfBounds { len: LEN, .. }), "{error:?}");
}

#[tokio::test]
async fn a_forged_block_is_no_block() {
    let faults = FaultStore::new(memory());
    let volume = new(&faults.store(), "disk");
    let block = volume.stager().stage_write_at(0, bytes(1, 0..10)).await.unwrap();
    let good = serde_json::to_string(&block).unwrap();
    faults.clear();
    for (from, to) in [
        ("disk", "../disk"),
        ("disk", ""),
        ("0-10-", "0-0-"),
        ("0-10-", "-1-10-"),
        ("0-10-", "+0-10-"),
        ("0-10-", "0-18446744073709551616-"),
        ("0-10-", "18446744073709551615-1-"),
        ("-w-", "-W-"),
        (".bin", ".bin/../../x.bin"),
        (".bin", ""),
        ("0-10-", "../../snapshots/0-10-"),
    ] {
        let forged = good.replacen(from, to, 1);
        assert_ne!(forged, good);
        assert!(serde_json::from_str::<StagedBlock>(&forged).is_err(), "{forged}");
    }
    assert_eq!(faults.counts().total(), 0);
    // What has the shape of one names an object that is not there.
    let base = "-0000000000000000000-";
    for (from, to) in [
        ("0-10-", "1-10-"),
        ("0-10-", "0-11-"),
        ("0-10-", "0-9223372036854775807-"),
        ("-w-", "-o-"),
        (base, "-0000000000000000005-"),
        (base, "-9223372036854775807-"),
    ] {
        let forged = good.replacen(from, to, 1);
        assert_ne!(forged, good);
        let forged: StagedBlock = serde_json::from_str(&forged).unwrap();
        let error = volume.accept(forged).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    }
}

/// Even one whose object somebody has put there names a snapshot that must exist.
#[tokio::test]
async fn a_base_that_never_was_is_told() {
    let inner = memory();
    let volume = committed(&lode_store(inner.clone()), "disk", &[0..10]).await;
    let block = volume.stager().stage_overwrite_at(0, bytes(1, 0..10)).await.unwrap();
    let text = serde_json::to_string(&block).unwrap();
    let forged = text.replace("-0000000000000000001-", "-0000000000000000005-");
    let forged: StagedBlock = serde_json::from_str(&forged).unwrap();
    put(&*inner, &key_of(&forged), bytes(1, 0..10)).await;
    let staged = volume.accept_verified(forged).await.unwrap();
    let failed = staged.commit(metadata! {}).await.unwrap_err();
    let Error::SnapshotNotFound { id, .. } = &failed.source else { panic!("{failed:?}") };
    assert_eq!(id.get(), 5);
    assert_eq!(block_objects(&contents(&*inner).await, "disk").len(), 3);
    assert_holds(&volume.latest().await.unwrap().unwrap(), &[(0, 0..10)]).await;
}
