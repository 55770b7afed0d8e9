//! What the drivers of the model have found, and what they came close to.

use std::sync::Arc;

use lode::{Error, OnConflict, Retry, Store, Volume, VolumeSnapshotId, metadata};
use object_store::ObjectStore;

use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, contents, memory, put};

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

/// The same where the handle cannot just begin at the snapshot that it reads: Go wrote that one, or
/// something was staged on the attempt that landed. It was told for ever that there is a conflict.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_landed_is_no_conflict_on_the_next() {
    let none = Retry { attempts: 0, ..Retry::default() };
    for policy in [OnConflict::Fail, OnConflict::Retry(none)] {
        for (base_is_gos, stages_on) in [(true, false), (false, true), (true, true)] {
            let inner = memory() as Arc<dyn ObjectStore>;
            let faulty = FaultStore::new(Arc::clone(&inner));
            let store = faulty.store();
            let base = if base_is_gos {
                let golden = crate::golden::copy("go-lode");
                let golden = Store::local(golden.path()).unwrap();
                for (key, bytes) in contents(&**golden.object_store()).await {
                    put(&*inner, &key, bytes).await;
                }
                Volume::open(&store, "disk").await.unwrap()
            } else {
                let volume = Volume::create(&store, "disk", 20_000).unwrap();
                let first = volume.stage_write_at(0, b"0").await.unwrap();
                first.commit(metadata! {}).await.unwrap()
            };
            let old = base.snapshot_id().get();
            let base = base.on_conflict(policy.clone());
            let staged = base.stage_write_at(10_000, b"new").await.unwrap();
            faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::After).for_ever());
            let get = Rule::on(Op::Get, Class::Manifest, Fault::Before).for_ever();
            // Where Go wrote it, the head is looked up first, in two steps.
            faulty.rule(get.skip(if base_is_gos { 2 } else { 0 }));
            let failed = staged.commit(metadata! {}).await.unwrap_err();
            assert!(matches!(failed.source, Error::CommitUnknown { .. }), "{failed}");
            faulty.heal();
            let landed = Volume::open(&store, "disk").await.unwrap();
            assert_eq!(landed.snapshot_id().get(), old + 1);

            let staged = failed.staged;
            if stages_on {
                let sent = landed.stager().stage_write_at(10_010, b"more").await.unwrap();
                staged.accept(sent).await.unwrap();
            }
            let volume = staged.commit(metadata! {}).await.unwrap();
            assert_eq!(volume.snapshot_id().get(), old + 2);
            assert_eq!(volume.read_at(10_000..10_003).await.unwrap(), "new");

            // Another writer's commit is one.
            let again = base.stage_write_at(10_020, b"late").await.unwrap();
            let sent = volume.stager().stage_write_at(10_030, b"later").await.unwrap();
            again.accept(sent).await.unwrap();
            let failed = again.commit(metadata! {}).await.unwrap_err();
            let Error::Conflict { expected, found, .. } = failed.source else { panic!("{failed}") };
            assert_eq!(expected.map(lode::SnapshotId::get), Some(old));
            assert_eq!(found.map(lode::SnapshotId::get), Some(old + 2));
        }
    }
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
