//! Manifests that are not what lode wrote.

use futures::{StreamExt, TryStreamExt};
use lode::{Blob, Dataset, Error, Record, SnapshotId};
use serde_json::{Value, json};

use super::{Shelf, about};
use crate::support::{Row, contents, forge, put, rows};

fn head() -> SnapshotId {
    SnapshotId::new(2).unwrap()
}

/// The manifest of `dataset`'s head is replaced: every way to it must say so, and the first
/// snapshot must be as it was.
async fn refused(shelf: &Shelf, bad: Vec<u8>, what: &str) -> Error {
    let key = forge::manifest_key("plain", 2);
    put(&*shelf.inner, &key, bad).await;
    let altered = contents(&*shelf.inner).await;
    let dataset = Dataset::<Row>::new(&shelf.store, "plain").unwrap();
    let error = about(dataset.latest().await, &key);
    about(dataset.snapshot(head()).await, &key);
    about(dataset.append(&rows(50..51), lode::metadata! {}).await, &key);
    about(dataset.write(&rows(50..51), lode::metadata! {}).await, &key);
    let mut history = dataset.history();
    about(history.next().await.unwrap(), &key);
    let one = history.try_next().await.unwrap().unwrap();
    assert_eq!(dataset.read(&one).await.unwrap(), rows(0..10), "{what}");
    assert!(contents(&*shelf.inner).await == altered, "{what}: something was written");
    put(&*shelf.inner, &key, shelf.before[&key].clone()).await;
    error
}

#[tokio::test]
async fn a_manifest_cut_at_any_byte_is_refused() {
    let shelf = Shelf::new().await;
    let good = shelf.before[&forge::manifest_key("plain", 2)].clone();
    // The parser alone, at every byte; through the library, at some.
    let id = lode::DatasetId::new("plain").unwrap();
    let prefix = "datasets/plain/";
    let expect = lode::manifest::Expect { dataset: &id, id: head(), prefix };
    for length in 0..good.len() {
        let cut = lode::manifest::Manifest::parse("m", &expect, &good[..length]);
        let error = cut.expect_err("a part of a manifest was taken for a whole");
        assert!(matches!(error, Error::ManifestInvalid { .. }), "{length}: {error}");
    }
    for length in (0..good.len()).step_by(97).chain([good.len() - 1]) {
        let error = refused(&shelf, good[..length].to_vec(), "cut").await;
        assert!(matches!(error, Error::ManifestInvalid { .. }), "{length}: {error}");
    }
    shelf.assert_untouched().await;
}

/// A flipped bit makes a manifest that is refused, or that still says something valid: never a
/// panic, and never data that were not checked.
#[tokio::test]
async fn a_manifest_altered_at_any_byte_is_refused_or_reads_checked() {
    let shelf = Shelf::new().await;
    let key = forge::manifest_key("plain", 2);
    let good = shelf.before[&key].clone();
    let dataset = || Dataset::<Row>::new(&shelf.store, "plain").unwrap();
    for at in 0..good.len() {
        let mut bad = good.to_vec();
        bad[at] ^= 1 << (at % 7);
        put(&*shelf.inner, &key, bad).await;
        if let Ok(snapshot) = dataset().snapshot(head()).await
            && let Ok(found) = dataset().read(&snapshot).await
        {
            assert_eq!(found, rows(10..20), "byte {at}");
        }
        if at % 50 == 0 {
            let one = dataset().snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
            assert_eq!(dataset().read(&one).await.unwrap(), rows(0..10));
        }
    }
    put(&*shelf.inner, &key, good).await;
    shelf.assert_untouched().await;
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    type Change = fn(&mut Value);
    let wrong: &[(&str, Change)] = &[
        ("schema_name", |m| m["schema_name"] = json!("iceberg")),
        ("format_version", |m| m["format_version"] = json!("one")),
        ("dataset_id", |m| m["dataset_id"] = json!("zstd")),
        ("snapshot_id", |m| m["snapshot_id"] = json!("0000000000000000003")),
        ("parent_snapshot_id", |m| m["parent_snapshot_id"] = json!("0000000000000000002")),
        ("created_at", |m| m["created_at"] = json!("yesterday")),
        ("metadata", |m| m["metadata"] = json!(null)),
        ("files", |m| m["files"] = json!(7)),
        ("row_count", |m| m["row_count"] = json!(-1)),
        ("row_count", |m| m["row_count"] = json!(11)),
        ("write_id", |m| m["write_id"] = json!("mine")),
        ("compressor", |m| m["compressor"] = json!("")),
        ("min_timestamp", |m| m["min_timestamp"] = json!("2999-01-01T00:00:00Z")),
        ("files[0].schema", |m| m["files"][0]["schema"] = json!(1)),
        ("files[0].checksum", |m| m["files"][0]["checksum"] = json!("xyz")),
        ("files[0].size_bytes", |m| m["files"][0]["size_bytes"] = json!(-5)),
        ("files[1].path", |m| {
            let file = m["files"][0].clone();
            m["files"].as_array_mut().unwrap().push(file);
        }),
    ];
    let shelf = Shelf::new().await;
    for (field, change) in wrong {
        let mut manifest = forge::manifest(&*shelf.inner, "plain", 2).await;
        change(&mut manifest);
        let error = refused(&shelf, serde_json::to_vec(&manifest).unwrap(), field).await;
        let Error::ManifestInvalid { field: found, .. } = &error else { panic!("{error}") };
        assert_eq!(found, field, "{error}");
    }
    shelf.assert_untouched().await;
}

/// A path that leaves the dataset is never opened.
#[tokio::test]
async fn a_path_that_leaves_the_dataset_is_refused() {
    let shelf = Shelf::new().await;
    let other = {
        let zstd = Dataset::<Row>::new(&shelf.store, "zstd").unwrap();
        zstd.latest().await.unwrap().unwrap().files()[0].path.clone()
    };
    for path in [
        "../secret",
        "/etc/passwd",
        "datasets/plain/../zstd/x",
        "datasets/plain/./x",
        "",
        "datasets/plain/",
        "datasets/plain//x",
        "datasets/plain2/x",
        "datasets/plain",
        "plain/x",
        "datasets/plain/a\\..\\b",
        "datasets/plain/a\u{0}b",
        "file:///etc/passwd",
        other.as_str(),
    ] {
        let mut manifest = forge::manifest(&*shelf.inner, "plain", 2).await;
        manifest["files"][0]["path"] = json!(path);
        let error = refused(&shelf, serde_json::to_vec(&manifest).unwrap(), path).await;
        let Error::ManifestInvalid { field, .. } = &error else { panic!("{path:?}: {error}") };
        assert_eq!(field, "files[0].path", "{path:?}");
    }
    shelf.assert_untouched().await;
}

#[tokio::test]
async fn what_is_no_manifest_is_refused() {
    let shelf = Shelf::new().await;
    let deep = "[".repeat(100_000);
    let nested = format!(r#"{{"metadata": {}1{}}}"#, r#"{"a":"#.repeat(9000), "}".repeat(9000));
    for text in ["", "{}", "[]", "null", "7", "\"x\"", "not json", "\u{feff}{}", &deep, &nested] {
        let what = &text[..text.len().min(20)];
        let error = refused(&shelf, text.as_bytes().to_vec(), what).await;
        assert!(matches!(error, Error::ManifestInvalid { .. }), "{error}");
    }
    refused(&shelf, vec![0xff; 100], "no UTF-8").await;
    let future = {
        let mut manifest = forge::manifest(&*shelf.inner, "plain", 2).await;
        manifest["format_version"] = json!("99.0.0");
        serde_json::to_vec(&manifest).unwrap()
    };
    let error = refused(&shelf, future, "version 99").await;
    assert!(matches!(error, Error::UnsupportedVersion { .. }), "{error}");
    shelf.assert_untouched().await;
}

/// A manifest of another kind: a blob's where records are expected, and the other way round.
#[tokio::test]
async fn a_blob_is_not_records() {
    let shelf = Shelf::new().await;
    let as_rows = Dataset::<Row>::new(&shelf.store, "blobs").unwrap();
    let as_blob = Dataset::<Blob>::new(&shelf.store, "plain").unwrap();
    let mut errors = vec![
        as_rows.latest().await.map(drop).unwrap_err(),
        as_rows.snapshot(head()).await.map(drop).unwrap_err(),
        as_rows.history().try_next().await.map(drop).unwrap_err(),
        as_rows.append(&rows(0..1), lode::metadata! {}).await.map(drop).unwrap_err(),
        as_rows.stream_write_records(rows(0..1), lode::metadata! {}).await.map(drop).unwrap_err(),
    ];
    for error in &errors {
        let Error::ContentMismatch { expected, found, .. } = error else { panic!("{error}") };
        assert_eq!((*expected, *found), ("records", "a blob"));
    }
    errors = vec![
        as_blob.latest().await.map(drop).unwrap_err(),
        as_blob.write(b"x", lode::metadata! {}).await.map(drop).unwrap_err(),
        as_blob.stream_write(lode::metadata! {}).await.map(drop).unwrap_err(),
    ];
    for error in &errors {
        let Error::ContentMismatch { expected, found, .. } = error else { panic!("{error}") };
        assert_eq!((*expected, *found), ("a blob", "records"));
    }
    shelf.assert_untouched().await;
}

/// Whatever stands where bounds should: a scan is refused, or gives what filtering gives.
#[tokio::test]
async fn statistics_that_lie_about_their_type_are_not_believed() {
    type Change = fn(&mut Value);
    // Texts that a column of texts could have.
    let texts: &[Change] = &[
        |c| (c["min"], c["max"]) = (json!("0"), json!("1")),
        |c| (c["min"], c["max"]) = (json!("NaN"), json!("NaN")),
        |c| (c["min"], c["max"]) = (json!("2013-01-01"), json!("2013-01-01")),
    ];
    let lies: &[Change] = &[
        |c| (c["min"], c["max"]) = (json!(true), json!(false)),
        |c| (c["min"], c["max"]) = (json!(0.5), json!(0.6)),
        |c| (c["min"], c["max"]) = (json!(1e300), json!(1e300)),
        // The wrong way round.
        |c| (c["min"], c["max"]) = (json!(1000), json!(0)),
        |c| (c["min"], c["max"]) = (json!("z"), json!("")),
        |c| (c["min"], c["max"]) = (json!({}), json!([])),
        |c| (c["min"], c["max"]) = (json!(null), json!(null)),
        |c| c["null_count"] = json!(u64::MAX),
        |c| c["null_count"] = json!(11),
        |c| (c["null_count"], c["nan_count"]) = (json!(1), json!(u64::MAX)),
        |c| c["null_count"] = json!("none"),
        |c| c["name"] = json!("id.x"),
        |c| c["name"] = json!(""),
    ];
    let unsure: &[Change] = &[
        |c| _ = c.as_object_mut().unwrap().remove("min_exact"),
        |c| c["min_exact"] = json!("yes"),
    ];
    let shelf = Shelf::new().await;
    let key = forge::manifest_key("plain", 2);
    let dataset = Dataset::<Row>::new(&shelf.store, "plain").unwrap();
    let columns = forge::manifest(&*shelf.inner, "plain", 2).await;
    let columns = columns["files"][0]["stats"]["columns"].as_array().unwrap().len();
    assert_eq!(columns, 4);
    let of = Row::columns();
    let later = rows(15..16).pop().unwrap().at;
    let predicates = [
        of.n.ge(15),
        of.n.eq(12) | of.n.is_null(),
        of.at.lt(later),
        of.kind.eq("red"),
        of.kind.is_not_null() & of.text.starts_with("row 1"),
        !of.text.gt("row 14"),
    ];
    let mut judged = (0, 0);
    for column in 0..columns {
        let texts = if column < 2 { texts } else { &[] };
        let lies = lies.iter().chain(texts).map(|it| (it, false));
        for (change, is_unsure) in lies.chain(unsure.iter().map(|it| (it, true))) {
            let mut manifest = forge::manifest(&*shelf.inner, "plain", 2).await;
            let stats = &mut manifest["files"][0]["stats"]["columns"][column];
            if is_unsure {
                // Bounds of which nobody says whether they are any, and which no record has.
                (stats["min"], stats["max"]) = (json!(1_u64 << 40), json!(1_u64 << 40));
                stats.as_object_mut().unwrap().remove("max_exact");
            }
            change(stats);
            put(&*shelf.inner, &key, serde_json::to_vec(&manifest).unwrap()).await;
            match dataset.snapshot(head()).await {
                Err(error) => {
                    assert!(matches!(error, Error::ManifestInvalid { .. }), "{error}");
                    judged.0 += 1;
                }
                Ok(snapshot) => {
                    for predicate in &predicates {
                        let scan = || dataset.scan(&snapshot).filter(predicate.clone());
                        let mut expected = dataset.read(&snapshot).await.unwrap();
                        expected.retain(|row| predicate.matches(row) == Some(true));
                        assert_eq!(scan().collect().await.unwrap(), expected, "{predicate}");
                        assert_eq!(scan().count().await.unwrap(), expected.len() as u64);
                    }
                    judged.1 += 1;
                }
            }
            put(&*shelf.inner, &key, shelf.before[&key].clone()).await;
        }
    }
    assert!(judged.0 > columns && judged.1 > 10 * columns, "{judged:?}");
    shelf.assert_untouched().await;
}
