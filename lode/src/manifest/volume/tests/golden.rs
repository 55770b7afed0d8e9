//! Go Lode's volume, as the golden store has it.

use std::path::Path;

use super::*;
use crate::checksum::Checksum;
use crate::layout::folder_id;
use crate::manifest::{Expect, Manifest};

const STORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/go-lode");

/// The manifests of the golden volume, oldest first, with their bytes.
pub(super) fn disk() -> Vec<(VolumeManifest, Vec<u8>)> {
    let entries = std::fs::read_dir(Path::new(STORE).join("volumes/disk/snapshots")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut ids: Vec<_> = names.filter_map(|name| folder_id(&name)).collect();
    ids.sort_unstable();
    let read = |id| {
        let id = VolumeSnapshotId::of(id);
        let key = build::place(&DISK, id);
        let bytes = std::fs::read(Path::new(STORE).join(&key)).unwrap();
        let expect = ExpectVolume { volume: &DISK, id };
        (VolumeManifest::parse(&key, &expect, &bytes).unwrap(), bytes)
    };
    ids.into_iter().map(read).collect()
}

#[test]
fn it_has_the_known_facts() {
    let added: [[(u64, u64); 2]; 3] = [
        [(0, 4096), (65536, 65536)],
        [(4096, 4096), (524_288, 1000)],
        [(1_048_064, 512), (200_000, 12345)],
    ];
    let disk = disk();
    assert_eq!(disk.len(), 3);
    let (mut blocks, mut parent) = (Vec::new(), None);
    for (i, ((manifest, bytes), added)) in disk.iter().zip(added).enumerate() {
        blocks.extend(added);
        blocks.sort_unstable();
        let found: Vec<_> = manifest.blocks.iter().map(|b| (b.offset, b.length)).collect();
        assert_eq!(found, blocks);
        assert!(manifest.is_foreign() && !manifest.is_newer_minor());
        assert_eq!(manifest.total_length, MIB);
        assert_eq!(manifest.metadata.get("commit").unwrap(), i);
        assert_eq!((manifest.write_id, &manifest.operation), (None, &None));
        assert_eq!(manifest.parent_snapshot_id, parent);
        parent = Some(manifest.snapshot_id);
        for block in &manifest.blocks {
            assert!(block.is_whole());
            let stored = std::fs::read(Path::new(STORE).join(&block.path)).unwrap();
            assert_eq!(stored.len() as u64, block.length);
            let checksum = Checksum::Md5.of(&stored);
            assert_eq!(block.checksum_in(manifest), Some(("md5", checksum.as_str())));
        }
        // Its JSON, as lode writes it, differs in the zeros of the time only.
        let json = manifest.to_json().unwrap();
        assert_eq!(parse_as(manifest, &json).unwrap().into_live().unwrap(), *manifest);
        let lines = |json: &[u8]| -> Vec<String> {
            let text = String::from_utf8(json.to_vec()).unwrap();
            text.lines().filter(|l| !l.contains("created_at")).map(str::to_owned).collect()
        };
        assert_eq!(lines(&json), lines(bytes));
        let tombstone = manifest.expire(manifest.created_at).unwrap();
        parse_as(manifest, &tombstone.to_json().unwrap()).unwrap();
    }
    assert!(disk[2].0.created_at > disk[1].0.created_at);
}

#[test]
fn null_blocks_are_no_blocks() {
    let (manifest, bytes) = disk().remove(0);
    let mut json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    json["blocks"] = serde_json::Value::Null;
    json["created_at"] = "2026-11-22T10:04:59.5+02:00".into();
    let json = serde_json::to_vec(&json).unwrap();
    let back = parse_as(&manifest, &json).unwrap().into_live().unwrap();
    assert_eq!(back.blocks, []);
    assert_eq!(back.created_at, "2026-11-22T08:04:59.5Z".parse::<DateTime<Utc>>().unwrap());
}

#[test]
fn a_dataset_is_not_a_volume_nor_the_other_way_round() {
    let at_schema_name = |error: Error| {
        let Error::ManifestInvalid { field, reason, .. } = error else { panic!("{error}") };
        assert_eq!(field, "schema_name", "{reason}");
    };
    let dataset = crate::id::DatasetId::from_static("disk");
    for (manifest, json) in [(sample(), sample().to_json().unwrap()), disk().remove(1)] {
        let id = manifest.snapshot_id.number();
        let expect = Expect { dataset: &dataset, id, prefix: "volumes/disk/" };
        at_schema_name(Manifest::parse("x", &expect, &json).unwrap_err());
        let tombstone = manifest.expire(manifest.created_at).unwrap().to_json().unwrap();
        at_schema_name(Manifest::parse("x", &expect, &tombstone).unwrap_err());
        // Not even where the rest cannot be read either.
        let text = String::from_utf8(json).unwrap();
        let odd = text.replacen("\"metadata\": {", "\"metadata\": 7, \"x\": {", 1);
        at_schema_name(Manifest::parse("x", &expect, odd.as_bytes()).unwrap_err());
    }
    let mut draft = Manifest::draft(dataset, write(0), Operation::Write);
    draft.codec = Some("jsonl".to_owned());
    let json = draft.to_json().unwrap();
    let id = VolumeSnapshotId::new(1).unwrap();
    let expect = ExpectVolume { volume: &DISK, id };
    at_schema_name(VolumeManifest::parse("x", &expect, &json).unwrap_err());
}
