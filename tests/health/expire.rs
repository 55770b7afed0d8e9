//! `expire`: tombstones in the place of manifests.

use std::sync::Arc;

use lode::{Dataset, Error, Retain, Store, Volume, metadata};
use serde_json::json;

use super::{DAY, HOUR, World, id, numbers, vid};
use crate::golden::{copy, events};
use crate::support::rows::numbers as rows_of;
use crate::support::script::Rule;
use crate::support::{Class, Fault, Op, Row, contents, forge, get, rows};

/// A dataset of this many snapshots.
async fn history(world: &World, length: u64) -> Dataset<Row> {
    let dataset = world.dataset();
    for n in 0..length {
        dataset.append(&rows(n..n + 1), metadata! { "n": n }).await.unwrap();
    }
    dataset
}

#[tokio::test]
async fn what_is_not_kept_becomes_a_tombstone_and_the_head_never_does() {
    for (last, gone) in [(0, 5), (1, 5), (2, 4), (5, 1), (6, 0), (7, 0)] {
        let world = World::new();
        let dataset = history(&world, 6).await;
        let before = contents(world.inner()).await;
        let dry = dataset.expire(Retain::last(last)).dry_run().await.unwrap();
        assert_eq!(contents(world.inner()).await, before, "a dry run changes nothing");
        let report = dataset.expire(Retain::last(last)).await.unwrap();
        assert_eq!(numbers(&report.expired), (1..=gone).collect::<Vec<_>>());
        assert_eq!(dry.expired, report.expired);
        assert_eq!((report.kept, report.expired_before, report.kept_of_go), (6 - gone, 0, 0));
        for n in 1..=6 {
            let found = dataset.snapshot(id(n)).await;
            match n <= gone {
                true => assert!(matches!(found, Err(Error::Expired { .. })), "{found:?}"),
                false => assert_eq!(
                    rows_of(&dataset, &found.unwrap()).await.unwrap(),
                    (0..n).collect::<Vec<_>>()
                ),
            }
        }
        // Nothing but manifests changed, and no other than these.
        let after = contents(world.inner()).await;
        assert!(before.keys().eq(after.keys()));
        let changed = before.iter().filter(|(key, body)| after[*key] != **body);
        let expected = (1..=gone).map(|n| forge::manifest_key("d", n));
        assert!(changed.map(|(key, _)| key.clone()).eq(expected));
        // Again: nothing is left to do, and nothing is touched.
        let again = dataset.expire(Retain::last(last)).await.unwrap();
        assert_eq!((again.expired.len(), again.expired_before, again.kept), (0, gone, 6 - gone));
        assert_eq!(contents(world.inner()).await, after);
        // Fewer: those that are left.
        dataset.expire(Retain::last(1)).await.unwrap();
        assert_eq!(dataset.latest().await.unwrap().unwrap().id(), id(6));
        let next = dataset.append(&rows(6..7), metadata! {}).await.unwrap();
        assert_eq!(rows_of(&dataset, &next).await.unwrap(), (0..7).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_tombstone_keeps_what_the_protocol_needs() {
    let world = World::new();
    let dataset = world.dataset();
    let one = rows(0..3);
    dataset.write(&one, metadata! { "secret": "gone" }).idempotency_key("k").await.unwrap();
    let path = format!("datasets/d/attachments/{}/00000.bin", "0".repeat(32));
    forge::edit(world.inner(), "d", 1, |value| {
        value["format_version"] = json!("1.2.0");
        value["last_gc"] = json!(forge::last_gc(1, uuid::Uuid::nil()));
        value["attachments"] = json!([{ "name": "a", "path": path, "size_bytes": 3 }]);
    })
    .await;
    let old = forge::manifest(world.inner(), "d", 1).await;
    let fresh = world.dataset();
    fresh.write(&rows(3..4), metadata! {}).await.unwrap();
    world.pass(3);
    fresh.expire(Retain::last(1)).await.unwrap();
    let tombstone = forge::manifest(world.inner(), "d", 1).await;
    for kept in [
        "schema_name",
        "dataset_id",
        "snapshot_id",
        "created_at",
        "write_id",
        "operation",
        "writer",
        "last_gc",
        "idempotency_key",
    ] {
        assert_eq!(tombstone[kept], old[kept], "{kept}");
        assert!(!tombstone[kept].is_null(), "{kept}");
    }
    assert_eq!(tombstone["files"], "expired");
    assert_eq!(tombstone["format_version"], "2.1.0");
    assert!(tombstone.get("metadata").is_none() && tombstone.get("attachments").is_none());
    assert!(tombstone["expired_at"].as_str() > old["created_at"].as_str());
    let files = tombstone["expired_files"].as_array().unwrap();
    let paths: Vec<_> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, [path.as_str(), old["files"][0]["path"].as_str().unwrap()]);
    // Committed, and never again.
    let error = world.dataset().write(&one, metadata! {}).idempotency_key("k").await.unwrap_err();
    assert!(matches!(error, Error::Expired { .. }), "{error}");
}

#[tokio::test]
async fn ages_count_from_the_commit_and_either_rule_keeps() {
    let world = World::new();
    let dataset = world.dataset();
    for n in 0..5 {
        dataset.write(&rows(n..n + 1), metadata! {}).await.unwrap();
        world.pass(1);
    }
    // They are 5, 4, 3, 2 and 1 hours old, and a moment.
    let dry =
        async |retain: Retain| numbers(&dataset.expire(retain).dry_run().await.unwrap().expired);
    assert_eq!(dry(Retain::within(3 * HOUR)).await, [1, 2, 3]);
    assert_eq!(dry(Retain::within(3 * HOUR).or_last(4)).await, [1]);
    assert_eq!(dry(Retain::last(1).or_within(5 * HOUR)).await, [1]);
    assert_eq!(dry(Retain::within(DAY)).await, [0_u64; 0]);
    assert_eq!(dry(Retain::within(HOUR / 2)).await, [1, 2, 3, 4], "the head stays");
}

#[tokio::test]
async fn snapshots_of_clean_ups_do_not_count() {
    let world = World::new();
    let dataset = history(&world, 2).await;
    for parent in 2..5 {
        let id = crate::support::ambient::uuid(parent);
        forge::gc(world.inner(), "d", parent, id, &[]).await;
    }
    dataset.append(&rows(9..10), metadata! {}).await.unwrap();
    forge::gc(world.inner(), "d", 6, crate::support::ambient::uuid(6), &[]).await;
    // 1, 2 and its clean-ups 3 to 5, 6 and its clean-up 7.
    let fresh = world.dataset();
    for (last, gone) in [(3, 0..1), (2, 1..2), (1, 1..6), (0, 1..7)] {
        let dry = fresh.expire(Retain::last(last)).dry_run().await.unwrap();
        let expected: Vec<u64> = gone.filter(|n| *n > 0).collect();
        assert_eq!(numbers(&dry.expired), expected, "{last}");
    }
}

#[tokio::test]
async fn of_a_volume_too() {
    let world = World::new();
    let new = Volume::create(&world.store(), "v", 1000).unwrap();
    let mut volume =
        new.stage_write_at(0, b"0000").await.unwrap().commit(metadata! {}).await.unwrap();
    let one = volume.clone();
    for n in 1..5 {
        let staged = volume.stage_overwrite_at(2 * n, vec![b'0' + n as u8; 4]).await.unwrap();
        volume = staged.commit(metadata! {}).await.unwrap();
    }
    let report = volume.expire(Retain::last(2)).await.unwrap();
    assert_eq!(numbers(&report.expired), [1, 2, 3]);
    assert!(matches!(volume.snapshot(vid(2)).await, Err(Error::Expired { .. })));
    assert_eq!(volume.snapshot(vid(4)).await.unwrap().read_at(0..10).await.unwrap(), "0011223333");
    assert_eq!(one.read_at(0..4).await.unwrap(), "0000", "it is open");
    let key = "volumes/v/snapshots/0000000000000000002/manifest.json";
    let tombstone = get(world.inner(), key).await.unwrap();
    let tombstone: serde_json::Value = serde_json::from_slice(&tombstone).unwrap();
    assert_eq!(tombstone["blocks"], "expired");
    assert_eq!(tombstone["expired_blocks"].as_array().unwrap().len(), 2);
    assert_eq!(volume.expire(Retain::last(2)).await.unwrap().expired_before, 3);
    // A block that was staged on an expired snapshot still counts from what that had.
    let staged = one.stage_overwrite_at(0, b"x").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.read_at(0..10).await.unwrap(), "x011223344");
}

#[tokio::test]
async fn nothing_expires_where_a_manifest_cannot_be_trusted() {
    for damage in [json!({}), json!("1.9.0"), json!("3.0.0")] {
        let world = World::new();
        let dataset = history(&world, 5).await;
        forge::edit(world.inner(), "d", 3, |value| match &damage {
            serde_json::Value::String(_) => value["format_version"] = damage.clone(),
            _ => *value = damage.clone(),
        })
        .await;
        let before = contents(world.inner()).await;
        let error = dataset.expire(Retain::last(1)).await.unwrap_err();
        assert!(
            matches!(error, Error::ManifestInvalid { .. } | Error::UnsupportedVersion { .. }),
            "{error}"
        );
        assert_eq!(contents(world.inner()).await, before);
    }
    let world = World::new();
    let report = world.dataset().expire(Retain::last(1)).await.unwrap();
    assert_eq!((report.kept, report.expired.len()), (0, 0), "there is nothing");
}

#[tokio::test(start_paused = true)]
async fn any_number_at_once_and_writers_meanwhile() {
    let world = Arc::new(World::new());
    let dataset = history(&world, 12).await;
    let there = Arc::clone(&world);
    let meanwhile = Fault::run(move || {
        let other = Dataset::<Row>::new(&there.other(), "d").unwrap();
        async move {
            other.append(&rows(90..91), metadata! {}).await.unwrap();
            other.expire(Retain::last(1)).await.unwrap();
        }
    });
    world.faulty.rule(Rule::on(Op::Put, Class::Manifest, meanwhile));
    let runs = (0..4).map(|n| dataset.expire(Retain::last(n)).into_future());
    futures::future::try_join_all(runs).await.unwrap();
    let head = world.dataset().latest().await.unwrap().unwrap();
    assert_eq!(head.id(), id(13));
    assert_eq!(rows_of(&dataset, &head).await.unwrap().len(), 13);
    for n in 1..13 {
        let found = dataset.snapshot(id(n)).await;
        assert!(matches!(found, Err(Error::Expired { .. })), "{n}: {found:?}");
    }
}

/// A Go program reads on.
#[tokio::test]
async fn what_go_wrote_does_not_expire() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let before = contents(&**store.object_store()).await;
    let dataset = events(&store, "events-jsonl");
    let report = dataset.expire(Retain::last(0)).await.unwrap();
    assert_eq!((report.expired.len(), report.kept, report.kept_of_go), (0, 3, 2));
    let disk = Volume::open(&store, "disk").await.unwrap();
    assert_eq!(disk.expire(Retain::last(1)).await.unwrap().kept_of_go, 2);
    assert_eq!(contents(&**store.object_store()).await, before);
    // Of what lode added, what is older expires.
    dataset.write(&[], metadata! {}).await.unwrap();
    dataset.write(&[], metadata! {}).await.unwrap();
    let report = dataset.expire(Retain::last(1)).await.unwrap();
    assert_eq!((report.expired.len(), report.kept, report.kept_of_go), (1, 4, 3));
    assert_eq!(
        report.to_string(),
        "1 snapshot(s) expired, 4 kept (3 of them because Go Lode wrote them), 0 expired before"
    );
}

#[tokio::test]
async fn the_report_is_data() {
    let world = World::new();
    let report = history(&world, 3).await.expire(Retain::last(2)).dry_run().await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    let expected = json!({
        "dry_run": true, "expired": ["0000000000000000001"], "kept": 2, "kept_of_go": 0,
        "expired_before": 0,
    });
    assert_eq!(json, expected);
    assert_eq!(report.to_string(), "1 snapshot(s) to expire, 2 kept, 0 expired before");
}
