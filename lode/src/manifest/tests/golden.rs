//! Go Lode's manifests, as the golden store has them.

use std::path::Path;

use super::*;
use crate::error::Error;

const STORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/go-lode");

/// The manifests of a golden dataset, oldest first.
pub(super) fn manifests(paths: Paths, dataset: &str) -> Vec<Manifest> {
    let dataset = DatasetId::new(dataset).unwrap();
    let folder = Path::new(STORE).join(paths.manifests(&dataset));
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut ids: Vec<_> = names.filter_map(|name| crate::layout::folder_id(&name)).collect();
    ids.sort_unstable();
    let prefix = paths.prefix(&dataset);
    let read = |id| {
        let key = paths.manifest(&dataset, id);
        let bytes = std::fs::read(Path::new(STORE).join(&key)).unwrap();
        let expect = Expect { dataset: &dataset, id, prefix: &prefix };
        Manifest::parse(&key, &expect, &bytes).unwrap()
    };
    ids.into_iter().map(read).collect()
}

#[test]
fn all_of_them_have_the_known_facts() {
    type Known = (Paths, &'static str, &'static [u64], Option<&'static str>, &'static str);
    let known: [Known; 8] = [
        (Paths::Default, "blobs", &[1, 1], None, "noop"),
        (Paths::Default, "blobs-gzip", &[1], None, "gzip"),
        (Paths::Default, "events-jsonl", &[1000, 500, 250], Some("jsonl"), "gzip"),
        (Paths::Default, "events-zstd", &[2000, 1], Some("jsonl"), "zstd"),
        (Paths::Default, "empty-jsonl", &[0], Some("jsonl"), "noop"),
        (Paths::Hive, "events-hive", &[400, 150], Some("jsonl"), "gzip"),
        (Paths::Default, "parquet-snappy", &[1000, 1], Some("parquet"), "noop"),
        (Paths::Flat, "flat-events", &[100, 10], Some("jsonl"), "gzip"),
    ];
    for (paths, dataset, rows, codec, compressor) in known {
        let found = manifests(paths, dataset);
        assert_eq!(found.iter().map(|m| m.row_count).collect::<Vec<_>>(), rows, "{dataset}");
        let mut parent = None;
        for manifest in found {
            assert_eq!(manifest.codec.as_deref(), codec, "{dataset}");
            assert_eq!(manifest.compressor, compressor, "{dataset}");
            assert_eq!(manifest.is_blob(), codec.is_none(), "{dataset}");
            assert!(manifest.is_foreign() && !manifest.is_newer_minor());
            assert_eq!(manifest.write_id, None);
            assert_eq!(manifest.parent_snapshot_id, parent);
            parent = Some(manifest.snapshot_id);
            for file in &manifest.files {
                let stored = Path::new(STORE).join(&file.path);
                assert_eq!(stored.metadata().unwrap().len(), file.size_bytes, "{}", file.path);
                let checksum = file.checksum_in(&manifest);
                assert_eq!(checksum.map(|(name, _)| name), manifest.checksum_algorithm.as_deref());
                assert_eq!(file.codec_in(&manifest), codec);
                assert_eq!(file.compressor_in(&manifest), compressor);
            }
            // Its JSON, as lode writes it, says the same.
            let json = manifest.to_json().unwrap();
            let again = parse_as(paths, &manifest, &json).unwrap();
            assert_eq!(again, Document::Live(manifest));
        }
    }
}

#[test]
fn blobs_have_the_known_sizes() {
    let blobs = manifests(Paths::Default, "blobs");
    assert_eq!(blobs.iter().map(Manifest::size_bytes).collect::<Vec<_>>(), [11, 262_144]);
    assert_eq!(blobs[1].metadata.get("html").unwrap(), "<&>");
    assert_eq!(blobs[1].metadata.get("nil").unwrap(), &serde_json::Value::Null);
}

#[test]
fn null_files_are_no_files() {
    assert_eq!(manifests(Paths::Default, "empty-jsonl")[0].files, []);
}

#[test]
fn times_of_any_zone_are_read() {
    let events = manifests(Paths::Default, "events-jsonl");
    assert_eq!(events[2].min_timestamp, Some("2024-01-01T00:00:55.5Z".parse().unwrap()));
    assert_eq!(events[2].max_timestamp, Some("2024-01-01T00:01:04.713Z".parse().unwrap()));
}

#[test]
fn partitions_are_read_from_the_paths() {
    let events = manifests(Paths::Hive, "events-hive");
    let days = |manifest: &Manifest| {
        let partitions = manifest.files.iter().map(|file| file.partition().unwrap().into_owned());
        partitions.map(|p| p.get("day").unwrap().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(days(&events[0]), ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]);
    assert_eq!(days(&events[1]), ["2024-01-01", "2024-01-02", "2024-01-03"]);
    assert_eq!(events[0].partition_keys(), ["day"]);
    assert_eq!(manifests(Paths::Default, "events-jsonl")[0].partition_keys(), [""; 0]);
}

#[test]
fn a_dataset_can_be_called_partitions() {
    let partition = |path: &str| {
        FileRef::new(path, 1).partition().map(|partition| partition.into_owned().to_string())
    };
    for (path, expected) in [
        ("datasets/partitions/partitions/day=1/segments/7/data/data", Some("day=1")),
        ("datasets/partitions/partitions/a=1/b=2/x-00000.jsonl", Some("a=1/b=2")),
        ("datasets/d/partitions/partitions=1/x", Some("partitions=1")),
        ("datasets/partitions/partitions/a=1", None),
        ("datasets/partitions/data/a=1/x", None),
        ("datasets/partitions/partitions/a=%zz/x", None),
    ] {
        assert_eq!(partition(path).as_deref(), expected, "{path}");
    }
}

#[test]
fn statistics_are_exact() {
    let parquet = manifests(Paths::Default, "parquet-snappy");
    let stats = parquet[0].files[0].stats.as_ref().unwrap();
    assert_eq!(parquet[0].files[0].rows(), Some(1000));
    let i64s = stats.columns.iter().find(|column| column.name == "i64").unwrap();
    assert_eq!(i64s.min, Some((-9_178_887_669_915_175_037_i64).into()));
    assert_eq!(i64s.max, Some(9_212_762_409_664_485_248_i64.into()));
    assert_eq!(i64s.nan_count, None);
}

#[test]
fn a_volume_is_not_a_dataset() {
    let id = "1795334699773626758";
    let key = format!("volumes/disk/snapshots/{id}/manifest.json");
    let bytes = std::fs::read(Path::new(STORE).join(&key)).unwrap();
    let dataset = DatasetId::from_static("disk");
    let expect = Expect { dataset: &dataset, id: id.parse().unwrap(), prefix: "volumes/disk/" };
    let error = Manifest::parse(&key, &expect, &bytes).unwrap_err();
    assert!(matches!(error, Error::ManifestInvalid { field, .. } if field == "schema_name"));
}
