//! Any bytes as a manifest or tombstone of a volume: it parses, keeps the promises that reading
//! counts on, and says the same when it is written again, or an error names the object and a field.

use lode::manifest::{BlockRef, ExpectVolume, VolumeDocument};
use lode::{Error, VolumeId, VolumeSnapshotId};
use serde_json::Value;

const PATH: &str = "the/path/of/manifest.json";

pub fn run(data: &[u8]) {
    // As if it were read from where it says that it is.
    let json: Value = serde_json::from_slice(data).unwrap_or_default();
    let text = |field: &str| json.get(field).and_then(Value::as_str).map(str::to_owned);
    let volume = text("volume_id").and_then(|id| VolumeId::new(id).ok());
    let volume = volume.unwrap_or_else(|| VolumeId::new("v").unwrap());
    let id = text("snapshot_id").and_then(|id| id.parse().ok());
    let id = id.unwrap_or_else(|| VolumeSnapshotId::new(1).unwrap());
    check(&ExpectVolume { volume: &volume, id }, data);
}

fn check(expect: &ExpectVolume<'_>, data: &[u8]) {
    let document = match VolumeDocument::parse(PATH, expect, data) {
        Ok(document) => document,
        Err(Error::ManifestInvalid { path, field, reason }) => {
            assert_eq!(path, PATH);
            assert!(!field.is_empty() && !reason.is_empty());
            return;
        }
        Err(Error::UnsupportedVersion { path, .. }) => return assert_eq!(path, PATH),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(document.snapshot_id(), expect.id);
    let written = match &document {
        VolumeDocument::Live(manifest) => {
            check_blocks(expect, &manifest.blocks, manifest.total_length);
            manifest.to_json()
        }
        VolumeDocument::Tombstone(tombstone) => {
            check_blocks(expect, &tombstone.expired_blocks, i64::MAX as u64);
            tombstone.to_json()
        }
    };
    let written = written.unwrap();
    let again = VolumeDocument::parse(PATH, expect, &written).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again, document);
}

/// Sorted, disjoint, inside the volume and inside their objects, which lie in its folder.
fn check_blocks(expect: &ExpectVolume<'_>, blocks: &[BlockRef], length: u64) {
    let folder = format!("volumes/{}/data/", expect.volume);
    let mut end = 0;
    for block in blocks {
        assert!(block.length > 0 && block.offset >= end);
        end = block.offset.checked_add(block.length).unwrap();
        assert!(end <= length);
        assert!(block.path_offset.checked_add(block.length).unwrap() <= block.object_length);
        assert!(block.path.starts_with(&folder));
    }
}
