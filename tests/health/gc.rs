//! `gc`: what is deleted, and what never is.

use lode::manifest::Operation;
use lode::{
    Dataset, DefaultLayout, Error, FlatLayout, HiveLayout, Retain, Store, Volume, metadata,
};
use serde_json::json;

use super::{DAY, HOUR, World, blocks, files, id, numbers, vid};
use crate::support::ambient::uuid;
use crate::support::rows::numbers as rows_of;
use crate::support::script::Rule;
use crate::support::{Class, Fault, Op, Row, contents, delete, forge, put, rows};

/// A write that was killed: its data are there, and no manifest.
async fn killed_write(world: &World) {
    let dataset = world.dataset();
    world.faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Hang));
    let batch = rows(70..73);
    let write = dataset.append(&batch, metadata! {}).into_future();
    let ended = tokio::time::timeout(std::time::Duration::from_millis(50), write).await;
    assert!(ended.is_err(), "it hangs");
    world.faulty.heal();
}

#[tokio::test]
async fn what_a_killed_write_left_goes_once_it_is_old() {
    let world = World::new();
    let dataset = world.dataset();
    let one = dataset.write(&rows(0..5), metadata! { "by": "me" }).await.unwrap();
    killed_write(&world).await;
    assert_eq!(world.data().await.len(), 2);

    world.pass(23);
    let report = dataset.gc().await.unwrap();
    assert_eq!((report.condemned.len(), report.snapshot), (0, None));
    assert_eq!((world.lists().await, dataset.snapshots().await.unwrap().len()), (0, 1));

    world.pass(2);
    let before = contents(world.inner()).await;
    let dry = dataset.gc().dry_run().await.unwrap();
    assert_eq!(contents(world.inner()).await, before);
    let report = dataset.gc().await.unwrap();
    assert_eq!(dry.condemned, report.condemned);
    assert_eq!((dry.bytes, dry.deleted, dry.snapshot), (report.bytes, 0, None));
    assert_eq!((report.deleted, report.snapshot, report.more), (1, Some(id(2)), false));
    assert_eq!(report.bytes, before[&report.condemned[0]].len() as u64);
    assert_eq!(world.data().await, files(&one));

    // The commit has the head's content and metadata, and says what went.
    let head = dataset.latest().await.unwrap().unwrap();
    assert_eq!((head.id(), head.files(), head.metadata()), (id(2), one.files(), one.metadata()));
    assert_eq!(head.manifest().operation, Some(Operation::Gc));
    assert_eq!(rows_of(&dataset, &head).await.unwrap(), [0, 1, 2, 3, 4]);
    let gc = head.manifest().last_gc.unwrap();
    assert_eq!((gc.id, Some(gc.write_id)), (id(2), head.manifest().write_id));
    let list = format!("datasets/d/gc/{}.json", gc.write_id);
    let list: serde_json::Value =
        serde_json::from_slice(&contents(world.inner()).await[&list]).unwrap();
    assert_eq!(list, json!({ "previous": null, "condemned": report.condemned }));

    // Nothing is left to do, and nothing is done.
    world.pass(100);
    let before = contents(world.inner()).await;
    assert_eq!(dataset.gc().await.unwrap().snapshot, None);
    assert_eq!(contents(world.inner()).await, before);

    // The next one leads back to it; lists stay.
    killed_write(&world).await;
    world.pass(100);
    let report = dataset.gc().await.unwrap();
    assert_eq!((report.deleted, report.snapshot), (1, Some(id(3))));
    assert_eq!(world.lists().await, 2);
    let head = dataset.append(&rows(5..6), metadata! {}).await.unwrap();
    assert_eq!(head.manifest().last_gc.unwrap().id, id(3));
    assert_eq!(rows_of(&dataset, &head).await.unwrap(), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn an_expired_snapshot_is_read_on_until_it_is_old_and_then_is_expired() {
    let world = World::new();
    let dataset = world.dataset();
    let one = dataset.write(&rows(0..5), metadata! {}).await.unwrap();
    let two = dataset.append(&rows(5..6), metadata! {}).await.unwrap();
    let three = dataset.write(&rows(6..7), metadata! {}).await.unwrap();
    world.pass(100);
    dataset.expire(Retain::last(1)).await.unwrap();
    for _ in 0..2 {
        assert!(dataset.gc().await.unwrap().condemned.is_empty());
        assert_eq!(rows_of(&dataset, &one).await.unwrap(), [0, 1, 2, 3, 4]);
        world.pass(12);
    }
    world.pass(1);
    let report = dataset.gc().await.unwrap();
    assert_eq!(report.deleted, 2);
    assert_eq!(world.data().await, files(&three));
    for snapshot in [&one, &two] {
        let error = dataset.read(snapshot).await.unwrap_err();
        assert!(matches!(error, Error::Expired { .. }), "{error}");
    }
    assert_eq!(rows_of(&dataset, &three).await.unwrap(), [6]);
}

#[tokio::test]
async fn what_a_live_snapshot_shares_with_an_expired_one_stays() {
    let world = World::new();
    let dataset = world.dataset();
    for n in 0..4 {
        dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    let restored = {
        let two = dataset.write(&rows(9..10), metadata! {}).await.unwrap();
        dataset.write(&rows(8..9), metadata! {}).await.unwrap();
        dataset.restore(two.id(), metadata! {}).await.unwrap()
    };
    dataset.expire(Retain::last(1)).await.unwrap();
    world.pass(50);
    let report = dataset.gc().await.unwrap();
    assert_eq!(report.deleted, 5);
    assert_eq!(world.data().await, files(&restored));
    assert_eq!(rows_of(&dataset, &restored).await.unwrap(), [9]);
}

#[tokio::test]
async fn every_layout_and_attachments() {
    async fn check<L>(layout: L, prefix: &str)
    where
        L: lode::layout::Layout<Row> + Sync,
    {
        let world = World::new();
        let dataset = Dataset::<Row>::new(&world.store(), "d").unwrap().layout(layout.clone());
        dataset.write(&rows(0..6), metadata! {}).await.unwrap();
        let two = dataset.write(&rows(6..12), metadata! {}).await.unwrap();
        let [kept, gone] =
            [1, 2].map(|n| format!("{prefix}attachments/{}/00000.bin", uuid(n).simple()));
        for key in [&kept, &gone] {
            put(world.inner(), key, "blob").await;
        }
        let key = contents(world.inner()).await.into_keys().filter(|key| key.ends_with(".json"));
        let key = key.max().unwrap();
        let body = &contents(world.inner()).await[&key];
        let mut value: serde_json::Value = serde_json::from_slice(body).unwrap();
        value["format_version"] = json!("1.2.0");
        value["attachments"] = json!([{ "name": "a", "path": kept, "size_bytes": 4 }]);
        forge::put_json(world.inner(), &key, &value).await;
        dataset.expire(Retain::last(1)).await.unwrap();
        let dataset = Dataset::<Row>::new(&world.store(), "d").unwrap().layout(layout);
        world.pass(50);
        let report = dataset.gc().await.unwrap();
        let expected: std::collections::BTreeSet<_> =
            files(&two).into_iter().chain([kept.clone()]).collect();
        assert_eq!(world.data().await, expected);
        assert!(report.condemned.contains(&gone));
        let head = dataset.latest().await.unwrap().unwrap();
        assert_eq!(head.manifest().attachments[0].path, kept, "carried by the clean-up");
        assert_eq!(rows_of(&dataset, &head).await.unwrap(), (6..12).collect::<Vec<_>>());
        // And once no snapshot has it.
        dataset.write(&rows(0..1), metadata! {}).await.unwrap();
        dataset.expire(Retain::last(1)).await.unwrap();
        world.pass(50);
        assert!(dataset.gc().await.unwrap().condemned.contains(&kept));
    }

    check(DefaultLayout, "datasets/d/").await;
    check(FlatLayout, "d/").await;
    check(HiveLayout, "datasets/d/").await;
}

#[tokio::test]
async fn blocks_that_were_never_committed_go_with_their_whole_session() {
    let world = World::new();
    let new = Volume::create(&world.store(), "v", 1000).unwrap();
    let staged = new.stage_write_at(0, b"0123").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    let left = volume.stage_write_at(10, b"ten").await.unwrap();
    let kept = blocks(&volume);
    let session = left.session();
    drop(left);
    world.pass(23);
    assert_eq!(volume.gc().await.unwrap().snapshot, None);
    world.pass(2);
    let report = volume.gc().await.unwrap();
    assert_eq!((report.deleted, report.snapshot), (1, Some(id(2))));
    assert_eq!(world.data().await, kept);
    let error = volume.resume(session).await.unwrap_err();
    assert!(matches!(error, Error::NothingStaged { .. }), "{error}");
    let head = volume.latest().await.unwrap().unwrap();
    assert_eq!((head.snapshot_id(), head.coverage()), (vid(2), vec![0..4]));
    assert_eq!(head.read_at(0..4).await.unwrap(), "0123");
    // Expired blocks, of which a part is still in use.
    let staged = head.stage_overwrite_at(1, b"x").await.unwrap();
    let staged2 = staged.commit(metadata! {}).await.unwrap();
    let staged = staged2.stage_overwrite_at(1, b"y").await.unwrap();
    let last = staged.commit(metadata! {}).await.unwrap();
    last.expire(Retain::last(1)).await.unwrap();
    world.pass(30);
    assert_eq!(last.gc().await.unwrap().deleted, 1, "the x");
    assert_eq!(world.data().await, blocks(&last));
    assert_eq!(last.read_at(0..4).await.unwrap(), "0y23");
}

/// A session or write that began long ago and has stored something since is at work.
#[tokio::test]
async fn the_newest_object_of_a_session_counts() {
    let world = World::new();
    // Three years ago.
    let (old, newer) = (uuid(1).simple(), uuid(2).simple());
    let dataset = world.dataset();
    dataset.write(&rows(0..1), metadata! {}).await.unwrap();
    for (write, part) in [(&old, 0), (&newer, 0), (&newer, 1)] {
        put(world.inner(), &format!("datasets/d/data/{write}/{part:05}.jsonl"), "x").await;
    }
    // By the store's clock they were put a moment ago.
    let report = dataset.gc().older_than(HOUR).dry_run().await.unwrap();
    assert_eq!(report.condemned.len(), 0);
    world.pass(2);
    let report = dataset.gc().older_than(HOUR).dry_run().await.unwrap();
    assert_eq!(report.condemned.len(), 3);
}

/// Old blocks of a session that has staged another one lately stay, and go with it.
#[tokio::test]
async fn what_is_old_stays_while_its_session_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let volume = Volume::create(&Store::local(dir.path()).unwrap(), "v", 1000).unwrap();
    let staged = volume.stage_write_at(0, b"0123").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    let session = uuid(1).simple();
    let hash = "99aa06d3014798d86001c324468d497f";
    let block =
        |offset: u64| format!("volumes/v/data/{offset}-5-{:019}-w-{session}-00000-{hash}.bin", 1);
    let long_ago = std::time::SystemTime::UNIX_EPOCH + 1000 * DAY;
    let file = |offset: u64| dir.path().join(block(offset));
    for offset in [10, 20, 30] {
        std::fs::write(file(offset), "block").unwrap();
        if offset != 30 {
            let file = std::fs::File::options().write(true).open(file(offset)).unwrap();
            file.set_modified(long_ago).unwrap();
        }
    }
    assert_eq!(volume.gc().dry_run().await.unwrap().condemned.len(), 0);
    let file = std::fs::File::options().write(true).open(file(30)).unwrap();
    file.set_modified(long_ago).unwrap();
    let report = volume.gc().await.unwrap();
    assert_eq!(report.condemned, [10, 20, 30].map(block));
}

#[tokio::test]
async fn names_that_lode_did_not_give_are_never_deleted() {
    let world = World::new();
    let dataset = world.dataset();
    dataset.write(&rows(0..1), metadata! {}).await.unwrap();
    let id = uuid(1).simple().to_string();
    let v4 = "0190000000004000800000000000000f";
    let foreign = [
        "datasets/d/data/readme.txt".to_owned(),
        format!("datasets/d/data/{id}"),
        format!("datasets/d/data/{id}/0000.jsonl"),
        format!("datasets/d/data/{id}/000000.jsonl"),
        format!("datasets/d/data/{id}/00000.jsonl/x"),
        format!("datasets/d/data/{id}/x/00000.jsonl"),
        format!("datasets/d/data/{id}/00000-copy.jsonl"),
        format!("datasets/d/data/{}/00000.jsonl", id.to_uppercase().replace('0', "A")),
        format!("datasets/d/data/{v4}/00000.jsonl"),
        format!("datasets/d/attachments/{id}/00000.txt"),
        format!("datasets/d/gc/{id}.json"),
        format!("datasets/d/{id}/00000.jsonl"),
        format!("datasets/d2/data/{id}/00000.jsonl"),
        format!("datasets/d/partitions/k=v/{id}-00000.jsonl"),
        "datasets/d/snapshots/1700000000000000000/data/data.gz".to_owned(),
        "datasets/d/latest.lock".to_owned(),
        format!("data/{id}/00000.jsonl"),
    ];
    for key in &foreign {
        put(world.inner(), key, "mine").await;
    }
    put(world.inner(), &format!("datasets/d/data/{id}/00000.jsonl"), "lode's").await;
    world.pass(1000);
    let report = dataset.gc().await.unwrap();
    assert_eq!(report.condemned, [format!("datasets/d/data/{id}/00000.jsonl")]);
    let left = contents(world.inner()).await;
    for key in &foreign {
        assert!(left.contains_key(key), "{key}");
    }

    let volume = Volume::create(&world.store(), "v", 100).unwrap();
    let volume = volume.stage_write_at(0, b"x").await.unwrap().commit(metadata! {}).await.unwrap();
    let block = |name: &str| format!("volumes/v/data/{name}");
    let hash = "99aa06d3014798d86001c324468d497f";
    let ours = block(&format!("10-5-{:019}-w-{id}-00000-{hash}.bin", 1));
    let foreign = [
        block("0-4096.bin"),
        block(&format!("10-5-1-w-{id}-00000-{hash}.bin")),
        block(&format!("10-5-{:019}-x-{id}-00000-{hash}.bin", 1)),
        block(&format!("10-0-{:019}-w-{id}-00000-{hash}.bin", 1)),
        block(&format!("10-5-{:019}-w-{id}-00000-{hash}.bin.bak", 1)),
        block(&format!("10-5-{:019}-w-{v4}-00000-{hash}.bin", 1)),
        block(&format!("x/10-5-{:019}-w-{id}-00000-{hash}.bin", 1)),
    ];
    for key in foreign.iter().chain([&ours]) {
        put(world.inner(), key, "mine").await;
    }
    world.pass(1000);
    let report = volume.gc().await.unwrap();
    assert_eq!(report.condemned, [ours]);
    for key in &foreign {
        assert!(contents(world.inner()).await.contains_key(key), "{key}");
    }
}

/// What it says could be anything.
#[tokio::test]
async fn a_manifest_that_cannot_be_trusted_stops_it() {
    #[derive(Debug, Clone, Copy)]
    enum Damage {
        Empty,
        NewerMinor,
        NewerMajor,
        Missing,
        Tombstone,
    }
    use Damage::*;
    for (damage, at) in [
        (Empty, 2),
        (NewerMinor, 2),
        (NewerMajor, 2),
        (Missing, 2),
        (Missing, 1),
        (Tombstone, 2),
        (Empty, 4),
        (NewerMinor, 4),
    ] {
        let world = World::new();
        let dataset = world.dataset();
        for n in 0..4 {
            dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
        }
        killed_write(&world).await;
        let key = forge::manifest_key("d", at);
        match damage {
            Missing => delete(world.inner(), &key).await,
            Empty => put(world.inner(), &key, "{}").await,
            Tombstone => {
                dataset.expire(Retain::last(2)).await.unwrap();
                forge::edit(world.inner(), "d", at, |value| {
                    value["format_version"] = json!("2.7.0");
                })
                .await;
            }
            NewerMinor | NewerMajor => {
                let version = if matches!(damage, NewerMinor) { "1.7.0" } else { "3.0.0" };
                forge::edit(world.inner(), "d", at, |value| {
                    value["format_version"] = json!(version);
                })
                .await;
            }
        }
        world.pass(100);
        let before = contents(world.inner()).await;
        for dry in [true, false] {
            let gc = world.dataset().gc();
            let error = if dry { gc.dry_run().await } else { gc.await };
            let error = error.expect_err(&format!("{damage:?}"));
            assert!(
                matches!(error, Error::ManifestInvalid { .. } | Error::UnsupportedVersion { .. }),
                "{error}"
            );
        }
        assert_eq!(contents(world.inner()).await, before, "{damage:?}");
    }
}

#[tokio::test]
async fn where_there_is_no_snapshot_or_another_layout_nothing_is_done() {
    let world = World::new();
    let key = format!("datasets/d/data/{}/00000.jsonl", uuid(1).simple());
    put(world.inner(), &key, "x").await;
    world.pass(100);
    assert_eq!(world.dataset().gc().await.unwrap().condemned.len(), 0);
    let hive = world.dataset().layout(HiveLayout);
    hive.write(&rows(0..3), metadata! {}).await.unwrap();
    world.pass(100);
    let error = world.dataset().gc().await.unwrap_err();
    assert!(matches!(error, Error::LayoutMismatch { .. }), "{error}");
    assert_eq!(hive.gc().await.unwrap().condemned.len(), 0);
    assert!(world.data().await.contains(&key));
}

/// `object_store` does not list them.
#[tokio::test]
async fn temporary_files_of_local_writes_are_swept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local(dir.path()).unwrap();
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    let one = dataset.write(&rows(0..5), metadata! {}).await.unwrap();
    let of = |key: &str| dir.path().join(format!("{key}#1"));
    let old = std::time::SystemTime::UNIX_EPOCH + 1000 * DAY;
    let age = |path: &std::path::Path| {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
    };
    let swept = [of(&one.files()[0].path), of("datasets/d/latest")];
    // Another writer's manifest could be put under its name.
    let manifest = of(&forge::manifest_key("d", 2));
    std::fs::create_dir_all(manifest.parent().unwrap()).unwrap();
    let outside = dir.path().join("datasets/e/x#1");
    std::fs::create_dir_all(outside.parent().unwrap()).unwrap();
    let name = dir.path().join("datasets/d/notes#a");
    let young = dir.path().join("datasets/d/data/young#12");
    for path in swept.iter().chain([&manifest, &outside, &name, &young]) {
        std::fs::write(path, "half").unwrap();
        if *path != young {
            age(path);
        }
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path().join("datasets/e"), dir.path().join("datasets/d/link"))
        .unwrap();
    let dry = dataset.gc().dry_run().await.unwrap();
    assert_eq!(dry.temporary_files, 2);
    assert!(swept.iter().all(|path| path.exists()));
    let report = dataset.gc().await.unwrap();
    assert_eq!((report.temporary_files, report.snapshot), (2, None));
    assert!(swept.iter().all(|path| !path.exists()));
    assert!([&manifest, &outside, &name, &young].iter().all(|path| path.exists()));
    assert_eq!(rows_of(&dataset, &one).await.unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(report.to_string(), "nothing to delete, 2 temporary file(s)");
}

#[tokio::test]
async fn the_report_is_data() {
    let world = World::new();
    let dataset = world.dataset();
    dataset.write(&rows(0..1), metadata! {}).await.unwrap();
    let key = format!("datasets/d/data/{}/00000.jsonl", uuid(1).simple());
    put(world.inner(), &key, "12345").await;
    world.pass(30);
    let dry = dataset.gc().dry_run().await.unwrap();
    assert_eq!(dry.to_string(), "1 object(s) of 5 bytes to delete");
    let report = dataset.gc().await.unwrap();
    assert_eq!(report.to_string(), "1 of 1 object(s) of 5 bytes deleted, as snapshot 2 says");
    let expected = json!({
        "dry_run": false, "condemned": [key], "bytes": 5, "deleted": 1,
        "snapshot": "0000000000000000002", "more": false, "temporary_files": 0,
    });
    assert_eq!(serde_json::to_value(&report).unwrap(), expected);
    assert_eq!(numbers(&dataset.snapshots().await.unwrap()), [1, 2]);
}
