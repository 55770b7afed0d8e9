//! What the drivers of the model have found, and what they came close to.

use std::sync::Arc;

use lode::{Error, OnConflict, Store, Volume, VolumeSnapshotId, metadata};
use object_store::ObjectStore;

use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, memory};

/// An overwrite that was staged on a newer snapshot than the handle reads was told to be in its own
/// way.
#[tokio::test(start_paused = true)]
async fn an_overwrite_is_not_judged_by_a_snapshot_before_its_base() {
    for policy in [OnConflict::default(), OnConflict::Fail] {
        let store = Store::memory();
        let volume = Volume::create(&store, "disk", 100).unwrap();
        let first = volume.stage_write_at(0, b"0").await.unwrap();
        let first = first.commit(metadata! {}).await.unwrap();
        let second = first.stage_write_at(50, b"0123456789").await.unwrap();
        let second = second.commit(metadata! {}).await.unwrap();
        let staged = second.stage_overwrite_at(52, b"over").await.unwrap();
        let session = staged.session();
        drop(staged);

        let staged = first.on_conflict(policy.clone()).resume(session).await.unwrap();
        let committed = staged.commit(metadata! {}).await;
        match policy {
            OnConflict::Retry(_) => {
                let third = committed.unwrap();
                assert_eq!(third.snapshot_id().get(), 3);
                assert_eq!(third.read_at(50..60).await.unwrap(), "01over6789");
            }
            OnConflict::Fail => {
                let failed = committed.unwrap_err();
                let Error::Conflict { expected, found, .. } = failed.source else { panic!() };
                assert_eq!(expected.map(lode::SnapshotId::get), Some(1));
                assert_eq!(found.map(lode::SnapshotId::get), Some(2));
            }
        }
    }
}

/// A block that is committed already was told to be in its own way, where the policy is to fail: what
/// came before is this handle's own attempt.
#[tokio::test(start_paused = true)]
async fn a_committed_block_is_not_in_its_own_way() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let faulty = FaultStore::new(Arc::clone(&inner));
    let volume = Volume::create(&faulty.store(), "disk", 100).unwrap();
    let volume = volume.stage_write_at(0, b"0").await.unwrap();
    let volume = volume.commit(metadata! {}).await.unwrap().on_conflict(OnConflict::Fail);
    let staged = volume.stage_write_at(10, b"ten").await.unwrap();
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::After).for_ever());
    faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Before).for_ever());
    let failed = staged.commit(metadata! {}).await.unwrap_err();
    assert!(matches!(failed.source, Error::CommitUnknown { .. }), "{failed}");
    faulty.heal();
    let volume = failed.staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.snapshot_id().get(), 3);
    assert_eq!(volume.read_at(10..13).await.unwrap(), "ten");
}

/// Go's ids are not dense: a commit through a handle at an older snapshot of Go's was put behind the
/// head, and nobody ever saw it.
#[tokio::test]
async fn a_commit_on_an_old_snapshot_of_gos_is_not_put_behind_the_head() {
    let ids = [1795334699773626758, 1795334699774799695, 1795334699775611480];
    for policy in [OnConflict::default(), OnConflict::Fail] {
        for id in ids {
            let dir = crate::golden::copy("go-lode");
            let store = Store::local(dir.path()).unwrap();
            let id = VolumeSnapshotId::new(id).unwrap();
            let old = Volume::open_at(&store, "disk", id).await.unwrap();
            let old = old.on_conflict(policy.clone());
            let staged = old.stage_write_at(10_000, b"new").await.unwrap();
            let committed = staged.commit(metadata! {}).await;
            let latest = old.latest().await.unwrap().unwrap();
            if policy == OnConflict::Fail && id.get() != ids[2] {
                let failed = committed.unwrap_err();
                let Error::Conflict { expected, .. } = failed.source else { panic!("{failed}") };
                assert_eq!(expected.map(lode::SnapshotId::get), Some(id.get()));
                assert_eq!(latest.snapshot_id().get(), ids[2]);
                continue;
            }
            assert_eq!(committed.unwrap().snapshot_id().get(), ids[2] + 1);
            assert_eq!(latest.snapshot_id().get(), ids[2] + 1);
            assert_eq!(latest.read_at(10_000..10_003).await.unwrap(), "new");
            assert_eq!(latest.blocks().len(), 7);
        }
    }
}
