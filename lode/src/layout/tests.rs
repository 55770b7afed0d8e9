//! Tests of the grammar of keys.

use proptest::prelude::*;

use super::*;
use crate::commit::Chain;
use crate::dataset::DatasetChain;
use crate::id::{DatasetId, SnapshotId, WriteId};
use crate::manifest::arbitrary::{dataset_id, write_id};
use crate::partition::Partition;

const DATASET: DatasetId = DatasetId::from_static("events");

/// A dataset in a layout.
fn chain(paths: Paths, dataset: &DatasetId) -> DatasetChain {
    DatasetChain { dataset: dataset.clone(), paths }
}

#[test]
fn keys_are_those_of_the_format() {
    let id = SnapshotId::new(42).unwrap();
    let write = WriteId::parse("018f0000000070008000000000000000").unwrap();
    let partition = Partition::new([("carrier", Some("U/A")), ("day", None)]).unwrap();
    let data = |paths: Paths| paths.data(&DATASET, write, 7, Some(&partition), ".jsonl.zst");

    let keys = Paths::ALL.map(|paths| paths.manifest(&DATASET, id));
    assert_eq!(keys[0], "datasets/events/snapshots/0000000000000000042/manifest.json");
    assert_eq!(keys[1], "datasets/events/segments/0000000000000000042/manifest.json");
    assert_eq!(keys[2], "events/0000000000000000042/manifest.json");

    let keys = Paths::ALL.map(data);
    let name = "018f0000000070008000000000000000";
    assert_eq!(keys[0], format!("datasets/events/data/{name}/00007.jsonl.zst"));
    let folders = "carrier=U%2FA/day=__HIVE_DEFAULT_PARTITION__";
    assert_eq!(keys[1], format!("datasets/events/partitions/{folders}/{name}-00007.jsonl.zst"));
    assert_eq!(keys[2], format!("events/data/{name}/00007.jsonl.zst"));

    assert_eq!(chain(Paths::Default, &DATASET).hint(), "datasets/events/latest");
    assert_eq!(chain(Paths::Hive, &DATASET).hint(), "datasets/events/latest");
    assert_eq!(chain(Paths::Flat, &DATASET).hint(), "events/latest");
    assert_eq!(
        chain(Paths::Hive, &DATASET).gc_list(write),
        format!("datasets/events/gc/{name}.json")
    );
    let attachment = Paths::Flat.attachment(&DATASET, write, 1);
    assert_eq!(attachment, format!("events/attachments/{name}/00001.bin"));
}

#[test]
fn only_manifests_belong_to_a_snapshot() {
    let prefix = "datasets/events/snapshots";
    let id = "0000000000000000042";
    let bad = [
        format!("{prefix}/42/manifest.json"),
        format!("{prefix}/{id}/manifest.json.tmp"),
        format!("{prefix}/{id}/data/manifest.json"),
        format!("{prefix}/{id}"),
        format!("{prefix}/00000000000000000042/manifest.json"),
        format!("{prefix}/0000000000000000000/manifest.json"),
        format!("{prefix}/9999999999999999999/manifest.json"),
        format!("{prefix}/+000000000000000042/manifest.json"),
        format!("datasets/events2/snapshots/{id}/manifest.json"),
        format!("datasets/events/segments/{id}/manifest.json"),
        format!("datasets/events/partitions/day=1/segments/{id}/manifest.json"),
        "datasets/events/latest".to_owned(),
        String::new(),
    ];
    for key in bad {
        assert_eq!(chain(Paths::Default, &DATASET).snapshot_of(&key), None, "{key}");
    }
    let key = format!("{prefix}/1795334699775611480/manifest.json");
    let id = chain(Paths::Default, &DATASET).snapshot_of(&key).unwrap();
    assert_eq!(id.get(), 1_795_334_699_775_611_480);
}

#[test]
fn listings_end_in_a_slash() {
    for paths in Paths::ALL {
        for folder in [paths.prefix(&DATASET), paths.manifests(&DATASET)] {
            assert!(folder.ends_with('/'), "{folder}");
        }
        assert!(paths.datasets().is_none_or(|folder| folder.ends_with('/')));
    }
}

proptest! {
    #[test]
    fn keys_come_back(dataset in dataset_id(), id in 1..i64::MAX as u64, write in write_id()) {
        let id = SnapshotId::new(id).unwrap();
        for paths in Paths::ALL {
            let manifest = paths.manifest(&dataset, id);
            prop_assert_eq!(chain(paths, &dataset).snapshot_of(&manifest), Some(id));
            let keys = [
                chain(paths, &dataset).hint(),
                paths.data(&dataset, write, 0, None, ".x"),
                chain(paths, &dataset).gc_list(write),
                paths.attachment(&dataset, write, 0),
            ];
            for key in keys.iter().chain([&manifest]) {
                prop_assert!(key.starts_with(&paths.prefix(&dataset)));
                let path = object_store::path::Path::parse(key).unwrap();
                prop_assert_eq!(path.as_ref(), key);
                prop_assert_eq!(chain(paths, &dataset).snapshot_of(key).is_some(), *key == manifest);
            }
        }
    }

    /// A clean-up deletes by these names: none is taken for another write's, nor for another layout's
    /// or dataset's, nor anything that was made of one.
    #[test]
    fn keys_of_data_say_which_write_they_are_of(
        dataset in dataset_id(),
        write in write_id(),
        part in prop_oneof![0..100_000_u32, any::<u32>()],
        partition in prop_oneof![
            Just(None),
            "[a-z%/= é.]{1,12}".prop_map(|value| Partition::new([("k", Some(value.as_str())), ("z", None)]).ok()),
        ],
        extension in prop_oneof![Just(String::new()), "(\\.[a-z0-9_+-]{1,6}){1,3}"],
        (at, with) in (any::<proptest::sample::Index>(), "[^0-9a-z]"),
    ) {
        for paths in Paths::ALL {
            let keys = [
                paths.data(&dataset, write, part, partition.as_ref(), &extension),
                paths.attachment(&dataset, write, part),
            ];
            for key in &keys {
                prop_assert_eq!(paths.write_of(&dataset, key), Some(write), "{}", key);
                prop_assert!(paths.data_folders(&dataset).iter().any(|folder| key.starts_with(folder)));
                if let Ok(other) = DatasetId::new(format!("{dataset}2")) {
                    prop_assert_eq!(paths.write_of(&other, key), None, "{}", key);
                }
                for bad in [format!("{key}/x"), format!("x/{key}"), format!("{key}#1"), format!("{key}."), format!("{key}\n")] {
                    prop_assert_eq!(paths.write_of(&dataset, &bad), None, "{}", bad);
                }
                // In the write id, or just beside it: another character, or one too many or too few.
                let id = key.find(&write.to_string()).unwrap();
                let at = id + at.index(32);
                let mut other = key.clone();
                other.replace_range(at..=at, &with);
                prop_assert_eq!(paths.write_of(&dataset, &other), None, "{}", other);
                let mut shorter = key.clone();
                shorter.remove(at);
                let mut longer = key.clone();
                longer.insert(at, '0');
                for other in [shorter, longer] {
                    prop_assert_eq!(paths.write_of(&dataset, &other), None, "{}", other);
                }
            }
            for key in [
                paths.manifest(&dataset, SnapshotId::FIRST),
                chain(paths, &dataset).hint(),
                chain(paths, &dataset).gc_list(write),
            ] {
                for any in Paths::ALL {
                    prop_assert_eq!(any.write_of(&dataset, &key), None, "{}", key);
                }
            }
        }
        // Hive keeps data elsewhere than the others.
        for (paths, other) in [(Paths::Hive, Paths::Default), (Paths::Default, Paths::Hive)] {
            let key = paths.data(&dataset, write, part, partition.as_ref(), &extension);
            prop_assert_eq!(other.write_of(&dataset, &key), None, "{}", key);
        }
    }
}

#[test]
fn names_that_are_like_lodes_are_not() {
    let id = "018f0000000070008000000000000000";
    let of = |key: &str| Paths::Default.write_of(&DATASET, key);
    let hive = |key: &str| Paths::Hive.write_of(&DATASET, key);
    assert!(of(&format!("datasets/events/data/{id}/00000")).is_some());
    assert!(of(&format!("datasets/events/data/{id}/4294967295.bin")).is_some());
    for name in [
        "0000",
        "000000",
        "+0000",
        "-0001",
        "0000a",
        "4294967296",
        "00000..bin",
        "00000.",
        "00000.b#1",
        "00000.b n",
        "00000.é",
        "00000bin",
        ".bin",
        "00000-1.bin",
        " 00000",
        "",
    ] {
        assert_eq!(of(&format!("datasets/events/data/{id}/{name}")), None, "{name:?}");
        assert_eq!(of(&format!("datasets/events/attachments/{id}/{name}")), None, "{name:?}");
        let key = format!("datasets/events/partitions/k=v/{id}-{name}");
        assert_eq!(hive(&key), None, "{name:?}");
    }
    for key in [
        format!("datasets/events/attachments/{id}/00000.txt"),
        format!("datasets/events/attachments/{id}/00000.bin.gz"),
        format!("datasets/events/data/{}/00000.bin", id.to_uppercase()),
        format!("datasets/events/data//{id}/00000.bin"),
        format!("/datasets/events/data/{id}/00000.bin"),
        format!("datasets/events/snapshots/0000000000000000001/data/{id}/00000.bin"),
    ] {
        assert_eq!(of(&key), None, "{key}");
    }
    for folders in ["k", "=v", "k=v/", "/k=v", "k=v//l=w", "k=%2f", "k=a b", "k=v/k=w", "k=%41"] {
        let key = format!("datasets/events/partitions/{folders}/{id}-00000.jsonl");
        assert_eq!(hive(&key), None, "{key}");
    }
    assert!(hive(&format!("datasets/events/partitions/k=%2F/{id}-00000.jsonl")).is_some());
    assert!(hive(&format!("datasets/events/partitions/{id}-00000.jsonl")).is_some());
}
