//! `restore`: an old content as a new snapshot, nothing copied.

use std::sync::Arc;
use std::time::Duration;

use lode::manifest::Operation;
use lode::{Blob, Dataset, Error, Retain, Store, Volume, metadata};
use serde_json::json;

use super::{DAY, World, blocks, files, id, vid};
use crate::golden::copy;
use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{Class, Fault, Op, Row, forge, rows};

#[tokio::test(start_paused = true)]
async fn the_old_content_is_committed_again_and_nothing_is_copied() {
    let world = World::new();
    let dataset = world.dataset();
    let one = dataset.write(&rows(0..10), metadata! { "n": 1 }).await.unwrap();
    dataset.append(&rows(10..12), metadata! {}).await.unwrap();
    dataset.write(&rows(50..52), metadata! {}).await.unwrap();
    world.faulty.clear();
    let restored = dataset.restore(id(1), metadata! { "why": "bad" }).await.unwrap();
    let counts = world.faulty.counts();
    assert_eq!((counts.on(Op::Put, Class::Data), counts.puts()), (0, 2), "{counts:?}");
    assert_eq!((restored.id(), restored.parent()), (id(4), Some(id(3))));
    assert_eq!(restored.manifest().operation, Some(Operation::Restore));
    assert_eq!(restored.metadata().get("why"), Some(&json!("bad")));
    assert_eq!(restored.metadata().get("n"), None);
    assert_eq!(restored.files(), one.files());
    assert_eq!(restored.row_count(), 10);
    assert_eq!(numbers(&dataset, &restored).await.unwrap(), (0..10).collect::<Vec<_>>());
    assert!(restored.created_at() > one.created_at());
    // What is written on it goes on from there, and it can be restored again.
    let next = dataset.append(&rows(20..21), metadata! {}).await.unwrap();
    assert_eq!(next.row_count(), 11);
    let again = dataset.restore(id(3), metadata! {}).await.unwrap();
    assert_eq!(numbers(&dataset, &again).await.unwrap(), [50, 51]);
    let head = dataset.restore(again.id(), metadata! {}).await.unwrap();
    assert_eq!((head.id(), head.files()), (id(7), again.files()));
}

#[tokio::test(start_paused = true)]
async fn files_with_names_of_their_own_and_attachments_stay_as_they_are() {
    let world = World::new();
    let dataset = world.dataset();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    let mixed = dataset.clone().checksum(lode::Checksum::Md5);
    let mixed = mixed.append(&rows(3..6), metadata! {}).await.unwrap();
    let path = format!("datasets/d/attachments/{}/00000.bin", "0".repeat(32));
    forge::edit(world.inner(), "d", 2, |value| {
        value["format_version"] = json!("2.1.0");
        value["attachments"] = json!([{
            "name": "model", "path": path, "size_bytes": 3, "checksum": "ab".repeat(16),
        }]);
    })
    .await;
    dataset.write(&rows(9..10), metadata! {}).await.unwrap();
    let fresh = world.dataset();
    let restored = fresh.restore(id(2), metadata! {}).await.unwrap();
    assert_eq!(restored.manifest().format_version.to_string(), "2.1.0");
    assert_eq!(restored.files(), mixed.files());
    assert_eq!(restored.manifest().codec.as_deref(), Some("mixed"));
    assert_eq!(restored.manifest().attachments[0].path, path);
    assert_eq!(numbers(&fresh, &restored).await.unwrap(), [0, 1, 2, 3, 4, 5]);
    // Read back as it stands.
    let stored = forge::manifest(world.inner(), "d", 4).await;
    let old = forge::manifest(world.inner(), "d", 2).await;
    for field in ["files", "attachments", "schemas", "codec", "row_count", "min_timestamp"] {
        assert_eq!(stored[field], old[field], "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_has_the_old_blocks_and_no_others() {
    let world = World::new();
    let new = Volume::create(&world.store(), "v", 100).unwrap();
    let one = new.stage_write_at(0, b"0123456789").await.unwrap().commit(metadata! {}).await;
    let one = one.unwrap();
    let staged = one.stage_overwrite_at(3, b"xyz").await.unwrap();
    staged.stage_write_at(50, b"fifty").await.unwrap();
    let two = staged.commit(metadata! {}).await.unwrap();
    world.faulty.clear();
    let back = two.restore(vid(1), metadata! { "n": 3 }).await.unwrap();
    assert_eq!(world.faulty.counts().puts(), 2);
    assert_eq!((back.snapshot_id(), back.coverage()), (vid(3), vec![0..10]));
    assert_eq!(back.read_at(0..10).await.unwrap(), "0123456789");
    assert_eq!(blocks(&back), blocks(&one));
    // The version in which parts of objects can stand.
    let forth = back.restore(vid(2), metadata! {}).await.unwrap();
    assert_eq!(forth.read_at(0..10).await.unwrap(), "012xyz6789");
    assert_eq!(forth.read_at(50..55).await.unwrap(), "fifty");
    assert_eq!(forth.manifest().format_version.major, 2);
    let staged = forth.stage_write_at(20, b"more").await.unwrap();
    assert_eq!(staged.commit(metadata! {}).await.unwrap().snapshot_id(), vid(5));
}

#[tokio::test(start_paused = true)]
async fn it_is_committed_once_and_on_the_head_it_was_meant_for() {
    let world = World::new();
    let dataset = world.dataset();
    dataset.write(&rows(0..1), metadata! {}).await.unwrap();
    dataset.write(&rows(1..2), metadata! {}).await.unwrap();
    for _ in 0..3 {
        let restore = dataset.restore(id(1), metadata! {}).idempotency_key("k");
        assert_eq!(restore.expect_head(Some(id(2))).await.unwrap().id(), id(3));
    }
    let error = dataset.restore(id(1), metadata! {}).expect_head(Some(id(2))).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { found: Some(found), .. } if found == id(3)));

    // Another writer in between: never moved onto its head.
    let other = Dataset::<Row>::new(&world.other(), "d").unwrap();
    let meanwhile = Fault::run(move || {
        let other = other.clone();
        async move {
            other.append(&rows(5..6), metadata! {}).await.unwrap();
        }
    });
    world.faulty.rule(Rule::on(Op::Create, Class::Manifest, meanwhile));
    let error = dataset.restore(id(1), metadata! {}).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(dataset.latest().await.unwrap().unwrap().id(), id(4));

    let volume = Volume::create(&world.store(), "v", 100).unwrap();
    let staged = volume.stage_write_at(0, b"x").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    let restore = volume.restore(vid(1), metadata! {}).expect_head(Some(vid(1)));
    assert_eq!(restore.await.unwrap().snapshot_id(), vid(2));
    let restore = volume.restore(vid(1), metadata! {}).expect_head(Some(vid(1)));
    assert!(restore.await.unwrap_err().is_conflict());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_restored_is_said_and_nothing_is_committed() {
    let world = World::new();
    let dataset = world.dataset();
    let error = dataset.restore(id(1), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::SnapshotNotFound { .. }), "{error}");
    for n in 0..4 {
        dataset.write(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    dataset.expire(Retain::last(3)).await.unwrap();
    let error = dataset.restore(id(1), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::Expired { .. }), "{error}");
    let error = dataset.restore(id(9), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::SnapshotNotFound { .. }), "{error}");
    forge::edit(world.inner(), "d", 2, |value| value["format_version"] = json!("1.9.0")).await;
    let error = dataset.restore(id(2), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::UnsupportedVersion { .. }), "{error}");
    assert_eq!(dataset.latest().await.unwrap().unwrap().id(), id(4));

    // A head of a newer minor version is not built upon.
    forge::edit(world.inner(), "d", 4, |value| value["format_version"] = json!("1.9.0")).await;
    let error = dataset.restore(id(3), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::UnsupportedVersion { .. }), "{error}");

    // Another kind of content.
    let blobs = Dataset::<Blob>::new(&world.store(), "d").unwrap();
    let error = blobs.restore(id(3), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::ContentMismatch { .. }), "{error}");

    // Another length.
    let volume = Volume::create(&world.store(), "v", 100).unwrap();
    let volume = volume.stage_write_at(0, b"x").await.unwrap().commit(metadata! {}).await.unwrap();
    let volume = volume.stage_write_at(5, b"y").await.unwrap().commit(metadata! {}).await.unwrap();
    let key = "volumes/v/snapshots/0000000000000000001/manifest.json";
    let body = crate::support::get(world.inner(), key).await.unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&body).unwrap();
    value["total_length"] = json!(200);
    forge::put_json(world.inner(), key, &value).await;
    let error = volume.restore(vid(1), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { expected: 200, found: 100, .. }), "{error}");
}

/// The snapshot expires and is cleaned up while it is being restored.
#[tokio::test(start_paused = true)]
async fn a_restore_that_meets_a_clean_up_of_its_files_is_told() {
    for condemns in [true, false] {
        let world = Arc::new(World::new());
        let dataset = world.dataset();
        let one = dataset.write(&rows(0..1), metadata! {}).await.unwrap();
        dataset.write(&rows(1..2), metadata! {}).await.unwrap();
        // For the clean-up of something else.
        let stray = format!("datasets/d/data/{}/00000.jsonl", "01900000000070008000000000000001");
        crate::support::put(world.inner(), &stray, "left over").await;
        world.pass(30);
        let there = Arc::clone(&world);
        let meanwhile = Fault::run(move || {
            let world = Arc::clone(&there);
            async move {
                let other = Dataset::<Row>::new(&world.other(), "d").unwrap();
                if condemns {
                    other.expire(Retain::last(1)).await.unwrap();
                    world.pass(30);
                }
                let report = other.gc().older_than(DAY).await.unwrap();
                assert_eq!(report.condemned.len(), 1 + usize::from(condemns));
            }
        });
        world.faulty.rule(Rule::on(Op::Create, Class::Manifest, meanwhile));
        let restored = dataset.restore(id(1), metadata! {}).await;
        if condemns {
            let Err(Error::Condemned { paths, .. }) = &restored else { panic!("{restored:?}") };
            assert_eq!(
                paths.iter().cloned().collect::<std::collections::BTreeSet<_>>(),
                files(&one)
            );
            let error = dataset.restore(id(1), metadata! {}).await.unwrap_err();
            assert!(matches!(error, Error::Expired { .. }), "{error}");
        } else {
            let restored = restored.unwrap();
            assert_eq!(restored.id(), id(4), "after the clean-up's");
            assert_eq!(numbers(&dataset, &restored).await.unwrap(), [0]);
        }
    }
}

/// The old manifest is read from the store, never from what a handle holds.
#[tokio::test(start_paused = true)]
async fn a_handle_that_has_the_snapshot_open_restores_it_not() {
    let world = World::new();
    let staged = Volume::create(&world.store(), "v", 100).unwrap().stage_write_at(0, b"one").await;
    let one = staged.unwrap().commit(metadata! {}).await.unwrap();
    let staged = one.stage_overwrite_at(0, b"two").await.unwrap();
    let _two = staged.commit(metadata! {}).await.unwrap();
    one.expire(Retain::last(0)).await.unwrap();
    let error = one.restore(one.snapshot_id(), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::Expired { .. }), "{error}");
    assert_eq!(one.read_at(0..3).await.unwrap(), "one", "it still reads it");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_settled() {
    for fault in [Fault::After, Fault::Before, Fault::Late(2)] {
        let world = World::new();
        let dataset = world.dataset();
        dataset.write(&rows(0..1), metadata! {}).await.unwrap();
        dataset.write(&rows(1..2), metadata! {}).await.unwrap();
        world.faulty.rule(Rule::on(Op::Create, Class::Manifest, fault));
        let restored = dataset.restore(id(1), metadata! {}).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(dataset.latest().await.unwrap(), Some(restored.clone()));
        assert_eq!(restored.id(), id(3));
    }
}

/// Snapshots of Go's, which name other objects than lode does, and say less of them.
#[tokio::test]
async fn a_snapshot_of_gos_is_restored() {
    use crate::golden::events;

    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let dataset = events(&store, "events-jsonl");
    let ids = dataset.snapshots().await.unwrap();
    let old = dataset.snapshot(ids[0]).await.unwrap();
    let restored = dataset.restore(ids[0], metadata! { "by": "lode" }).await.unwrap();
    assert_eq!(restored.id().get(), ids.last().unwrap().get() + 1);
    assert_eq!(files(&restored), files(&old));
    assert_eq!(restored.row_count(), old.row_count());
    assert_eq!(dataset.read(&restored).await.unwrap(), dataset.read(&old).await.unwrap());
    assert!(!restored.manifest().is_foreign());

    let disk = Volume::open(&store, "disk").await.unwrap();
    let ids = disk.snapshots().await.unwrap();
    let old = disk.snapshot(ids[0]).await.unwrap();
    let restored = disk.restore(ids[0], metadata! {}).await.unwrap();
    assert_eq!(restored.coverage(), old.coverage());
    assert_eq!(restored.read_at(0..4096).await.unwrap(), old.read_at(0..4096).await.unwrap());
}
