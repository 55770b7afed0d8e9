//! Manifests of volumes, and blocks, that are not what lode wrote.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use lode::{Committed, Error, Store, Volume, VolumeSnapshotId, metadata};
use object_store::ObjectStore;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::about;
use crate::support::{Contents, contents, delete, get, lode_store, memory, put};

const LEN: u64 = 10_000;

/// A volume with two snapshots, of which the second has a block that is left over from an overwrite;
/// and another volume.
struct Shelf {
    inner: Arc<dyn ObjectStore>,
    store: Store,
    before: Contents,
}

impl Shelf {
    async fn new() -> Self {
        let inner = memory() as Arc<dyn ObjectStore>;
        let store = lode_store(Arc::clone(&inner));
        for id in ["disk", "disk2"] {
            let volume = Volume::create(&store, id, LEN).unwrap();
            let staged = volume.stage_write_at(0, [1; 100]).await.unwrap();
            staged.stage_write_at(1000, [2; 500]).await.unwrap();
            let one = staged.commit(metadata! {}).await.unwrap();
            let staged = one.stage_overwrite_at(50, [3; 100]).await.unwrap();
            let _ = staged.commit(metadata! {}).await.unwrap();
        }
        let before = contents(&*inner).await;
        Self { inner, store, before }
    }

    /// The head, opened while its manifest reads so.
    async fn open(&self, manifest: &Value) -> lode::Result<Volume<Committed>> {
        put(&*self.inner, &head_key(), serde_json::to_vec(manifest).unwrap()).await;
        Volume::open(&self.store, "disk").await
    }

    fn manifest(&self) -> Value {
        serde_json::from_slice(&self.before[&head_key()]).unwrap()
    }

    async fn restore(&self) {
        for (key, bytes) in &self.before {
            put(&*self.inner, key, bytes.clone()).await;
        }
        assert!(contents(&*self.inner).await == self.before, "something was written or deleted");
    }
}

fn head_key() -> String {
    "volumes/disk/snapshots/0000000000000000002/manifest.json".to_owned()
}

fn id(number: u64) -> VolumeSnapshotId {
    VolumeSnapshotId::new(number).unwrap()
}

/// What a commit saw at its id. Of a store where requests can arrive late, it cannot know whether that is all
/// there is to it.
fn seen(failed: lode::CommitError) -> Error {
    let Error::CommitUnknown { source: object_store::Error::Generic { source, .. }, .. } =
        failed.source
    else {
        return failed.source;
    };
    *source.downcast().unwrap()
}

/// Every way to the head says so; nothing is written, and the first snapshot is as it was.
async fn refused(shelf: &Shelf, bad: Vec<u8>, what: &str) -> Error {
    let one = Volume::open_at(&shelf.store, "disk", id(1)).await.unwrap();
    let staged = one.stage_write_at(5000, [9; 10]).await.unwrap();
    let [staged_block] = &staged.staged_blocks()[..] else { panic!("one was staged") };
    let staged_key = {
        let block = serde_json::to_value(staged_block).unwrap();
        format!("volumes/disk/data/{}", block["block"].as_str().unwrap())
    };
    let key = head_key();
    put(&*shelf.inner, &key, bad).await;
    let altered = contents(&*shelf.inner).await;
    let error = about(Volume::open(&shelf.store, "disk").await, &key);
    about(Volume::open_at(&shelf.store, "disk", id(2)).await, &key);
    about(one.latest().await, &key);
    about(one.sessions().await, &key);
    about(one.resume(staged.session()).await, &key);
    about(staged.commit(metadata! {}).await.map_err(seen), &key);
    let mut history = one.history();
    about(history.next().await.unwrap(), &key);
    let first = history.try_next().await.unwrap().unwrap();
    assert_eq!(first.read_at(0..100).await.unwrap(), [1; 100][..], "{what}");
    assert!(contents(&*shelf.inner).await == altered, "{what}: something was written");
    delete(&*shelf.inner, &staged_key).await;
    shelf.restore().await;
    error
}

#[tokio::test(start_paused = true)]
async fn what_is_no_manifest_is_refused() {
    let shelf = Shelf::new().await;
    let deep = "[".repeat(100_000);
    let blocks = format!(r#"{{"blocks": {}{}}}"#, "[".repeat(9000), "]".repeat(9000));
    for text in ["", "{}", "[]", "null", "7", "not json", "\u{feff}{}", &deep, &blocks] {
        let error = refused(&shelf, text.as_bytes().to_vec(), "no manifest").await;
        assert!(matches!(error, Error::ManifestInvalid { .. }), "{error}");
    }
    let good = shelf.before[&head_key()].clone();
    for length in (0..good.len()).step_by(61).chain([good.len() - 1]) {
        let error = refused(&shelf, good[..length].to_vec(), "cut").await;
        assert!(matches!(error, Error::ManifestInvalid { .. }), "{length}: {error}");
    }
    let mut future = shelf.manifest();
    future["format_version"] = json!("99.0.0");
    let error = refused(&shelf, serde_json::to_vec(&future).unwrap(), "version 99").await;
    assert!(matches!(error, Error::UnsupportedVersion { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn every_wrong_field_is_named() {
    type Change = fn(&mut Value);
    const MOST: u64 = u64::MAX;
    let wrong: &[(&str, Change)] = &[
        ("schema_name", |m| m["schema_name"] = json!("lode-manifest")),
        ("format_version", |m| m["format_version"] = json!("two")),
        ("volume_id", |m| m["volume_id"] = json!("disk2")),
        ("snapshot_id", |m| m["snapshot_id"] = json!("0000000000000000003")),
        ("parent_snapshot_id", |m| m["parent_snapshot_id"] = json!("0000000000000000002")),
        ("metadata", |m| m["metadata"] = json!(null)),
        ("operation", |m| m["operation"] = json!("append")),
        ("total_length", |m| m["total_length"] = json!(0)),
        ("total_length", |m| m["total_length"] = json!(-1)),
        ("total_length", |m| m["total_length"] = json!(1_u64 << 63)),
        ("total_length", |m| m["total_length"] = json!(MOST)),
        ("total_length", |m| m["total_length"] = json!("10000")),
        ("blocks", |m| m["blocks"] = json!(null)),
        ("blocks", |m| m["blocks"] = json!({})),
        ("expired_blocks", |m| m["blocks"] = json!("expired")),
        // Beyond the volume, and beyond what can be counted.
        ("blocks[2].length", |m| m["total_length"] = json!(1400)),
        ("blocks[2].length", |m| m["blocks"][2]["length"] = json!(MOST)),
        ("blocks[2].length", |m| m["blocks"][2]["length"] = json!(MOST - 999)),
        ("blocks[2].length", |m| m["blocks"][2]["length"] = json!(0)),
        ("blocks[2].length", |m| m["blocks"][2]["offset"] = json!(MOST)),
        ("blocks[2].length", |m| m["blocks"][2]["offset"] = json!(LEN)),
        ("blocks[2].length", |m| m["blocks"][2]["length"] = json!(1.5)),
        ("blocks[2].offset", |m| m["blocks"][2]["offset"] = json!(-1)),
        ("blocks[0].length", |m| m["blocks"][0]["length"] = json!(MOST)),
        // Over each other, and in no order.
        ("blocks[2].offset", |m| m["blocks"][2]["offset"] = json!(149)),
        ("blocks[1].offset", |m| {
            let blocks = m["blocks"].as_array_mut().unwrap();
            blocks.swap(1, 2);
            blocks.swap(0, 1);
        }),
        // Parts of objects that have not so many bytes.
        ("blocks[0].path_offset", |m| m["blocks"][0]["path_offset"] = json!(51)),
        ("blocks[0].path_offset", |m| m["blocks"][0]["path_offset"] = json!(MOST)),
        ("blocks[0].object_length", |m| m["blocks"][0]["object_length"] = json!(MOST)),
        ("blocks[0].object_length", |m| {
            m["blocks"][0].as_object_mut().unwrap().remove("object_length");
        }),
        ("blocks[0].object", |m| m["format_version"] = json!("1.1.0")),
        ("blocks[0].path", |m| m["blocks"][0]["path"] = json!("volumes/disk/data/x")),
        ("blocks[2].path", |m| {
            m["blocks"][2].as_object_mut().unwrap().remove("path");
        }),
        ("blocks[2].checksum", |m| m["blocks"][2]["checksum"] = json!("xyz")),
        ("blocks[2].checksum", |m| m["blocks"][2]["checksum"] = json!("abcd")),
        ("blocks[2].checksum", |m| {
            m["blocks"][2].as_object_mut().unwrap().remove("checksum");
        }),
    ];
    let shelf = Shelf::new().await;
    for (field, change) in wrong {
        let mut manifest = shelf.manifest();
        change(&mut manifest);
        let error = refused(&shelf, serde_json::to_vec(&manifest).unwrap(), field).await;
        let Error::ManifestInvalid { field: found, .. } = &error else { panic!("{error}") };
        assert_eq!(found, field, "{error}");
    }
}

/// A path that leaves the volume is never opened.
#[tokio::test(start_paused = true)]
async fn a_path_that_leaves_the_volume_is_refused() {
    let shelf = Shelf::new().await;
    let other = Volume::open(&shelf.store, "disk2").await.unwrap().blocks()[0].path.clone();
    for path in [
        "",
        "../secret",
        "/etc/passwd",
        "file:///etc/passwd",
        "volumes/disk",
        "volumes/disk/data",
        "volumes/disk/data/",
        "volumes/disk/data//x",
        "volumes/disk/data/../../disk2/data/x",
        "volumes/disk/data/./x",
        "volumes/disk/data/a\\..\\b",
        "volumes/disk/data/a\u{0}b",
        "volumes/disk/snapshots/0000000000000000001/manifest.json",
        "volumes/disk/latest",
        "volumes/disk2/data/x",
        "datasets/disk/data/x",
        "data/x",
        &other,
    ] {
        for (n, name) in [(2, "path"), (0, "object")] {
            let mut manifest = shelf.manifest();
            manifest["blocks"][n][name] = json!(path);
            let error = refused(&shelf, serde_json::to_vec(&manifest).unwrap(), path).await;
            let Error::ManifestInvalid { field, .. } = &error else { panic!("{path:?}: {error}") };
            assert_eq!(field, &format!("blocks[{n}].{name}"), "{path:?}");
        }
    }
}

/// Reads these bytes in every way there is: all must fail, and say which object it is.
async fn unreadable(volume: &Volume<Committed>, range: std::ops::Range<u64>, path: &str) {
    about(volume.read_at(range.clone()).await, path);
    let mut buffer = vec![0; 100];
    about(volume.read_at_into(range.start, &mut buffer).await, path);
    about(volume.stream(range.clone()).try_collect::<Vec<_>>().await, path);
    let mut reader = volume.reader();
    tokio::io::AsyncSeekExt::seek(&mut reader, std::io::SeekFrom::Start(range.start))
        .await
        .unwrap();
    let error = reader.read_exact(&mut buffer).await.unwrap_err();
    let error = error.into_inner().expect("lode's error").downcast::<Error>().unwrap();
    about::<()>(Err(*error), path);
}

/// What a valid manifest claims is not believed: the object is asked.
#[tokio::test(start_paused = true)]
async fn a_block_that_claims_too_much_is_corrupt() {
    let shelf = Shelf::new().await;
    let path = shelf.manifest()["blocks"][2]["path"].as_str().unwrap().to_owned();
    const HUGE: u64 = (1 << 63) - 1;
    for length in [499, 501, 1 << 40, HUGE - 1000] {
        let mut manifest = shelf.manifest();
        manifest["total_length"] = json!(HUGE);
        manifest["blocks"][2]["length"] = json!(length);
        let volume = shelf.open(&manifest).await.unwrap();
        assert_eq!(volume.covered_bytes(), 150 + length);
        // All of it, and a part: nothing of that size is ever allocated.
        unreadable(&volume, 1000..1000 + length, &path).await;
        unreadable(&volume, 1100..1200, &path).await;
        assert_eq!(volume.read_at(0..50).await.unwrap(), [1; 50][..]);
        shelf.restore().await;
    }
    // A part of an object that is larger than the object is.
    let object = shelf.manifest()["blocks"][0]["object"].as_str().unwrap().to_owned();
    for (skip, size) in [(60, 1000), (HUGE - 50, HUGE)] {
        let mut manifest = shelf.manifest();
        manifest["blocks"][0]["path_offset"] = json!(skip);
        manifest["blocks"][0]["object_length"] = json!(size);
        let volume = shelf.open(&manifest).await.unwrap();
        let error = about(volume.read_at(0..50).await, &object);
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert_eq!(volume.read_at(1000..1500).await.unwrap(), [2; 500][..]);
        shelf.restore().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_block_is_corrupt_and_harms_no_other() {
    let shelf = Shelf::new().await;
    let volume = Volume::open(&shelf.store, "disk").await.unwrap();
    let path = volume.blocks()[2].path.clone();
    let good = shelf.before[&path].clone();
    let mut flipped = good.to_vec();
    flipped[250] ^= 1;
    let long = [&good[..], b"x"].concat();
    for bad in [flipped, vec![], good[..499].to_vec(), long] {
        put(&*shelf.inner, &path, bad).await;
        let error = about(volume.read_at(1000..1500).await, &path);
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        let error =
            about(volume.read_at(0..150).await.and(volume.read_at(1000..1500).await), &path);
        assert!(error.is_corrupt());
        assert_eq!(volume.read_at(50..150).await.unwrap(), [3; 100][..]);
    }
    delete(&*shelf.inner, &path).await;
    unreadable(&volume, 1000..1500, &path).await;
    unreadable(&volume, 1100..1300, &path).await;
    put(&*shelf.inner, &path, good).await;
    assert_eq!(volume.read_at(1000..1500).await.unwrap(), [2; 500][..]);
    shelf.restore().await;
}

/// A checksum of a kind that this program has not is not passed over.
#[tokio::test(start_paused = true)]
async fn an_unknown_checksum_is_told() {
    let shelf = Shelf::new().await;
    let mut manifest = shelf.manifest();
    manifest["blocks"][2]["checksum_algorithm"] = json!("crc-of-tomorrow");
    let volume = shelf.open(&manifest).await.unwrap();
    let error = volume.read_at(1000..1500).await.unwrap_err();
    let Error::CodecUnavailable { codec, .. } = &error else { panic!("{error:?}") };
    assert_eq!(codec, "crc-of-tomorrow");
    assert_eq!(volume.read_at(50..150).await.unwrap(), [3; 100][..]);
}

/// A flipped bit makes a manifest that is refused, or that reads what is there.
#[tokio::test(start_paused = true)]
async fn a_manifest_altered_at_any_byte_is_refused_or_reads_checked() {
    let shelf = Shelf::new().await;
    let good = get(&*shelf.inner, &head_key()).await.unwrap();
    for at in 0..good.len() {
        let mut bad = good.to_vec();
        bad[at] ^= 1 << (at % 7);
        put(&*shelf.inner, &head_key(), bad).await;
        if let Ok(volume) = Volume::open_at(&shelf.store, "disk", id(2)).await {
            for range in volume.coverage() {
                // Where a block lies is not in its checksum: it may lie elsewhere, but never with
                // other bytes.
                if let Ok(bytes) = volume.read_at(range).await {
                    assert!(bytes.iter().all(|byte| (1..=3).contains(byte)), "byte {at}");
                }
            }
        }
    }
    shelf.restore().await;
}

/// A larger manifest than the handle allows is not read, nor written.
#[tokio::test(start_paused = true)]
async fn a_manifest_beyond_the_limit_is_refused() {
    let shelf = Shelf::new().await;
    let limits = lode::VolumeLimits { max_manifest_bytes: 2000, ..lode::VolumeLimits::default() };
    let mut manifest = shelf.manifest();
    manifest["metadata"]["long"] = json!("x".repeat(3000));
    put(&*shelf.inner, &head_key(), serde_json::to_vec(&manifest).unwrap()).await;
    let open = || Volume::open(&shelf.store, "disk").limits(limits.clone());
    let open_at = |n| Volume::open_at(&shelf.store, "disk", id(n)).limits(limits.clone());
    let volume = open_at(1).await.unwrap();
    for error in [
        about(volume.latest().await, &head_key()),
        about(open().await, &head_key()),
        about(open_at(2).await, &head_key()),
    ] {
        assert!(matches!(error, Error::LimitExceeded { limit: 2000, .. }), "{error}");
    }
    shelf.restore().await;
    assert_eq!(open().await.unwrap().snapshot_id(), id(2));

    let volume = volume.latest().await.unwrap().unwrap();
    let staged = volume.stage_write_at(5000, [1; 10]).await.unwrap();
    let failed = staged.commit(metadata! { "long": "x".repeat(3000) }).await.unwrap_err();
    let Error::LimitExceeded { path, .. } = &failed.source else { panic!("{failed:?}") };
    assert!(path.ends_with("0000000000000000003/manifest.json"), "{path}");
    assert_eq!(failed.staged.snapshots().await.unwrap().len(), 2);
    assert_eq!(failed.staged.commit(metadata! {}).await.unwrap().snapshot_id(), id(3));
}
