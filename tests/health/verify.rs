//! `verify`: whole stores are well, and every damage is found and named.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use lode::codec::{Bincode, Jsonl, Parquet, Postcard};
use lode::compress::{Gzip, Zstd};
use lode::{
    Blob, Checksum, Dataset, Error, FlatLayout, HiveLayout, Limits, ProblemKind, Retain, Store,
    VerifyLevel, VerifyReport, Volume, metadata,
};
use serde_json::json;

use super::{World, files, numbers};
use crate::golden::{copy, events};
use crate::support::script::Rule;
use crate::support::{Class, Fault, Op, Row, contents, delete, forge, get, put, rows};

use VerifyLevel::{Chain, Content, Objects};

const LEVELS: [VerifyLevel; 3] = [Chain, Objects, Content];

#[track_caller]
fn well(report: &VerifyReport) {
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.partly, 0, "{report}");
}

#[tokio::test]
async fn whatever_lode_wrote_is_well() {
    async fn check<C: lode::Codec<Row>>(codec: C) {
        let world = World::new();
        let dataset = world.dataset().codec(codec);
        for n in 0..3 {
            dataset.append(&rows(100 * n..100 * n + 50), metadata! {}).await.unwrap();
        }
        let gzip = world.dataset().codec(Jsonl::new().compress(Gzip::default()));
        gzip.checksum(Checksum::Md5).append(&rows(1000..1007), metadata! {}).await.unwrap();
        world.dataset().checksum(None).append(&rows(1007..1008), metadata! {}).await.unwrap();
        dataset.write(&[], metadata! {}).await.unwrap();
        dataset.write(&rows(0..9), metadata! {}).await.unwrap();
        dataset.restore(super::id(4), metadata! {}).await.unwrap();
        dataset.expire(Retain::last(4)).await.unwrap();
        put(
            world.inner(),
            &format!("datasets/d/data/{}/00000.x", "0190000000007000800000000000000f"),
            "x",
        )
        .await;
        world.pass(50);
        assert_eq!(dataset.gc().await.unwrap().deleted, 1);
        for level in LEVELS {
            let report = dataset.verify(level).await.unwrap();
            well(&report);
            assert_eq!((report.snapshots, report.expired), (5, 4), "{report}");
            assert_eq!(report.objects, if level == Chain { 0 } else { 6 }, "{report}");
        }
    }

    check(Jsonl::new()).await;
    check(Jsonl::new().compress(Zstd::default())).await;
    check(Bincode::new()).await;
    check(Postcard::new().compress(Gzip::default())).await;
    check(Parquet::new()).await;

    let world = World::new();
    let hive = world.dataset().layout(HiveLayout);
    hive.write(&rows(0..30), metadata! {}).await.unwrap();
    hive.replace_partitions(&rows(0..1), metadata! {}).await.unwrap();
    well(&hive.verify(Content).await.unwrap());
    let flat = Dataset::<Row>::new(&world.store(), "f").unwrap().layout(FlatLayout);
    flat.write(&rows(0..30), metadata! {}).await.unwrap();
    well(&flat.verify(Content).await.unwrap());
    let blobs = Dataset::<Blob>::new(&world.store(), "b").unwrap();
    assert_eq!(blobs.verify(Content).await.unwrap().snapshots, 0, "there is nothing");
    blobs.write(&[7; 5_000_000], metadata! {}).await.unwrap();
    blobs.write(b"", metadata! {}).await.unwrap();
    let report = blobs.verify(Content).await.unwrap();
    well(&report);
    assert_eq!(report.bytes, 5_000_000);
}

#[tokio::test]
async fn volumes_are_well() {
    let world = World::new();
    let new = Volume::create(&world.store(), "v", 1000).unwrap();
    let mut volume =
        new.stage_write_at(0, b"0000").await.unwrap().commit(metadata! {}).await.unwrap();
    for n in 1..5 {
        let staged = volume.stage_overwrite_at(2 * n, vec![n as u8; 4]).await.unwrap();
        volume = staged.commit(metadata! {}).await.unwrap();
    }
    for level in LEVELS {
        let report = volume.verify(level).await.unwrap();
        well(&report);
        assert_eq!(report.objects, if level == Chain { 0 } else { 5 });
    }
    let block = volume.blocks()[1].path.clone();
    let mut bytes = get(world.inner(), &block).await.unwrap().to_vec();
    bytes[3] ^= 1;
    put(world.inner(), &block, bytes).await;
    well(&volume.verify(Objects).await.unwrap());
    let report = volume.verify(Content).await.unwrap();
    let [problem] = report.problems() else { panic!("{report}") };
    assert_eq!((problem.kind, &problem.path), (ProblemKind::Content, &block));
    assert_eq!(numbers(&problem.snapshots), [2, 3, 4, 5]);
    assert!(problem.reason.starts_with("its xxh3-128 is "), "{report}");
    delete(world.inner(), &block).await;
    let report = volume.verify(Objects).await.unwrap();
    let [problem] = report.problems() else { panic!("{report}") };
    assert_eq!((problem.kind, problem.snapshots.len()), (ProblemKind::Missing, 4));
}

#[tokio::test]
async fn what_go_wrote_is_well() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    for id in ["events-jsonl", "events-zstd", "empty-jsonl"] {
        let report = events(&store, id).verify(Content).await.unwrap();
        well(&report);
        assert!(report.snapshots > 0 && report.problems().is_empty());
    }
    let report = Dataset::<Blob>::new(&store, "blobs").unwrap().verify(Content).await.unwrap();
    well(&report);
    assert_eq!((report.snapshots, report.bytes), (2, 262_155));
    let report = Volume::open(&store, "disk").await.unwrap().verify(Content).await.unwrap();
    well(&report);
    assert_eq!((report.snapshots, report.objects), (3, 6));
}

/// A dataset with a history of everything: 1 and 2 have expired, 3 to 6 are live, 6 is a clean-up's.
async fn history(world: &World) -> Dataset<Row> {
    let dataset = world.dataset();
    for n in 0..5 {
        dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    dataset.expire(Retain::last(3)).await.unwrap();
    put(
        world.inner(),
        &format!("datasets/d/data/{}/00000.x", "0190000000007000800000000000000f"),
        "x",
    )
    .await;
    world.pass(50);
    dataset.gc().await.unwrap();
    dataset
}

#[tokio::test]
async fn every_damage_is_found_and_named() {
    type Expected = (VerifyLevel, ProblemKind, String, &'static [u64], &'static str);
    let world = World::new();
    let dataset = history(&world).await;
    let healthy = contents(world.inner()).await;
    let head = dataset.latest().await.unwrap().unwrap();
    let oldest = dataset.snapshot(super::id(1)).await.is_err();
    assert!(oldest);
    let manifest = |id| forge::manifest_key("d", id);
    // The file that snapshot 4 added.
    let three = files(&dataset.snapshot(super::id(3)).await.unwrap());
    let four = files(&dataset.snapshot(super::id(4)).await.unwrap());
    let file = four.difference(&three).next().unwrap().clone();
    let list = healthy.keys().find(|key| key.contains("/gc/")).unwrap().clone();
    let text = |key: &str| String::from_utf8(healthy[key].to_vec()).unwrap();
    let field = |id: u64, name: &str, value: serde_json::Value| {
        let mut json: serde_json::Value = serde_json::from_str(&text(&manifest(id))).unwrap();
        json[name] = value;
        (manifest(id), Some(serde_json::to_vec(&json).unwrap()))
    };
    let row_counts = |id: u64, n: u64| {
        let mut json: serde_json::Value = serde_json::from_str(&text(&manifest(id))).unwrap();
        for file in json["files"].as_array_mut().unwrap() {
            file.as_object_mut().unwrap().remove("stats");
            file["row_count"] = json!(n);
        }
        json["row_count"] = json!(n * json["files"].as_array().unwrap().len() as u64);
        (manifest(id), Some(serde_json::to_vec(&json).unwrap()))
    };
    let bytes = healthy[&file].to_vec();
    let flipped = bytes.iter().enumerate().map(|(i, b)| if i == 5 { b ^ 1 } else { *b }).collect();
    let old = "2001-01-01T00:00:00.000000000Z";
    type Change = (String, Option<Vec<u8>>);
    let cases: Vec<(Change, Expected)> = vec![
        (
            (manifest(3), Some(b"{}".to_vec())),
            (Chain, ProblemKind::Manifest, manifest(3), &[3], "`schema_name` is missing"),
        ),
        (
            (manifest(1), Some(b"[".to_vec())),
            (Chain, ProblemKind::Manifest, manifest(1), &[1], "cannot be read"),
        ),
        (
            field(4, "format_version", json!("3.0.0")),
            (Chain, ProblemKind::Manifest, manifest(4), &[4], "3.0.0"),
        ),
        (
            (manifest(3), None),
            (
                Chain,
                ProblemKind::Chain,
                manifest(3),
                &[4],
                "is missing, although snapshot 4 follows it",
            ),
        ),
        (
            field(4, "created_at", json!(old)),
            (Chain, ProblemKind::Chain, manifest(4), &[4], "not after the one before"),
        ),
        (
            field(4, "last_gc", json!(forge::last_gc(2, uuid::Uuid::nil()))),
            (Chain, ProblemKind::Chain, manifest(4), &[4], "another `last_gc`"),
        ),
        (
            field(6, "last_gc", json!(forge::last_gc(6, uuid::Uuid::nil()))),
            (Chain, ProblemKind::Chain, manifest(6), &[6], "is a clean-up's"),
        ),
        ((list.clone(), None), (Chain, ProblemKind::GcList, list.clone(), &[6], "is missing")),
        (
            (list.clone(), Some(b"{}".to_vec())),
            (Chain, ProblemKind::GcList, list.clone(), &[6], "`condemned` is missing"),
        ),
        (
            (
                list.clone(),
                Some(
                    format!(
                        r#"{{"previous": "{}", "condemned": []}}"#,
                        forge::last_gc(3, uuid::Uuid::nil())
                    )
                    .into_bytes(),
                ),
            ),
            (Chain, ProblemKind::GcList, list.clone(), &[6], "`previous`"),
        ),
        (
            (file.clone(), None),
            (Objects, ProblemKind::Missing, file.clone(), &[4, 5, 6], "it is missing"),
        ),
        (
            (file.clone(), Some(bytes[1..].to_vec())),
            (Objects, ProblemKind::Size, file.clone(), &[4, 5, 6], "and the manifest says"),
        ),
        (
            (file.clone(), Some(flipped)),
            (Content, ProblemKind::Content, file.clone(), &[4, 5, 6], "its xxh3-128 is"),
        ),
    ];
    for ((key, body), (level, kind, path, snapshots, reason)) in cases {
        let what = format!("{key}: {reason}");
        match body {
            Some(body) => put(world.inner(), &key, body).await,
            None => delete(world.inner(), &key).await,
        }
        for look in LEVELS {
            let report = world.dataset().verify(look).await.unwrap();
            if look < level {
                well(&report);
                continue;
            }
            let problem = report.problems().iter().find(|problem| problem.path == path);
            let problem = problem.unwrap_or_else(|| panic!("{what}: {report}"));
            assert_eq!(problem.kind, kind, "{what}: {report}");
            assert_eq!(numbers(&problem.snapshots), snapshots, "{what}: {report}");
            assert!(problem.reason.contains(reason), "{what}: {report}");
        }
        put(world.inner(), &key, healthy[&key].clone()).await;
        well(&world.dataset().verify(Content).await.unwrap());
    }

    // What the manifest says of a file, and the file does not hold.
    let (key, body) = row_counts(6, 2);
    put(world.inner(), &key, body.unwrap()).await;
    let report = world.dataset().verify(Content).await.unwrap();
    assert_eq!(report.problems().len(), 5, "{report}");
    for problem in report.problems() {
        assert_eq!(problem.reason, "it holds 1 records, not 2");
        assert!(files(&head).contains(&problem.path));
    }
    put(world.inner(), &key, healthy[&key].clone()).await;

    // Everything at once: each is named.
    for key in healthy.keys().filter(|key| key.contains("/data/") || key.contains("/gc/")) {
        delete(world.inner(), key).await;
    }
    put(world.inner(), &manifest(2), "x").await;
    put(world.inner(), &manifest(5), "y").await;
    let report = world.dataset().verify(Content).await.unwrap();
    let kinds: Vec<_> = report.problems().iter().map(|problem| problem.kind).collect();
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((count(ProblemKind::Manifest), count(ProblemKind::GcList)), (2, 1), "{report}");
    assert_eq!((count(ProblemKind::Missing), report.problems().len()), (5, 8), "{report}");
    assert_eq!((report.snapshots, report.expired, report.objects), (3, 1, 5), "{report}");
}

/// What one snapshot says of a file is no proof of what another one says.
#[tokio::test]
async fn what_each_snapshot_says_of_a_file_is_looked_at() {
    let world = World::new();
    let dataset = world.dataset();
    let one = dataset.write(&rows(0..5), metadata! {}).await.unwrap();
    let two = dataset.restore(one.id(), metadata! {}).await.unwrap();
    assert_eq!(files(&one), files(&two));
    forge::edit(world.inner(), "d", 2, |manifest| manifest["compressor"] = json!("gzip")).await;
    let fresh = world.dataset();
    let report = fresh.verify(Content).await.unwrap();
    let [problem] = report.problems() else { panic!("{report}") };
    assert_eq!((problem.kind, numbers(&problem.snapshots)), (ProblemKind::Content, vec![1, 2]));
    assert!(problem.reason.contains("cannot be decompressed"), "{report}");
}

#[tokio::test]
async fn a_newest_snapshot_that_has_expired_is_damage() {
    let world = World::new();
    let dataset = history(&world).await;
    forge::expire(world.inner(), "d", 6).await;
    let report = dataset.verify(Chain).await.unwrap();
    let [problem] = report.problems() else { panic!("{report}") };
    assert_eq!(problem.reason, "has expired, and is the newest snapshot");
}

#[tokio::test]
async fn attachments_are_objects() {
    let world = World::new();
    let dataset = world.dataset();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    let path = format!("datasets/d/attachments/{}/00000.bin", "0".repeat(32));
    let checksum = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(b"abc"));
    forge::edit(world.inner(), "d", 1, |value| {
        value["format_version"] = json!("1.2.0");
        value["attachments"] = json!([
            { "name": "model", "path": path, "size_bytes": 3, "checksum": checksum },
        ]);
    })
    .await;
    for (body, level, kind) in [
        (None, Objects, Some(ProblemKind::Missing)),
        (Some("ab"), Objects, Some(ProblemKind::Size)),
        (Some("abd"), Content, Some(ProblemKind::Content)),
        (Some("abc"), Content, None),
    ] {
        if let Some(body) = body {
            put(world.inner(), &path, body).await;
        }
        let report = world.dataset().verify(level).await.unwrap();
        assert_eq!(report.objects, 2);
        assert_eq!(report.problems().first().map(|problem| problem.kind), kind, "{report}");
        assert!(report.problems().iter().all(|problem| problem.path == path), "{report}");
    }
}

#[tokio::test]
async fn each_object_is_read_once_however_many_snapshots_name_it() {
    let world = World::new();
    let told = Arc::new(Mutex::new(lode::Progress::default()));
    let seen = Arc::clone(&told);
    let dataset = world.dataset().on_progress(move |progress| {
        let mut seen = seen.lock().unwrap();
        seen.bytes = seen.bytes.max(progress.bytes);
        seen.files = seen.files.max(progress.files);
    });
    for n in 0..20 {
        dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    let head = dataset.latest().await.unwrap().unwrap();
    *told.lock().unwrap() = lode::Progress::default();
    for (level, lists, reads) in [(Chain, 1, 0), (Objects, 2, 0), (Content, 2, 20)] {
        world.faulty.clear();
        let report = dataset.verify(level).await.unwrap();
        well(&report);
        let counts = world.faulty.counts();
        assert_eq!(counts.on(Op::Get, Class::Manifest), 20, "{counts:?}");
        assert_eq!(counts.on(Op::Get, Class::Data), reads, "{counts:?}");
        assert_eq!(counts.on(Op::Head, Class::Data), 0, "{counts:?}");
        // Those of other layouts come on top.
        assert_eq!(counts.lists(), lists + 2, "{counts:?}");
        if level > Chain {
            assert_eq!((report.objects, report.bytes), (20, head.size_bytes()));
        }
    }
    let told = *told.lock().unwrap();
    assert_eq!((told.bytes, told.files), (head.size_bytes(), 20));
}

#[tokio::test]
async fn a_store_that_fails_is_not_taken_for_damage() {
    let world = World::new();
    let dataset = history(&world).await;
    for (op, class) in
        [(Op::Get, Class::Manifest), (Op::Get, Class::Data), (Op::Get, Class::GcList)]
    {
        world.faulty.rule(Rule::on(op, class, Fault::Before));
        let report = dataset.verify(Content).await.unwrap();
        let [problem] = report.problems() else { panic!("{report}") };
        assert_eq!(problem.kind, ProblemKind::Unreachable, "{report}");
        assert!(!problem.snapshots.is_empty(), "{report}");
        world.faulty.heal();
    }
    for skip in 0..4 {
        world.faulty.rule(Rule::of(Op::List, Fault::Before).skip(skip));
        let error = dataset.verify(Content).await.unwrap_err();
        assert!(matches!(error, Error::Storage { operation: "list", .. }), "{error}");
        world.faulty.heal();
    }
    well(&dataset.verify(Content).await.unwrap());
}

/// What the limits of a handle do not let it read is not damaged, and the report says what to raise.
#[tokio::test]
async fn a_limit_is_no_damage() {
    let world = World::new();
    world.dataset().write(&rows(0..100), metadata! {}).await.unwrap();
    for (limits, named) in [
        (Limits { max_decoded_bytes: Some(500), ..Limits::default() }, "`max_decoded_bytes`"),
        (Limits { max_manifest_bytes: 100, ..Limits::default() }, "`max_manifest_bytes`"),
    ] {
        let report = world.dataset().limits(limits).verify(Content).await.unwrap();
        let [problem] = report.problems() else { panic!("{report}") };
        assert_eq!(problem.kind, ProblemKind::Limit, "{report}");
        assert!(problem.reason.ends_with(&format!(" that {named} sets")), "{report}");
        assert_eq!(report.to_string().matches(&problem.path).count(), 1, "{report}");
    }
}

/// Writers, `expire` and `gc` go on while it looks.
#[tokio::test]
async fn what_changes_meanwhile_is_no_damage() {
    for at in 0..12 {
        let world = Arc::new(World::new());
        let dataset = history(&world).await;
        let there = Arc::clone(&world);
        let meanwhile = Fault::run(move || {
            let world = Arc::clone(&there);
            async move {
                let other = Dataset::<Row>::new(&world.other(), "d").unwrap();
                other.write(&rows(50..51), metadata! {}).await.unwrap();
                other.expire(Retain::last(1)).await.unwrap();
                world.pass(50);
                assert_eq!(other.gc().await.unwrap().deleted, 5);
            }
        });
        world.faulty.rule(Rule::of(Op::Get, meanwhile).skip(at));
        let report = dataset.verify(Content).await.unwrap();
        assert!(report.is_ok(), "at {at}: {report}");
    }
}

/// What this handle cannot judge is said, and is no damage.
#[tokio::test]
async fn what_cannot_be_judged_is_counted() {
    let world = World::new();
    world.dataset().codec(Parquet::new()).write(&rows(0..5), metadata! {}).await.unwrap();
    world.dataset().append(&rows(5..6), metadata! {}).await.unwrap();
    forge::edit(world.inner(), "d", 2, |value| {
        let files = value["files"].as_array_mut().unwrap();
        for file in files.iter_mut().filter(|file| file["codec"] == "parquet") {
            file["codec"] = json!("of-the-future");
        }
    })
    .await;
    delete(world.inner(), &forge::manifest_key("d", 1)).await;
    let report = world.dataset().verify(Content).await.unwrap();
    assert_eq!((report.objects, report.partly), (2, 1), "{report}");
    assert_eq!(report.problems().len(), 1, "the first manifest: {report}");

    // A handle of another type reads the bytes.
    let report = Dataset::<Blob>::new(&world.store(), "d").unwrap().verify(Content).await.unwrap();
    assert_eq!(report.problems().len(), 1, "{report}");
}

#[tokio::test]
async fn the_report_is_data_and_text() {
    let world = World::new();
    let dataset = world.dataset();
    let one = dataset.write(&rows(0..2), metadata! {}).await.unwrap();
    for n in 0..5 {
        dataset.append(&rows(9 + n..10 + n), metadata! {}).await.unwrap();
    }
    let report = dataset.verify(Chain).await.unwrap();
    assert_eq!(report.to_string(), "dataset `d`: 6 snapshot(s), 0 expired: all is well");
    let path = files(&one).pop_first().unwrap();
    delete(world.inner(), &path).await;
    let report = dataset.verify(Objects).await.unwrap();
    let bytes = report.bytes;
    let expected = format!(
        "dataset `d`: 6 snapshot(s), 0 expired, 6 object(s) of {bytes} bytes: 1 problem(s)\n\
         snapshots 1, 2, 3, 4 and 2 more: `{path}`: it is missing"
    );
    assert_eq!(report.to_string(), expected);
    let ids: Vec<_> = (1..=6).map(|n| format!("{n:019}")).collect();
    let expected = json!({
        "of": { "dataset": "d" }, "level": "objects", "snapshots": 6, "expired": 0, "objects": 6,
        "bytes": bytes, "partly": 0,
        "problems": [{ "kind": "missing", "path": path, "snapshots": ids, "reason": "it is missing" }],
    });
    assert_eq!(serde_json::to_value(&report).unwrap(), expected);
    let seen: BTreeSet<_> = report.problems().iter().map(|problem| problem.kind).collect();
    assert_eq!(seen.len(), 1);
}

/// `timeout(verify)`, on a file that takes long: nothing goes on behind it, and the runtime can end.
#[test]
fn a_verify_that_is_dropped_reads_no_further() {
    // A hole takes no room.
    let size: u64 = 8 << 30;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local(dir.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let told: Arc<AtomicU64> = Arc::default();
    runtime.block_on(async {
        let tell = Arc::clone(&told);
        let blobs = Dataset::<Blob>::new(&store, "b").unwrap();
        let blob = blobs.checksum(None).write(b"x", metadata! {}).await.unwrap();
        let path = dir.path().join(&blob.files()[0].path);
        File::options().write(true).open(path).unwrap().set_len(size).unwrap();
        let is_large = |json: &mut serde_json::Value| json["files"][0]["size_bytes"] = json!(size);
        forge::edit(&**store.object_store(), "b", 1, is_large).await;
        let cold = Dataset::<Blob>::new(&store, "b").unwrap();
        let cold = cold.on_progress(move |progress| tell.store(progress.bytes, Relaxed));
        let verify = tokio::spawn(cold.verify(Content).into_future());
        while told.load(Relaxed) == 0 {
            assert!(!verify.is_finished(), "it reads nothing");
            tokio::task::yield_now().await;
        }
        verify.abort();
        assert!(verify.await.unwrap_err().is_cancelled());
    });
    drop(runtime);
    let read = told.load(Relaxed);
    assert!(read < size / 2, "{read} bytes were read");
}
