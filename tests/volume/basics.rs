//! The states of a handle, and the ways from one to the next.

use lode::{
    Base, Blob, Dataset, Discarded, Error, Metadata, Run, SessionId, Store, Volume, VolumeId,
    metadata,
};

use super::{LEN, assert_holds, block_objects, bytes, committed, new, open, snapshot, stage};
use crate::support::{FaultStore, contents, memory};

#[tokio::test]
async fn stage_commit_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local(dir.path()).unwrap();
    let volume = new(&store, "disk");
    let staged = volume.stage_write_at(0, bytes(0, 0..100)).await.unwrap();
    let (a, b) = tokio::join!(
        staged.stage_write_at(9_000, bytes(1, 9_000..10_000)),
        staged.stage_write_at(100, bytes(2, 100..300)),
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.range(), b.range()), (9_000..10_000, 100..300));
    assert_eq!((a.session(), a.base()), (staged.session(), None));
    assert_eq!((a.volume(), a.is_overwrite()), (volume.id(), false));
    assert_eq!(staged.coverage(), [0..300, 9_000..10_000]);
    assert_eq!(staged.staged_blocks()[1..], [b, a]);
    assert_eq!(staged.total_length(), LEN);

    let one = staged.commit(metadata! { "step": "boot" }).await.unwrap();
    assert_eq!((one.snapshot_id(), one.parent()), (snapshot(1), None));
    assert_eq!(one.metadata(), &metadata! { "step": "boot" }.build().unwrap());
    assert_holds(&one, &[(0, 0..100), (2, 100..300), (1, 9_000..10_000)]).await;
    assert_eq!(one.gaps(), vec![300..9_000]);
    assert_eq!(one.gaps_in(250..500).unwrap(), vec![300..500]);
    assert_eq!((one.covered_bytes(), one.is_complete()), (1_300, false));
    let runs: Vec<Run> = one.runs().collect();
    assert_eq!(runs, [Run::Data(0..300), Run::Gap(300..9_000), Run::Data(9_000..LEN)]);
    let error = one.read_at(299..9_001).await.unwrap_err();
    let Error::RangeMissing { gaps, snapshot: at, .. } = &error else { panic!("{error:?}") };
    assert_eq!((&gaps[..], *at), (&[300..9_000][..], snapshot(1)));

    // The rest; the old handle goes on reading its snapshot.
    let staged = one.stage_write_at(300, bytes(3, 300..9_000)).await.unwrap();
    let two = staged.commit(Metadata::empty()).await.unwrap();
    assert!(two.is_complete() && two.gaps().is_empty());
    assert_eq!((two.snapshot_id(), two.parent()), (snapshot(2), Some(snapshot(1))));
    assert!(two.created_at() > one.created_at());
    assert_eq!(one.clone().gaps(), vec![300..9_000]);

    // Another process opens it, and is not told its length.
    let found = open(&Store::local(dir.path()).unwrap(), "disk").await;
    assert_eq!((found.total_length(), found.snapshot_id()), (LEN, snapshot(2)));
    let all = [(0, 0..100), (2, 100..300), (3, 300..9_000), (1, 9_000..LEN)];
    assert_holds(&found, &all).await;
    let first = Volume::open_at(&store, "disk", snapshot(1)).await.unwrap();
    assert_holds(&first, &[(0, 0..100), (2, 100..300), (1, 9_000..LEN)]).await;
}

#[tokio::test]
async fn creating_does_no_io() {
    let counting = FaultStore::new(memory());
    let volume = new(&counting.store(), "disk");
    assert_eq!((volume.total_length(), volume.id().as_str()), (LEN, "disk"));
    assert_eq!(counting.counts().total(), 0);
    // Nor has anybody seen it before its first commit.
    let _staged = volume.stage_write_at(0, b"x").await.unwrap();
    assert!(volume.latest().await.unwrap().is_none());
    let error = Volume::open(&counting.store(), "disk").await.unwrap_err();
    assert!(matches!(&error, Error::VolumeNotFound { volume } if volume.as_str() == "disk"));
    assert!(error.is_not_found());
}

#[tokio::test]
async fn lengths_that_no_volume_has_are_refused() {
    let store = Store::memory();
    for len in [0, 1 << 63, u64::MAX] {
        let error = Volume::create(&store, "disk", len).unwrap_err();
        let Error::InvalidLength { len: found, .. } = error else { panic!("{error:?}") };
        assert_eq!(found, len);
    }
    let longest = (1 << 63) - 1;
    let volume = Volume::create(&store, "disk", longest).unwrap();
    let staged = volume.stage_write_at(longest - 3, b"end").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.read_at(longest - 3..longest).await.unwrap(), "end");
    assert_eq!(volume.gaps(), vec![0..longest - 3]);
    assert_eq!(open(&store, "disk").await.total_length(), longest);
}

#[tokio::test]
async fn ids_that_no_volume_has_are_refused() {
    let store = Store::memory();
    let long = "x".repeat(256);
    for id in ["", "a/b", "..", "../x", ".x", "volumes", "Datasets", "ä", "a b", &long] {
        let error = Volume::create(&store, id, 1).unwrap_err();
        assert!(matches!(error, Error::InvalidId { kind: "volume", .. }), "{id}: {error}");
        let error = Volume::open(&store, id).await.unwrap_err();
        assert!(matches!(error, Error::InvalidId { kind: "volume", .. }), "{id}: {error}");
    }
    assert!(Volume::create(&store, VolumeId::new("a.b_c-D9").unwrap(), 1).is_ok());
}

#[tokio::test]
async fn a_snapshot_that_is_not_there_is_not_found() {
    let store = Store::memory();
    let volume = committed(&store, "disk", &[0..10]).await;
    for error in [
        Volume::open_at(&store, "disk", snapshot(2)).await.unwrap_err(),
        Volume::open_at(&store, "other", snapshot(2)).await.unwrap_err(),
        volume.snapshot(snapshot(2)).await.unwrap_err(),
    ] {
        let Error::SnapshotNotFound { owner, id } = &error else { panic!("{error:?}") };
        assert_eq!(id.get(), 2);
        assert!(owner.to_string().starts_with("volume `"), "{owner}");
        assert!(error.is_not_found());
    }
}

/// What is taken out again is not committed, and can be staged anew; it is not deleted.
#[tokio::test]
async fn discarding_takes_whole_blocks_out() {
    let inner = memory();
    let store = crate::support::lode_store(inner.clone());
    let staged = new(&store, "disk").stage_write_at(0, bytes(0, 0..100)).await.unwrap();
    for range in [100..200, 300..400] {
        staged.stage_write_at(range.start, bytes(0, range)).await.unwrap();
    }
    // Nothing is staged there.
    let Discarded::Staged(staged) = staged.discard(200..300) else { panic!("it had blocks") };
    assert_eq!(staged.coverage(), [0..200, 300..400]);
    let Discarded::Staged(staged) = staged.discard(150..301) else { panic!("it had blocks") };
    assert_eq!(staged.coverage(), [0..100]);
    staged.stage_write_at(150, bytes(1, 150..160)).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&volume, &[(0, 0..100), (1, 150..160)]).await;
    assert_eq!(block_objects(&contents(&*inner).await, "disk").len(), 4);
}

#[tokio::test]
async fn discarding_the_last_block_gives_the_base_back() {
    let store = Store::memory();
    let staged = new(&store, "disk").stage_write_at(5, b"block").await.unwrap();
    let Discarded::Empty(Base::New(volume)) = staged.discard(9..10) else { panic!("not new") };
    assert_eq!(volume.total_length(), LEN);
    let staged = volume.stage_write_at(0, bytes(0, 0..10)).await.unwrap();
    let one = staged.commit(metadata! {}).await.unwrap();

    let staged = stage(&one, 1, &[20..30, 30..40]).await;
    let Discarded::Empty(Base::Committed(base)) = staged.discard(0..LEN) else {
        panic!("not the snapshot")
    };
    assert_eq!(base.snapshot_id(), snapshot(1));
    assert_holds(&base, &[(0, 0..10)]).await;
    let two = stage(&base, 2, &[25..35]).await.commit(metadata! {}).await.unwrap();
    assert_holds(&two, &[(0, 0..10), (2, 25..35)]).await;
}

/// Neither a name that begins with another, nor a dataset of the same name, is mistaken for it.
#[tokio::test]
async fn neighbours_in_the_store_are_strangers() {
    let store = Store::memory();
    let dataset = Dataset::<Blob>::new(&store, "a").unwrap();
    let blob = dataset.write(b"of the dataset", metadata! {}).await.unwrap();
    let long = committed(&store, "ab", &[0..10, 20..30]).await;
    let two = stage(&long, 1, &[40..50]).await.commit(metadata! {}).await.unwrap();
    let left = stage(&two, 2, &[60..70]).await;
    let session = left.session();
    drop(left);

    let short = new(&store, "a");
    assert!(short.sessions().await.unwrap().is_empty());
    assert!(short.snapshots().await.unwrap().is_empty());
    assert!(short.latest().await.unwrap().is_none());
    let error = short.resume(session).await.unwrap_err();
    assert!(matches!(error, Error::NothingStaged { .. }), "{error}");
    let short = stage_and_commit(&short).await;
    assert_eq!(short.snapshots().await.unwrap(), [snapshot(1)]);
    assert_holds(&short, &[(7, 0..70)]).await;

    assert_eq!(long.snapshots().await.unwrap(), [snapshot(1), snapshot(2)]);
    let sessions = open(&store, "ab").await.sessions().await.unwrap();
    assert_eq!(sessions.iter().map(|found| found.id).collect::<Vec<SessionId>>(), [session]);
    assert_holds(&two, &[(0, 0..10), (0, 20..30), (1, 40..50)]).await;
    assert_eq!(dataset.latest().await.unwrap().unwrap(), blob);
    assert_eq!(dataset.read_blob(&blob).await.unwrap(), "of the dataset");
}

async fn stage_and_commit(volume: &Volume<lode::New>) -> Volume<lode::Committed> {
    let staged = volume.stage_write_at(0, bytes(7, 0..70)).await.unwrap();
    staged.commit(metadata! {}).await.unwrap()
}
