//! A history of Go Lode's goes on with lode's commits.

use std::fs;

use chrono::{TimeZone, Utc};
use futures::TryStreamExt;
use lode::checksum::Checksum;
use lode::codec::Jsonl;
use lode::compress::{Gzip, Zstd};
use lode::{Blob, Dataset, Error, HiveLayout, Snapshot, Store, metadata};

use super::copy;
use super::go::{DayEvent, Event, events, flat, hive};

fn new_events(count: i64) -> Vec<Event> {
    (0..count)
        .map(|id| Event {
            id: 1_000_000 + id,
            ts: Utc.timestamp_opt(1_900_000_000 + id, 0).unwrap(),
            user: "rust".into(),
            event: "a<b>&c".into(),
            value: 0.1 * id as f64,
            tags: ["a".into(), "b".into(), "c".into()],
        })
        .collect()
}

fn day_events(day: &str, count: i64) -> Vec<DayEvent> {
    let with_day = |event: Event| DayEvent {
        id: event.id,
        ts: event.ts,
        user: event.user,
        event: event.event,
        value: event.value,
        tags: event.tags,
        day: day.to_owned(),
    };
    new_events(count).into_iter().map(with_day).collect()
}

#[tokio::test]
async fn an_append_keeps_gos_files_as_they_are() {
    for hint_lies in [false, true] {
        for id in ["events-jsonl", "events-zstd", "empty-jsonl"] {
            let copy = copy("go-lode");
            let store = Store::local(copy.path()).unwrap();
            let hint = copy.path().join(format!("datasets/{id}/latest"));
            let old: Vec<Snapshot<Event>> =
                events(&store, id).history().try_collect().await.unwrap();
            if hint_lies {
                fs::write(&hint, old.last().unwrap().id().to_string()).unwrap();
            }
            let before = events(&store, id).read(&old[0]).await.unwrap();

            let writer = events(&store, id).codec(Jsonl::new().compress(Zstd::default()));
            let new = new_events(5);
            let one = writer
                .append(&new, metadata! { "by": "lode" })
                .expect_head(Some(old[0].id()))
                .idempotency_key("k")
                .await
                .unwrap();
            assert_eq!(one.id().get(), old[0].id().get() + 1);
            assert_eq!(one.parent(), Some(old[0].id()));
            assert!(one.created_at() > old[0].created_at());
            assert_eq!(one.row_count(), old[0].row_count() + 5);
            assert_eq!(one.files().len(), old[0].files().len() + 1);
            // Gzip and md5; the others are zstd without a checksum, or hold nothing.
            let mixed = id == "events-jsonl";
            let manifest = one.manifest();
            assert_eq!(manifest.codec.as_deref() == Some("mixed"), mixed, "{id}");
            assert_eq!(manifest.format_version.major, if mixed { 2 } else { 1 });
            let mut found = writer.read(&one).await.unwrap();
            found.sort_by_key(|event| event.id);
            let mut all = before.clone();
            all.extend(new.clone());
            all.sort_by_key(|event| event.id);
            assert_eq!(found, all);

            let two = writer.append(&new_events(2), metadata! {}).await.unwrap();
            assert_eq!(two.row_count(), old[0].row_count() + 7);
            // Cold, with the hint, with an old hint, and without: lode's commits are found.
            let lode_hint = fs::read_to_string(&hint).unwrap();
            assert_eq!(lode_hint, two.id().to_string());
            let hints =
                [Some(lode_hint), Some(one.id().to_string()), Some(old[0].id().to_string())];
            for text in hints.into_iter().chain([None]) {
                match &text {
                    Some(text) => fs::write(&hint, text).unwrap(),
                    None => fs::remove_file(&hint).unwrap(),
                }
                let found = events(&store, id).latest().await.unwrap().unwrap();
                assert_eq!(found, two, "{id}, hint {text:?}");
            }
            let again = writer.append(&new, metadata! {}).idempotency_key("k").await.unwrap();
            assert_eq!(again, one);
            // What was there reads as before.
            for snapshot in &old {
                let found = writer.snapshot(snapshot.id()).await.unwrap();
                assert_eq!(found, *snapshot);
                assert_eq!(writer.read(&found).await.unwrap().len() as u64, found.row_count());
            }
            // A whole new one, after which nothing is mixed.
            let three = writer.write(&new, metadata! {}).await.unwrap();
            assert_eq!(three.manifest().format_version.major, 1);
            assert_eq!(writer.read(&three).await.unwrap(), new);
        }
    }
}

/// With Go's own codec, compressor and checksum nothing has to be said file by file, and the
/// manifest stays one that Go reads.
#[tokio::test]
async fn an_append_in_gos_own_encoding_is_not_mixed() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let codec = Jsonl::new().compress(Gzip::default());
    let dataset = events(&store, "events-jsonl").codec(codec).checksum(Checksum::Md5);
    let one = dataset.append(&new_events(5), metadata! {}).await.unwrap();
    let manifest = one.manifest();
    assert_eq!(manifest.codec.as_deref(), Some("jsonl"));
    assert_eq!((manifest.format_version.major, manifest.format_version.minor), (1, 1));
    assert_eq!(dataset.read(&one).await.unwrap().len(), 255);
}

#[tokio::test]
async fn partitions_of_gos_are_replaced() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let dataset = hive(&store);
    let old = dataset.latest().await.unwrap().unwrap();
    let before = dataset.read(&old).await.unwrap();
    let mut new = day_events("2024-01-02", 3);
    new.extend(day_events("2030-12-31", 2));
    let one = dataset.replace_partitions(&new, metadata! {}).await.unwrap();
    assert_eq!(one.id().get(), old.id().get() + 1);
    let mut expected: Vec<_> =
        before.iter().filter(|event| event.day != "2024-01-02").cloned().collect();
    expected.extend(new.clone());
    assert_eq!(one.row_count(), expected.len() as u64);
    let mut found = dataset.read(&one).await.unwrap();
    let key = |event: &DayEvent| (event.day.clone(), event.id);
    expected.sort_by_key(key);
    found.sort_by_key(key);
    assert_eq!(found, expected);
    let times = || expected.iter().map(|event| event.ts);
    assert_eq!(one.time_range(), times().min().zip(times().max()));
    let filtered = dataset.read(&one).partition("day", "2024-01-02").await.unwrap();
    assert_eq!(filtered, new[..3]);
    // Every file says now what it holds, so nothing has to be read again.
    assert!(one.files().iter().all(|file| file.row_count.is_some()));

    let two = dataset.append(&day_events("2024-01-01", 1), metadata! {}).await.unwrap();
    assert_eq!(two.row_count(), one.row_count() + 1);
    assert_eq!(two.time_range(), one.time_range());
    assert_eq!(dataset.read(&two).await.unwrap().len() as u64, two.row_count());
    // Go's copies of its manifests under the partitions are nobody's snapshots.
    assert_eq!(dataset.snapshots().await.unwrap().len(), 4);
    assert_eq!(dataset.read(&old).await.unwrap(), before);
}

/// Go's maps do not say their times: of an append's snapshot they are unknown, unless they were
/// read.
#[tokio::test]
async fn an_append_to_maps_claims_no_time_range() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let dataset = hive(&store);
    let old = dataset.latest().await.unwrap().unwrap();
    let one = dataset.append(&day_events("2024-01-01", 1), metadata! {}).await.unwrap();
    assert_eq!(one.time_range().is_some(), old.time_range().is_some());
}

#[tokio::test]
async fn other_kinds_go_on_too() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let flat = flat(&store);
    let one = flat.append(&new_events(4), metadata! {}).await.unwrap();
    assert_eq!((one.row_count(), flat.read(&one).await.unwrap().len()), (14, 14));
    for id in ["blobs", "blobs-gzip"] {
        let blobs = Dataset::<Blob>::new(&store, id).unwrap();
        let old = blobs.latest().await.unwrap().unwrap();
        let bytes = blobs.read_blob(&old).await.unwrap();
        let new = blobs.write(b"new", metadata! {}).await.unwrap();
        assert_eq!(new.id().get(), old.id().get() + 1);
        assert_eq!(blobs.read_blob(&new).await.unwrap(), "new");
        assert_eq!(blobs.read_blob(&old).await.unwrap(), bytes);
    }
    // Files of another codec can be replaced.
    let parquet = events(&store, "parquet-snappy");
    let one = parquet.write(&new_events(2), metadata! {}).await.unwrap();
    assert_eq!(parquet.read(&one).await.unwrap(), new_events(2));

    // Another layout's handle does not begin a second history.
    let elsewhere = Dataset::<DayEvent>::new(&store, "events-jsonl").unwrap().layout(HiveLayout);
    let error = elsewhere.write(&day_events("x", 1), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::LayoutMismatch { .. }), "{error}");
    let error = events(&store, "events-hive").write(&new_events(1), metadata! {}).await;
    assert!(matches!(error, Err(Error::LayoutMismatch { .. })), "{error:?}");
}
