//! The writer's half of a clean-up: `format.md` §9. Its commits, lists and tombstones are written by
//! hand.

use std::sync::Arc;

use lode::{Discarded, Error, Open, Staged, Store, Volume, VolumeSnapshotId, metadata};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::ambient::uuid;
use crate::support::forge::{last_gc, put_json};
use crate::support::{delete, get, memory, put};

const ID: &str = "disk";

fn store(inner: &Arc<InMemory>) -> Store {
    Store::from(Arc::clone(inner) as Arc<dyn ObjectStore>)
}

fn manifest_key(id: u64) -> String {
    format!("volumes/{ID}/snapshots/{id:019}/manifest.json")
}

fn gc_key(write_id: Uuid) -> String {
    format!("volumes/{ID}/gc/{}.json", write_id.simple())
}

async fn manifest(inner: &InMemory, id: u64) -> Value {
    serde_json::from_slice(&get(inner, &manifest_key(id)).await.expect("no manifest")).unwrap()
}

/// A clean-up on top of snapshot `parent` that condemned these objects.
async fn gc(inner: &InMemory, parent: u64, write_id: Uuid, condemned: &[String]) {
    let mut value = manifest(inner, parent).await;
    let list = json!({ "previous": value["last_gc"], "condemned": condemned });
    put_json(inner, &gc_key(write_id), &list).await;
    value["snapshot_id"] = json!(format!("{:019}", parent + 1));
    value["parent_snapshot_id"] = json!(format!("{parent:019}"));
    value["write_id"] = json!(write_id.simple().to_string());
    value["operation"] = json!("gc");
    value["last_gc"] = json!(last_gc(parent + 1, write_id));
    put_json(inner, &manifest_key(parent + 1), &value).await;
}

/// Replaces the manifest of snapshot `id` by its tombstone.
async fn expire(inner: &InMemory, id: u64) {
    let mut value = manifest(inner, id).await;
    let fields = value.as_object_mut().unwrap();
    fields.remove("metadata");
    let blocks = fields.insert("blocks".to_owned(), json!("expired")).unwrap();
    fields.insert("expired_blocks".to_owned(), blocks);
    fields.insert("expired_at".to_owned(), json!("2040-01-01T00:00:00Z"));
    fields.insert("format_version".to_owned(), json!("2.0.0"));
    put_json(inner, &manifest_key(id), &value).await;
}

/// A healthy store was called corrupt where a block was staged after a clean-up that came after the
/// snapshot of the handle which commits it.
#[tokio::test]
async fn a_block_that_is_younger_than_the_clean_up_is_committed_by_an_older_handle() {
    let (inner, one) = start().await;
    gc(&inner, 1, uuid(7), &[format!("volumes/{ID}/data/x.bin")]).await;
    let two = one.latest().await.unwrap().unwrap();
    assert_eq!(two.snapshot_id().get(), 2);
    let sent = two.stager().stage_write_at(50, b"young").await.unwrap();
    let volume = one.accept(sent).await.unwrap().commit(metadata! {}).await.unwrap();
    assert_eq!(volume.snapshot_id().get(), 3);
    assert_eq!(volume.read_at(50..55).await.unwrap(), "young");
}

/// A volume of 100 bytes whose snapshot 1 has 0..10.
async fn start() -> (Arc<InMemory>, Volume<lode::Committed>) {
    let inner = memory();
    let volume = Volume::create(&store(&inner), ID, 100).unwrap();
    let staged = volume.stage_write_at(0, b"0123456789").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    (inner, volume)
}

/// The keys of what is staged, by offset.
fn keys(staged: &Volume<Staged>) -> Vec<String> {
    let key = |block| {
        let sent = serde_json::to_value(block).unwrap();
        format!("volumes/{ID}/data/{}", sent["block"].as_str().unwrap())
    };
    staged.staged_blocks().iter().map(key).collect()
}

async fn latest(inner: &Arc<InMemory>) -> Volume<lode::Committed> {
    Volume::open(&store(inner), ID).await.unwrap()
}

/// Two blocks at 20 and at 40, by a process that is gone: their session and keys.
async fn left_behind<S: Open>(volume: &Volume<S>) -> (lode::SessionId, Vec<String>) {
    let staged = volume.stage_write_at(20, b"twenty").await.unwrap();
    staged.stage_write_at(40, b"forty").await.unwrap();
    (staged.session(), keys(&staged))
}

/// Commits, which must name this as condemned; it is discarded, staged again, and committed as `id`.
async fn stage_again(inner: &Arc<InMemory>, staged: Volume<Staged>, condemned: &str, id: u64) {
    // One on another base beside them.
    staged.stage_write_at(60, b"sixty").await.unwrap();
    let failed = staged.commit(metadata! {}).await.unwrap_err();
    let Error::Condemned { paths, .. } = &failed.source else { panic!("{}", failed.source) };
    assert_eq!(*paths, [condemned]);
    assert_eq!(latest(inner).await.snapshot_id().get(), id - 1, "nothing is visible");
    let Discarded::Staged(staged) = failed.staged.discard(20..21) else { panic!("40 is staged") };
    // Now the clean-up deletes it.
    delete(&**inner, condemned).await;
    staged.stage_write_at(20, b"twenty").await.unwrap();
    assert_ne!(keys(&staged)[0], condemned, "another object");
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.snapshot_id().get(), id);
    assert_eq!(volume.read_at(20..26).await.unwrap(), "twenty");
    assert_eq!(volume.read_at(40..45).await.unwrap(), "forty");
    assert_eq!(volume.read_at(0..10).await.unwrap(), "0123456789");
    assert!(volume.sessions().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_resumed_block_that_was_condemned_is_named() {
    for clean_ups in 1..4 {
        let (inner, volume) = start().await;
        let (session, keys) = left_behind(&volume).await;
        gc(&inner, 1, uuid(1), &[keys[0].clone(), "volumes/disk/data/else".to_owned()]).await;
        for parent in 2..=clean_ups {
            gc(&inner, parent, uuid(parent), &[]).await;
        }
        let staged = latest(&inner).await.resume(session).await.unwrap();
        stage_again(&inner, staged, &keys[0], clean_ups + 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_was_open_before_the_clean_up_is_told_as_well() {
    let (inner, volume) = start().await;
    let staged = volume.stage_write_at(20, b"twenty").await.unwrap();
    staged.stage_write_at(40, b"forty").await.unwrap();
    let keys = keys(&staged);
    gc(&inner, 1, uuid(1), &keys[..1]).await;
    stage_again(&inner, staged, &keys[0], 3).await;
}

#[tokio::test(start_paused = true)]
async fn blocks_of_a_new_volume_count_from_the_beginning() {
    let inner = memory();
    let new = Volume::create(&store(&inner), ID, 100).unwrap();
    let (session, keys) = left_behind(&new).await;
    let staged = new.stage_write_at(0, b"0123456789").await.unwrap();
    let _ = staged.commit(metadata! {}).await.unwrap();
    gc(&inner, 1, uuid(1), &keys[..1]).await;
    let staged = latest(&inner).await.resume(session).verify_content().await.unwrap();
    stage_again(&inner, staged, &keys[0], 3).await;
}

/// It counts from the base in its name, whatever the handle reads that accepts it.
#[tokio::test(start_paused = true)]
async fn an_accepted_block_counts_from_its_own_base() {
    let (inner, volume) = start().await;
    let stager = volume.stager();
    let sent = [
        stager.stage_write_at(20, b"twenty").await.unwrap(),
        stager.stage_write_at(40, b"forty").await.unwrap(),
    ];
    let (_, names) = (stager, sent.clone().map(|block| serde_json::to_value(block).unwrap()));
    let condemned = format!("volumes/{ID}/data/{}", names[0]["block"].as_str().unwrap());
    gc(&inner, 1, uuid(1), std::slice::from_ref(&condemned)).await;
    let staged = latest(&inner).await.accept_verified(sent[0].clone()).await.unwrap();
    staged.accept(sent[1].clone()).await.unwrap();
    stage_again(&inner, staged, &condemned, 3).await;
}

/// What was cleaned up before a block was staged says nothing about it: its list is not even read.
#[tokio::test(start_paused = true)]
async fn a_clean_up_before_the_base_is_over() {
    let (inner, _) = start().await;
    gc(&inner, 1, uuid(1), &[]).await;
    let (session, keys) = left_behind(&latest(&inner).await).await;
    put(&*inner, &gc_key(uuid(1)), "no JSON").await;
    let staged = latest(&inner).await.resume(session).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    let blocks: Vec<_> = volume.blocks().iter().map(|block| block.path.clone()).collect();
    assert_eq!(blocks[1..], keys);
    assert_eq!(manifest(&inner, 3).await["last_gc"], last_gc(2, uuid(1)));
}

/// A list that cannot be read could name anything.
#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_fails_the_commit() {
    for is_missing in [true, false] {
        let (inner, volume) = start().await;
        let (session, _) = left_behind(&volume).await;
        gc(&inner, 1, uuid(1), &[]).await;
        match is_missing {
            true => delete(&*inner, &gc_key(uuid(1))).await,
            false => put(&*inner, &gc_key(uuid(1)), r#"{"previous": null}"#).await,
        }
        let staged = latest(&inner).await.resume(session).await.unwrap();
        let failed = staged.commit(metadata! {}).await.unwrap_err();
        let Error::ManifestInvalid { path, .. } = &failed.source else { panic!("{failed}") };
        assert_eq!(*path, gc_key(uuid(1)));
        assert_eq!(latest(&inner).await.snapshot_id().get(), 2);
    }
}

/// An overwrite whose base has expired since: 4..8, staged on snapshot 1.
async fn on_an_expired_base(other: u64) -> (Arc<InMemory>, Volume<Staged>) {
    let (inner, volume) = start().await;
    let staged = volume.stage_overwrite_at(4, b"over").await.unwrap();
    let session = staged.session();
    drop(staged);
    let staged = volume.stage_overwrite_at(other, b"by another").await.unwrap();
    let _ = staged.commit(metadata! {}).await.unwrap();
    expire(&inner, 1).await;
    let error = Volume::open_at(&store(&inner), ID, VolumeSnapshotId::new(1).unwrap()).await;
    assert!(matches!(error.unwrap_err(), Error::Expired { .. }));
    let volume = latest(&inner).await;
    assert_eq!(volume.sessions().await.unwrap().len(), 1);
    let staged = volume.resume(session).await.unwrap();
    (inner, staged)
}

#[tokio::test(start_paused = true)]
async fn an_overwrite_on_an_expired_base_is_judged_by_what_it_had() {
    let (_, staged) = on_an_expired_base(50).await;
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.snapshot_id().get(), 3);
    assert_eq!(volume.read_at(0..10).await.unwrap(), "0123over89");
    assert_eq!(volume.read_at(50..60).await.unwrap(), "by another");

    let (inner, staged) = on_an_expired_base(6).await;
    let failed = staged.commit(metadata! {}).await.unwrap_err();
    let Error::Overlap { range, found, snapshot, .. } = &failed.source else { panic!("{failed}") };
    assert_eq!((range.clone(), found.clone()), (4..8, 6..8));
    assert_eq!(snapshot.map(VolumeSnapshotId::get), Some(2));
    assert_eq!(latest(&inner).await.snapshot_id().get(), 2);
}

/// A block that only an expired snapshot names was committed, and is not anybody's to commit again.
#[tokio::test(start_paused = true)]
async fn what_an_expired_snapshot_had_is_committed() {
    let (inner, volume) = start().await;
    let session = volume.stage_write_at(20, b"twenty").await.unwrap();
    let id = session.session();
    let volume = session.commit(metadata! {}).await.unwrap();
    let staged = volume.stage_overwrite_at(20, b"TWENTY").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    expire(&inner, 2).await;
    assert!(volume.sessions().await.unwrap().is_empty());
    let error = volume.resume(id).await.unwrap_err();
    assert!(matches!(error, Error::NothingStaged { .. }), "{error}");
}
