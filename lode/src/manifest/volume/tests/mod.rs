//! Tests of the manifests of volumes.

mod build;
mod damage;
mod golden;
mod rules;

use proptest::prelude::*;

use super::*;
use crate::id::SnapshotId;
use crate::manifest::arbitrary::time;

const DISK: VolumeId = VolumeId::from_static("disk");
const MIB: u64 = 1 << 20;

/// Parses `json` as what it claims to be.
fn parse_as(manifest: &VolumeManifest, json: &[u8]) -> Result<VolumeDocument> {
    let (volume, id) = (&manifest.volume_id, manifest.snapshot_id);
    let path = build::place(volume, id);
    VolumeDocument::parse(&path, &ExpectVolume { volume, id }, json)
}

/// The write id and session of the samples, one for each number.
fn write(number: u8) -> WriteId {
    WriteId::parse(&format!("018f00000000700080000000000000{number:02x}")).unwrap()
}

/// A block that lode staged; its checksum is made of its offset.
fn block(offset: u64, length: u64) -> BlockRef {
    let checksum = format!("{offset:032x}");
    let (base, session) = ("0000000000000000000", write(0));
    BlockRef {
        offset,
        length,
        path: format!(
            "volumes/disk/data/{offset}-{length}-{base}-w-{session}-00000-{checksum}.bin"
        ),
        path_offset: 0,
        object_length: length,
        checksum: Some(checksum),
        checksum_algorithm: None,
    }
}

/// The bytes `from..to` of a block.
fn part(whole: &BlockRef, from: u64, to: u64) -> BlockRef {
    BlockRef { offset: whole.offset + from, length: to - from, path_offset: from, ..whole.clone() }
}

/// The second snapshot of a volume, with two blocks.
fn sample() -> VolumeManifest {
    let mut manifest = VolumeManifest::draft(DISK, write(1), Operation::Commit, MIB);
    manifest.snapshot_id = VolumeSnapshotId::new(2).unwrap();
    manifest.parent_snapshot_id = VolumeSnapshotId::new(1).ok();
    manifest.created_at = "2026-11-22T08:04:59.567980784Z".parse().unwrap();
    manifest.blocks = vec![block(4096, 100), block(0, 4096)];
    manifest.finish(None).unwrap()
}

/// The same, where an overwrite has replaced the middle of a block.
fn split() -> VolumeManifest {
    let mut manifest = sample();
    let whole = block(8192, 1000);
    manifest.blocks.extend([part(&whole, 0, 100), part(&whole, 900, 1000), block(8292, 800)]);
    manifest.finish(None).unwrap()
}

proptest! {
    #[test]
    fn any_manifest_of_a_volume_comes_back_from_its_json(
        manifest in arbitrary::volume_manifest(),
    ) {
        let json = manifest.to_json().unwrap();
        let back = parse_as(&manifest, &json).unwrap();
        prop_assert_eq!(back.snapshot_id(), manifest.snapshot_id);
        let back = back.into_live().unwrap();
        prop_assert_eq!(&back, &manifest);
        prop_assert_eq!(back.to_json().unwrap(), json);
    }

    #[test]
    fn any_tombstone_of_a_volume_comes_back_from_its_json(
        manifest in arbitrary::volume_manifest(),
        at in time(),
    ) {
        let tombstone = manifest.expire(at).unwrap();
        let back = parse_as(&manifest, &tombstone.to_json().unwrap()).unwrap();
        prop_assert_eq!(back.snapshot_id(), manifest.snapshot_id);
        prop_assert_eq!(&back, &VolumeDocument::Tombstone(tombstone.clone()));
        let ranges = |blocks: &[BlockRef]| blocks.iter().map(BlockRef::range).collect::<Vec<_>>();
        prop_assert_eq!(ranges(&tombstone.expired_blocks), ranges(&manifest.blocks));
        match back.into_live() {
            Err(Error::Expired { owner, id }) => {
                prop_assert_eq!(owner, Owner::Volume(manifest.volume_id));
                prop_assert_eq!(id, manifest.snapshot_id.number());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_fields_stand_in_the_documents_order() {
    let mut manifest = split();
    manifest.idempotency_key = Some("k".to_owned());
    manifest.last_gc = Some(GcRef::new(SnapshotId::FIRST, write(3)));
    manifest.blocks[0].checksum_algorithm = Some("md5".to_owned());
    let manifest = manifest.finish(None).unwrap();
    let text = String::from_utf8(manifest.to_json().unwrap()).unwrap();
    let keys = |indent: &str| -> Vec<String> {
        let keys = text.lines().filter_map(|line| {
            line.strip_prefix(indent)?.strip_prefix('"')?.split('"').next().map(str::to_owned)
        });
        keys.collect()
    };
    let top = [
        "schema_name",
        "format_version",
        "volume_id",
        "snapshot_id",
        "created_at",
        "metadata",
        "total_length",
        "blocks",
        "parent_snapshot_id",
        "checksum_algorithm",
        "write_id",
        "operation",
        "writer",
        "last_gc",
        "idempotency_key",
    ];
    assert_eq!(keys("  "), top);
    let whole = ["offset", "length", "path", "checksum"];
    let part = ["offset", "length", "object", "path_offset", "object_length", "checksum"];
    let expected = [&whole[..], &["checksum_algorithm"], &whole, &part, &whole, &part].concat();
    assert_eq!(keys("      "), expected);
    assert!(text.contains("\"format_version\": \"2.0.0\""), "{text}");
    assert!(text.contains("\"snapshot_id\": \"0000000000000000002\""), "{text}");
    assert!(text.contains("\"created_at\": \"2026-11-22T08:04:59.567980784Z\""), "{text}");
    assert!(text.contains("\"operation\": \"commit\""), "{text}");

    let text = manifest.expire(manifest.created_at).unwrap().to_json().unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\"blocks\": \"expired\""), "{text}");
    assert!(text.trim_end_matches(['}', '\n']).ends_with(']'), "{text}");
}

#[test]
fn the_sizes_that_are_reserved_are_near_the_true_ones() {
    let mut manifest = sample();
    manifest.total_length = 1 << 40;
    manifest.blocks = (0..1000).map(|i| block((1 << 36) + i * 65536, 65536)).collect();
    let json = manifest.finish(None).unwrap().to_json().unwrap();
    assert!(json.capacity() < json.len() * 5 / 4, "{} for {}", json.capacity(), json.len());
    let a_block = json.len() / 1000;
    assert!((200..300).contains(&a_block), "{a_block} bytes a block");
}
