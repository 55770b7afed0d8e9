//! What lies beside the records.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use lode::{Blob, Checksum, Dataset, Error, Limits, Snapshot, Store, metadata};
use serde_json::json;

use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{
    Class, Fault, FaultStore, Op, Row, StrictReader, contents, delete, forge, get, lode_store,
    memory, put, rows, strict,
};

/// Bytes that differ everywhere.
fn bytes(len: usize) -> Vec<u8> {
    (0..len as u64).map(|n| (n.wrapping_mul(n) >> 3) as u8).collect()
}

/// Both ways to read it.
async fn read(
    dataset: &Dataset<Row>,
    snapshot: &Snapshot<Row>,
    name: &str,
) -> lode::Result<Vec<u8>> {
    let whole = dataset.attachment(snapshot, name).await?;
    let chunks: Vec<Bytes> = dataset.attachment(snapshot, name).stream().try_collect().await?;
    assert_eq!(whole, chunks.concat());
    Ok(whole.to_vec())
}

#[tokio::test]
async fn they_come_back_as_they_were_attached() {
    let limits = Limits { part_bytes: 100_000, ..Limits::default() };
    for checksum in [Some(Checksum::default()), Some(Checksum::Sha256), None] {
        let faulty = FaultStore::new(memory());
        let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap().checksum(checksum);
        let dataset = dataset.limits(limits.clone());
        let transaction = dataset.begin(metadata! {}).await.unwrap();
        transaction.write(&rows(0..3)).await.unwrap();
        transaction.attach("small", b"small").await.unwrap();
        transaction.attach("empty", Vec::new()).await.unwrap();
        transaction.attach("large", bytes(350_001)).await.unwrap();
        let large = bytes(2_500_000);
        let chunks =
            large.chunks(70_000).map(|chunk| Ok::<_, lode::BoxError>(chunk.to_vec().into()));
        transaction.attach_stream("a/stream", futures::stream::iter(chunks)).await.unwrap();
        transaction.writer().attach_reader("a/reader", &large[..]).await.unwrap();
        let snapshot = transaction.commit().await.unwrap();

        let names: Vec<_> = snapshot.attachments().iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a/reader", "a/stream", "empty", "large", "small"]);
        assert_eq!(read(&dataset, &snapshot, "small").await.unwrap(), b"small");
        assert_eq!(read(&dataset, &snapshot, "empty").await.unwrap(), b"");
        assert_eq!(read(&dataset, &snapshot, "large").await.unwrap(), bytes(350_001));
        assert_eq!(read(&dataset, &snapshot, "a/stream").await.unwrap(), large);
        assert_eq!(read(&dataset, &snapshot, "a/reader").await.unwrap(), large);
        // A cold reader sees the same.
        let cold = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
        let found = cold.latest().await.unwrap().unwrap();
        assert_eq!(found, snapshot);
        assert_eq!(read(&cold, &found, "large").await.unwrap(), bytes(350_001));

        let large = snapshot.attachment("large").unwrap();
        assert_eq!(large.size_bytes, 350_001);
        assert_eq!(large.checksum.is_some(), checksum.is_some());
        let write_id = snapshot.manifest().write_id.unwrap();
        let folder = format!("datasets/d/attachments/{write_id}/");
        assert!(large.path.starts_with(&folder) && large.path.ends_with(".bin"), "{}", large.path);
        let parts = faulty.calls().into_iter().filter(|call| call.path == large.path);
        let ops: Vec<_> = parts.map(|call| call.op).collect();
        assert_eq!(ops.iter().filter(|op| **op == Op::Part).count(), 4, "large ones go in parts");
    }
}

/// Streams in general panic then, or give what they like. What another call of lode streams can be
/// attached.
#[tokio::test]
async fn a_source_is_asked_for_nothing_after_its_end() {
    let store = Store::memory();
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    // The last run of a mebibyte is a short one, or a whole one.
    for len in [2_500_000, 2 << 20] {
        let whole = bytes(len);
        let chunks: Vec<_> = whole
            .chunks(70_000)
            .map(|part| Ok::<_, lode::BoxError>(part.to_vec().into()))
            .collect();
        transaction.attach_stream(&format!("{len}/stream"), strict(chunks)).await.unwrap();
        let reader = StrictReader::new(&whole);
        transaction.attach_reader(&format!("{len}/reader"), reader).await.unwrap();
        let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap();
        let blob = blobs.write(&whole, metadata! {}).await.unwrap();
        let name = format!("{len}/blob");
        transaction.attach_stream(&name, blobs.stream_blob(&blob)).await.unwrap();
    }
    let snapshot = transaction.commit().await.unwrap();
    for len in [2_500_000, 2 << 20] {
        for source in ["stream", "reader", "blob"] {
            let found = read(&dataset, &snapshot, &format!("{len}/{source}")).await.unwrap();
            assert!(found == bytes(len), "{len}/{source}");
        }
    }
}

#[tokio::test]
async fn they_belong_to_their_snapshot_alone() {
    let inner = memory();
    let dataset = Dataset::<Row>::new(&lode_store(inner.clone()), "d").unwrap();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    transaction.write(&rows(0..3)).await.unwrap();
    transaction.attach("notes", b"of the first").await.unwrap();
    let first = transaction.commit().await.unwrap();
    let version = |id| {
        let inner = inner.clone();
        async move { forge::manifest(&*inner, "d", id).await["format_version"].clone() }
    };
    assert_eq!(version(1).await, "1.2.0");

    let second = dataset.append(&rows(3..4), metadata! {}).await.unwrap();
    assert_eq!(second.attachments(), []);
    let transaction = dataset.begin(metadata! {}).append().await.unwrap();
    transaction.attach("notes", b"of the third").await.unwrap();
    let third = transaction.commit().await.unwrap();
    assert_eq!(read(&dataset, &third, "notes").await.unwrap(), b"of the third");
    assert_eq!(read(&dataset, &first, "notes").await.unwrap(), b"of the first");
    assert_eq!(numbers(&dataset, &third).await.unwrap(), [0, 1, 2, 3]);
    // Children keep the revision, so that older writers stay away.
    assert_eq!(version(2).await, "1.2.0");
    let error = dataset.attachment(&second, "notes").await.unwrap_err();
    assert!(matches!(error, Error::AttachmentNotFound { .. }) && error.is_not_found(), "{error}");
    assert_eq!(error.to_string(), "snapshot 2 of dataset `d` has no attachment \"notes\"");
    let missed = dataset.attachment(&first, "Notes").stream().try_collect::<Vec<_>>().await;
    assert!(matches!(missed, Err(Error::AttachmentNotFound { .. })));
    // As with records: a snapshot of another dataset.
    let other = Dataset::<Row>::new(dataset.store(), "other").unwrap();
    let error = other.attachment(&first, "notes").await.unwrap_err();
    assert!(matches!(error, Error::SnapshotNotFound { .. }), "{error}");
}

/// Only the manifest names the algorithm of attachments: files that were carried over and have another
/// one must not change it.
#[tokio::test]
async fn their_checksum_is_told_from_that_of_older_files() {
    let store = Store::memory();
    let old = Dataset::<Row>::new(&store, "d").unwrap().checksum(Checksum::Sha256);
    old.write(&rows(0..3), metadata! {}).await.unwrap();
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    let transaction = dataset.begin(metadata! {}).append().await.unwrap();
    transaction.attach("notes", b"xxh3").await.unwrap();
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!(read(&dataset, &snapshot, "notes").await.unwrap(), b"xxh3");
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [0, 1, 2]);
    assert_eq!(snapshot.manifest().checksum_algorithm.as_deref(), Some("xxh3-128"));
    // Without attachments the files' own is the manifest's again.
    let next = dataset.append(&[], metadata! {}).await.unwrap();
    assert_eq!(next.manifest().checksum_algorithm.as_deref(), Some("sha256"));
}

#[tokio::test]
async fn names_are_paths_that_stay_below() {
    let dataset = Dataset::<Row>::new(&Store::memory(), "d").unwrap();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let long = "x".repeat(256);
    let bad = [
        "",
        "/",
        "/etc/passwd",
        "a//b",
        "a/",
        ".",
        "..",
        "../a",
        "a/../../b",
        "a\\b",
        "a\nb",
        "a\0b",
        "a\u{7f}",
        &long,
    ];
    for name in bad {
        let error = transaction.attach(name, b"x").await.unwrap_err();
        assert!(matches!(error, Error::InvalidAttachment { .. }), "{name:?}: {error}");
    }
    let good = ["a", "...", ".hidden", "a b/ü%2F=.bin", "latest", "C:", &long[1..]];
    for name in good {
        transaction.attach(name, name.as_bytes()).await.unwrap();
    }
    let error = transaction.writer().attach("a", b"again").await.unwrap_err();
    assert!(matches!(error, Error::InvalidAttachment { .. }), "{error}");
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!(snapshot.attachments().len(), good.len());
    for name in good {
        assert_eq!(read(&dataset, &snapshot, name).await.unwrap(), name.as_bytes());
    }
}

#[tokio::test]
async fn one_that_failed_can_be_attached_again() {
    let faulty = FaultStore::new(memory());
    let limits = Limits { max_decoded_bytes: Some(1000), ..Limits::default() };
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap().limits(limits);
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    faulty.rule(Rule::on(Op::Put, Class::Data, Fault::After));
    let error = transaction.attach("a", b"first").await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let source = futures::stream::iter([Ok(Bytes::from("half")), Err("the source broke")]);
    let error = transaction.attach_stream("a", source).await.unwrap_err();
    assert!(matches!(&error, Error::AttachmentInput { name, .. } if name == "a"), "{error}");
    let error = transaction.attach("a", bytes(1001)).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 1000, .. }), "{error}");
    assert!(contents(&**faulty.inner()).await.is_empty(), "failed calls leave nothing");
    transaction.attach("a", b"at last").await.unwrap();
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!(read(&dataset, &snapshot, "a").await.unwrap(), b"at last");
}

/// A committed one, its dataset, and its object's key.
async fn committed() -> (FaultStore, Dataset<Row>, Snapshot<Row>, String) {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    transaction.attach("a", bytes(3_000_000)).await.unwrap();
    let snapshot = transaction.commit().await.unwrap();
    let key = snapshot.attachments()[0].path.clone();
    (faulty, dataset, snapshot, key)
}

#[tokio::test]
async fn damage_is_found() {
    let (faulty, dataset, snapshot, key) = committed().await;
    let inner = &**faulty.inner();
    let good = get(inner, &key).await.unwrap();
    let mut altered = good.to_vec();
    altered[1_700_000] ^= 1;
    let longer = [&good[..], b"x"].concat();
    for bad in [altered, good[..good.len() - 1].to_vec(), longer, Vec::new()] {
        put(inner, &key, bad).await;
        let error = dataset.attachment(&snapshot, "a").await.unwrap_err();
        assert!(matches!(&error, Error::Corrupt { path, .. } if *path == key), "{error}");
        let chunks: Vec<_> = dataset.attachment(&snapshot, "a").stream().collect().await;
        let (last, before) = chunks.split_last().unwrap();
        assert!(matches!(last, Err(Error::Corrupt { .. })));
        assert!(before.iter().all(Result::is_ok));
    }
    delete(inner, &key).await;
    let error = dataset.attachment(&snapshot, "a").await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    forge::expire(inner, "d", 1).await;
    let error = dataset.attachment(&snapshot, "a").await.unwrap_err();
    assert!(matches!(error, Error::Expired { .. }), "{error}");
}

#[tokio::test]
async fn a_limit_holds_for_reading() {
    let (faulty, _, snapshot, _) = committed().await;
    let limits = Limits { max_decoded_bytes: Some(2_999_999), ..Limits::default() };
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap().limits(limits);
    let error = dataset.attachment(&snapshot, "a").await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 2_999_999, .. }), "{error}");
    let read = dataset.attachment(&snapshot, "a").stream().try_collect::<Vec<_>>().await;
    assert!(matches!(read, Err(Error::LimitExceeded { .. })));
}

#[tokio::test]
async fn manifests_that_lie_about_them_are_refused() {
    let cases = [
        (json!("../x"), "attachments[0].name"),
        (json!("/x"), "attachments[0].name"),
        (json!(""), "attachments[0].name"),
    ];
    for (name, field) in cases {
        let (faulty, ..) = committed().await;
        forge::edit(&**faulty.inner(), "d", 1, |json| json["attachments"][0]["name"] = name).await;
        refused(&faulty, field).await;
    }
    for path in ["datasets/d/../../x", "/etc/passwd", "datasets/e/attachments/x.bin", "x"] {
        let (faulty, ..) = committed().await;
        let path = json!(path);
        forge::edit(&**faulty.inner(), "d", 1, |json| json["attachments"][0]["path"] = path).await;
        refused(&faulty, "attachments[0].path").await;
    }
    let (faulty, ..) = committed().await;
    forge::edit(&**faulty.inner(), "d", 1, |json| {
        let mut twin = json["attachments"][0].clone();
        twin["path"] = json!("datasets/d/attachments/other.bin");
        json["attachments"].as_array_mut().unwrap().push(twin);
    })
    .await;
    refused(&faulty, "attachments[1].name").await;
}

async fn refused(faulty: &FaultStore, expected: &str) {
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    match dataset.latest().await {
        Err(Error::ManifestInvalid { field, .. }) => assert_eq!(field, expected),
        other => panic!("{expected}: {other:?}"),
    }
}
