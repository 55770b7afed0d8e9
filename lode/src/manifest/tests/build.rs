//! Tests of how manifests are made.

use chrono::Timelike;
use proptest::prelude::*;

use super::*;

/// The child of the sample, with one file of its own; `codec` and `compressor` are its.
fn child(parent: &Manifest, codec: &str, compressor: &str) -> Manifest {
    let write = WriteId::parse("018f0000000070008000000000000001").unwrap();
    let mut child = Manifest::draft(parent.dataset_id.clone(), write, Operation::Append);
    child.snapshot_id = parent.snapshot_id.next().unwrap();
    child.parent_snapshot_id = Some(parent.snapshot_id);
    child.codec = Some(codec.to_owned());
    child.compressor = compressor.to_owned();
    child.checksum_algorithm = Some("xxh3-128".to_owned());
    child.schemas = vec![arbitrary::schema(1)];
    let mut file = FileRef::new(format!("datasets/flights/partitions/carrier=B6/{write}-0"), 9);
    (file.row_count, file.schema) = (Some(5), Some(0));
    file.checksum = Some("f".repeat(32));
    child.files.push(file);
    child.row_count = 5;
    child
}

#[test]
fn carried_files_keep_their_meaning() {
    let (paths, parent) = sample();
    let mut child = child(&parent, "bincode", "zstd");
    assert_eq!(child.carry(&parent, |_| true), Some(20));
    child.row_count += 20;
    let child = child.finish(paths, Some(&parent)).unwrap();

    assert_eq!(child.format_version.to_string(), "2.0.0");
    assert_eq!(child.codec.as_deref(), Some("mixed"));
    assert_eq!(child.min_timestamp, parent.min_timestamp);
    let facts = child.files.iter().map(|file| {
        let (name, _) = file.checksum_in(&child).unwrap();
        let schema = &child.schemas[file.schema.unwrap()];
        (file.codec_in(&child).unwrap(), file.compressor_in(&child), name, schema)
    });
    let (own, parents) = (arbitrary::schema(1), arbitrary::schema(0));
    let old = ("jsonl", "noop", "xxh3-128", &parents);
    let new = ("bincode", "zstd", "xxh3-128", &own);
    assert_eq!(facts.collect::<Vec<_>>(), [old, new, old]);
    // Finishing again changes nothing.
    assert_eq!(child.clone().finish(paths, Some(&parent)).unwrap(), child);
}

#[test]
fn names_that_all_files_share_stand_in_the_manifest() {
    let (paths, parent) = sample();
    let mut same = child(&parent, "jsonl", "noop");
    same.row_count += same.carry(&parent, |_| true).unwrap();
    let same = same.finish(paths, Some(&parent)).unwrap();
    assert_eq!(same.format_version.to_string(), "1.1.0");
    assert_eq!(same.codec.as_deref(), Some("jsonl"));
    assert!(same.files.iter().all(|file| file.codec.is_none() && file.compressor.is_none()));

    // A restored snapshot is read as it was written, whatever the writer is set to.
    let mut restored = child(&parent, "parquet", "zstd");
    restored.files.clear();
    restored.row_count = restored.carry(&parent, |_| true).unwrap();
    let restored = restored.finish(paths, Some(&parent)).unwrap();
    assert_eq!(restored.format_version.to_string(), "1.1.0");
    assert_eq!(restored.codec.as_deref(), Some("jsonl"));
    assert_eq!(restored.compressor, "noop");
}

#[test]
fn a_compressor_of_its_own_makes_the_codec_mixed() {
    let (paths, parent) = sample();
    let mut child = child(&parent, "jsonl", "zstd");
    child.row_count += child.carry(&parent, |_| true).unwrap();
    let child = child.finish(paths, Some(&parent)).unwrap();
    assert_eq!(child.codec.as_deref(), Some("mixed"));
    assert!(child.files.iter().all(|file| file.codec.as_deref() == Some("jsonl")));
    assert_eq!(child.compressor, "zstd");
}

#[test]
fn records_are_counted_as_far_as_they_are_known() {
    let (_, mut parent) = sample();
    let rows = |parent: &Manifest, keep: fn(&FileRef) -> bool| {
        child(parent, "jsonl", "noop").carry(parent, keep)
    };
    let first: fn(&FileRef) -> bool = |file| file.path.contains("AA");
    assert_eq!(rows(&parent, first), Some(10));
    for counted in [false, true] {
        let file = &mut parent.files[usize::from(counted)];
        (file.row_count, file.stats) = (None, None);
        assert_eq!(rows(&parent, |_| true), Some(20));
        assert_eq!(rows(&parent, |_| false), Some(0));
        // The first time by those left out, the second time not at all.
        assert_eq!(rows(&parent, first), if counted { None } else { Some(10) });
    }
}

#[test]
fn children_keep_the_revision_of_their_parent() {
    let (paths, mut parent) = sample();
    for (parents, childs) in [("1.0.0", "1.1.0"), ("1.2.0", "1.2.0"), ("2.1.0", "1.2.0")] {
        parent.format_version = FormatVersion::parse(parents).unwrap();
        let child = child(&parent, "jsonl", "noop").finish(paths, Some(&parent)).unwrap();
        assert_eq!(child.format_version.to_string(), childs);
    }
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let (paths, parent) = sample();
    let refused = |edit: fn(&mut Manifest)| {
        let mut child = child(&parent, "jsonl", "noop");
        edit(&mut child);
        match child.finish(paths, Some(&parent)) {
            Err(Error::ManifestInvalid { path, field, .. }) => {
                assert_eq!(path, "datasets/flights/segments/0000000000000000003/manifest.json");
                field
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|m| m.row_count = 7), "row_count");
    assert_eq!(refused(|m| m.files[0].path = "x".to_owned()), "files[0].path");
    assert_eq!(refused(|m| m.created_at = DateTime::<Utc>::MAX_UTC), "created_at");
    assert_eq!(refused(|m| m.codec = Some("mixed".to_owned())), "files[0].codec");
    let beyond = |m: &mut Manifest| {
        m.min_timestamp = Some(DateTime::<Utc>::MIN_UTC);
        m.max_timestamp = Some(DateTime::<Utc>::MAX_UTC);
    };
    assert_eq!(refused(beyond), "min_timestamp");
}

#[test]
fn leap_seconds_are_written_as_what_they_sort_as() {
    let (paths, parent) = sample();
    let mut child = child(&parent, "jsonl", "noop");
    let leap = "2016-12-31T23:59:59Z".parse::<DateTime<Utc>>().unwrap();
    let leap = leap.with_nanosecond(1_500_000_000).unwrap();
    (child.min_timestamp, child.max_timestamp) = (Some(leap), Some(leap));
    let child = child.finish(paths, Some(&parent)).unwrap();
    assert_eq!(child.max_timestamp, Some("2017-01-01T00:00:00.5Z".parse().unwrap()));
    let back = parse_as(paths, &child, &child.to_json().unwrap()).unwrap();
    assert_eq!(back, Document::Live(child));
    assert!(!is_writable(DateTime::<Utc>::MAX_UTC) && !is_writable(DateTime::<Utc>::MIN_UTC));
    assert!(is_writable(MIN_TIMESTAMP) && is_writable(MAX_TIMESTAMP));
}

/// What reading a file depends on.
fn facts(manifest: &Manifest, file: &FileRef) -> impl PartialEq + std::fmt::Debug {
    (
        file.codec_in(manifest).map(str::to_owned),
        file.compressor_in(manifest).to_owned(),
        file.checksum_in(manifest).map(|(name, sum)| (name.to_owned(), sum.to_owned())),
        file.schema.map(|index| manifest.schemas[index].clone()),
        (file.size_bytes, file.stats.clone()),
        file.partition().map(std::borrow::Cow::into_owned),
    )
}

proptest! {
    #[test]
    fn any_carried_file_keeps_its_meaning(
        (paths, parent) in arbitrary::manifest(),
        write_id in arbitrary::write_id(),
        algorithm in prop::option::of(Just("md5".to_owned())),
        adds in any::<bool>(),
    ) {
        prop_assume!(Some(write_id) != parent.write_id && parent.snapshot_id.next().is_ok());
        let mut child = Manifest::draft(parent.dataset_id.clone(), write_id, Operation::Append);
        child.snapshot_id = parent.snapshot_id.next().unwrap();
        child.parent_snapshot_id = Some(parent.snapshot_id);
        child.created_at = parent.created_at;
        child.codec = parent.codec.is_some().then(|| "jsonl".to_owned());
        child.compressor = "zstd".to_owned();
        child.checksum_algorithm = algorithm;
        if adds && !parent.is_blob() {
            let path = paths.data(&parent.dataset_id, write_id, 0, None, ".jsonl");
            child.files.push(FileRef { row_count: Some(0), ..FileRef::new(path, 0) });
        }
        child.row_count = child.carry(&parent, |_| true).unwrap();
        let child = child.finish(paths, Some(&parent)).unwrap();

        prop_assert_eq!(child.row_count, parent.row_count);
        for file in &parent.files {
            let carried = child.files.iter().find(|found| found.path == file.path).unwrap();
            prop_assert_eq!(facts(&child, carried), facts(&parent, file));
        }
        let json = child.to_json().unwrap();
        prop_assert_eq!(parse_as(paths, &child, &json).unwrap(), Document::Live(child));
    }
}

#[test]
fn a_go_history_is_continued() {
    let parent = golden::manifests(Paths::Default, "events-jsonl").pop().unwrap();
    let mut next = child(&parent, "jsonl", "zstd");
    next.files[0].path = "datasets/events-jsonl/data/x/00000.jsonl.zst".to_owned();
    next.row_count += next.carry(&parent, |_| true).unwrap();
    let next = next.finish(Paths::Default, Some(&parent)).unwrap();

    assert_eq!(next.row_count, 255);
    assert_eq!(next.format_version.to_string(), "2.0.0");
    let old = next.files.iter().find(|file| file.path == parent.files[0].path).unwrap();
    assert_eq!(old.rows(), Some(250));
    assert_eq!(old.compressor_in(&next), "gzip");
    let md5 = Some(("md5", "7cf23516eab767cc1406ae31e9cf2e35"));
    assert_eq!(old.checksum_in(&next), md5);

    // Of Hive snapshots only the sum of the counts is known.
    let parent = golden::manifests(Paths::Hive, "events-hive").pop().unwrap();
    let mut next = child(&parent, "jsonl", "zstd");
    assert_eq!(next.carry(&parent, |file| !file.path.contains("day=2024-01-02")), None);
    assert_eq!(child(&parent, "jsonl", "zstd").carry(&parent, |_| true), Some(150));
}

#[test]
fn files_without_a_checksum_have_no_say_in_its_algorithm() {
    let (paths, mut parent) = sample();
    parent.files[0].checksum = None;
    parent.checksum_algorithm = Some("md5".to_owned());
    let mut restored = child(&parent, "jsonl", "noop");
    restored.files.clear();
    restored.row_count = restored.carry(&parent, |_| true).unwrap();
    let restored = restored.finish(paths, Some(&parent)).unwrap();
    assert_eq!(restored.format_version.to_string(), "1.1.0");
    assert_eq!(restored.checksum_algorithm.as_deref(), Some("md5"));
    assert_eq!(restored.files[0].checksum_in(&restored), None);
}
