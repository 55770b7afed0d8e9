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
}
