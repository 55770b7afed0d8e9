//! Tests of manifests.

mod build;
pub(super) mod damage;
mod golden;
mod rules;

use proptest::prelude::*;

use super::*;
use crate::layout::Paths;
use crate::partition::Partition;

/// Parses `json` as what it claims to be.
fn parse_as(paths: Paths, manifest: &Manifest, json: &[u8]) -> Result<Document> {
    let (dataset, id) = (&manifest.dataset_id, manifest.snapshot_id);
    let prefix = paths.prefix(dataset);
    let expect = Expect { dataset, id, prefix: &prefix };
    Document::parse(&paths.manifest(dataset, id), &expect, json)
}

proptest! {
    #[test]
    fn any_manifest_comes_back_from_its_json((paths, manifest) in arbitrary::manifest()) {
        let json = manifest.to_json().unwrap();
        let back = parse_as(paths, &manifest, &json).unwrap();
        prop_assert_eq!(&back, &Document::Live(manifest.clone()));
        let Document::Live(back) = back else { unreachable!() };
        prop_assert_eq!(back.to_json().unwrap(), json);
    }

    #[test]
    fn any_tombstone_comes_back_from_its_json(
        (paths, manifest) in arbitrary::manifest(),
        at in arbitrary::time(),
    ) {
        let tombstone = manifest.expire(paths, at).unwrap();
        let back = parse_as(paths, &manifest, &tombstone.to_json().unwrap()).unwrap();
        prop_assert_eq!(back.write_id(), manifest.write_id);
        prop_assert_eq!(back.idempotency_key(), manifest.idempotency_key.as_deref());
        prop_assert_eq!(back.last_gc(), manifest.last_gc);
        prop_assert_eq!(back.parent_snapshot_id(), manifest.parent_snapshot_id);
        prop_assert_eq!(&back, &Document::Tombstone(tombstone.clone()));
        let paths_of = |files: &[FileRef]| files.iter().map(|f| f.path.clone()).collect::<Vec<_>>();
        for path in paths_of(&manifest.files) {
            prop_assert!(paths_of(&tombstone.expired_files).contains(&path));
        }
        for attachment in &manifest.attachments {
            prop_assert!(paths_of(&tombstone.expired_files).contains(&attachment.path));
        }
        let is_expired = matches!(back.into_live(), Err(Error::Expired { .. }));
        prop_assert!(is_expired);
    }
}

#[test]
fn the_fields_stand_in_the_documents_order() {
    let (paths, mut manifest) = sample();
    manifest.idempotency_key = Some("k".to_owned());
    manifest.last_gc = Some(GcRef::new(SnapshotId::FIRST, manifest.write_id.unwrap()));
    manifest.attachments.push(Attachment {
        name: "index".to_owned(),
        path: paths.attachment(&manifest.dataset_id, manifest.write_id.unwrap(), 0),
        size_bytes: 3,
        checksum: None,
    });
    let json = manifest.finish(paths, None).unwrap().to_json().unwrap();
    let text = String::from_utf8(json).unwrap();
    let top = text.lines().filter_map(|line| line.strip_prefix("  \"")?.split('"').next());
    let expected = [
        "schema_name",
        "format_version",
        "dataset_id",
        "snapshot_id",
        "created_at",
        "metadata",
        "files",
        "parent_snapshot_id",
        "row_count",
        "min_timestamp",
        "max_timestamp",
        "codec",
        "compressor",
        "partitioner",
        "checksum_algorithm",
        "write_id",
        "operation",
        "writer",
        "last_gc",
        "idempotency_key",
        "schemas",
        "attachments",
    ];
    assert_eq!(top.collect::<Vec<_>>(), expected);
    assert!(text.contains("\"snapshot_id\": \"0000000000000000002\""), "{text}");
    assert!(text.contains("\"created_at\": \"2026-11-22T08:04:59.567980784Z\""), "{text}");
    assert!(text.contains("\"min_timestamp\": \"2013-01-01T00:00:00.000000000Z\""), "{text}");
    assert!(text.contains("\"format_version\": \"1.2.0\""), "{text}");
}

#[test]
fn the_list_of_a_clean_up_comes_back() {
    let (_, manifest) = sample();
    let list = GcList {
        previous: Some(GcRef::new(SnapshotId::FIRST, manifest.write_id.unwrap())),
        condemned: vec!["datasets/flights/data/a/00000.jsonl".to_owned()],
    };
    assert_eq!(GcList::parse("gc/a.json", &list.to_json().unwrap()).unwrap(), list);
    let text = String::from_utf8(list.to_json().unwrap()).unwrap();
    assert!(text.contains("\"0000000000000000001-018f0000000070008000000000000000\""), "{text}");

    let error = GcList::parse("gc/a.json", br#"{"condemned": ["a", 1]}"#).unwrap_err();
    assert!(matches!(error, Error::ManifestInvalid { field, .. } if field == "condemned[1]"));
    assert!(GcList::parse("gc/a.json", br#"{"previous": null}"#).is_err());
    assert!(GcList::parse("gc/a.json", br#"[null, []]"#).is_err());
    assert!(GcList::parse("gc/a.json", br#"{"condemned": []} x"#).is_err());
}

/// A plain manifest with two files in a hive layout.
fn sample() -> (Paths, Manifest) {
    let write = WriteId::parse("018f0000000070008000000000000000").unwrap();
    let dataset = DatasetId::from_static("flights");
    let mut manifest = Manifest::draft(dataset.clone(), write, Operation::Write);
    manifest.snapshot_id = SnapshotId::new(2).unwrap();
    manifest.parent_snapshot_id = Some(SnapshotId::FIRST);
    manifest.created_at = "2026-11-22T08:04:59.567980784Z".parse().unwrap();
    manifest.min_timestamp = Some("2013-01-01T00:00:00Z".parse().unwrap());
    manifest.max_timestamp = Some("2013-12-31T23:00:00.5Z".parse().unwrap());
    manifest.codec = Some("jsonl".to_owned());
    manifest.partitioner = Partitioner::Hive;
    manifest.checksum_algorithm = Some("xxh3-128".to_owned());
    manifest.schemas = vec![arbitrary::schema(0)];
    for (i, carrier) in ["AA", "UA"].into_iter().enumerate() {
        let partition = Partition::new([("carrier", Some(carrier))]).unwrap();
        let path = Paths::Hive.data(&dataset, write, 0, Some(&partition), ".jsonl");
        let mut file = FileRef::new(path, 100);
        file.checksum = Some(format!("{i:032x}"));
        file.row_count = Some(10);
        file.schema = Some(0);
        file.partition = Some(partition);
        file.stats = Some(FileStats {
            row_count: 10,
            columns: vec![ColumnStats { name: "gate".to_owned(), ..ColumnStats::default() }],
        });
        manifest.files.push(file);
    }
    manifest.row_count = 20;
    (Paths::Hive, manifest.finish(Paths::Hive, None).unwrap())
}

#[test]
fn the_deepest_metadata_is_read_back() {
    let (paths, mut manifest) = sample();
    let nested = (0..100).fold(serde_json::json!(1), |inner, _| serde_json::json!({ "a": inner }));
    manifest.metadata = Metadata::of(&nested).unwrap();
    let back = parse_as(paths, &manifest, &manifest.to_json().unwrap()).unwrap();
    assert_eq!(back, Document::Live(manifest));
}
