//! Tests of how manifests are made.

use chrono::Timelike;

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
