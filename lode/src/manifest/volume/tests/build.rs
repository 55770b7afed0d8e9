//! Tests of how manifests of volumes are made.

use chrono::Timelike;

pub(super) use super::super::build::place;
use super::*;

/// A draft that follows `parent`, with its blocks.
fn child(parent: &VolumeManifest) -> VolumeManifest {
    let volume = parent.volume_id.clone();
    let mut child = VolumeManifest::draft(volume, write(9), Operation::Commit, parent.total_length);
    child.snapshot_id = VolumeSnapshotId::of(parent.snapshot_id.number().next().unwrap());
    child.parent_snapshot_id = Some(parent.snapshot_id);
    child.created_at = parent.created_at;
    child.blocks = parent.blocks.iter().map(|block| parent.carried(block)).collect();
    child
}

#[test]
fn a_draft_is_an_empty_first_snapshot() {
    let draft = VolumeManifest::draft(DISK, write(0), Operation::Commit, MIB);
    let manifest = draft.finish(None).unwrap();
    assert_eq!(manifest.snapshot_id.get(), 1);
    assert_eq!(manifest.blocks, []);
    assert_eq!(manifest.format_version.to_string(), "1.1.0");
    let json = manifest.to_json().unwrap();
    assert_eq!(parse_as(&manifest, &json).unwrap().into_live().unwrap(), manifest);
}

#[test]
fn a_go_history_is_continued() {
    let (parent, _) = golden::disk().pop().unwrap();
    let mut next = child(&parent);
    next.blocks.push(block(8192, 100));
    let next = next.finish(Some(&parent)).unwrap();
    assert_eq!(next.format_version.to_string(), "1.1.0");
    assert_eq!(next.checksum_algorithm.as_deref(), Some("xxh3-128"));
    assert_eq!(next.blocks.len(), 7);
    for block in &next.blocks {
        let algorithm = if block.offset == 8192 { "xxh3-128" } else { "md5" };
        assert_eq!(block.checksum_in(&next).unwrap().0, algorithm);
        let own = if block.offset == 8192 { None } else { Some("md5") };
        assert_eq!(block.checksum_algorithm.as_deref(), own);
    }
    // The same where the draft took over the parent's name with its blocks.
    let mut other = next.clone();
    other.checksum_algorithm = Some("md5".to_owned());
    for block in &mut other.blocks {
        block.checksum_algorithm =
            if block.offset == 8192 { Some("xxh3-128".to_owned()) } else { None };
    }
    assert_eq!(other.finish(Some(&parent)).unwrap(), next);
    assert_eq!(next.clone().finish(Some(&parent)).unwrap(), next);

    // Go's can be without checksums.
    let mut bare = parent.clone();
    bare.checksum_algorithm = None;
    bare.blocks.iter_mut().for_each(|block| block.checksum = None);
    let next = child(&bare).finish(Some(&bare)).unwrap();
    assert!(next.blocks.iter().all(|block| block.checksum_in(&next).is_none()));
    let json = next.to_json().unwrap();
    assert_eq!(parse_as(&next, &json).unwrap().into_live().unwrap(), next);
}

#[test]
fn a_split_block_makes_it_major_2() {
    assert_eq!(sample().format_version.to_string(), "1.1.0");
    assert_eq!(split().format_version.to_string(), "2.0.0");
    let parent = split();
    let mut restored = child(&parent);
    restored.blocks = sample().blocks;
    assert_eq!(restored.finish(Some(&parent)).unwrap().format_version.to_string(), "1.1.0");
    for (parents, childs) in [("1.0.0", "2.0.0"), ("1.2.0", "2.1.0"), ("2.1.0", "2.1.0")] {
        let mut parent = split();
        parent.format_version = FormatVersion::parse(parents).unwrap();
        let child = child(&parent).finish(Some(&parent)).unwrap();
        assert_eq!(child.format_version.to_string(), childs);
    }
}

#[test]
fn blocks_are_sorted_and_times_canonical() {
    let mut manifest = sample();
    manifest.blocks.reverse();
    let leap = "2016-12-31T23:59:59Z".parse::<DateTime<Utc>>().unwrap();
    manifest.created_at = leap.with_nanosecond(1_500_000_000).unwrap();
    let manifest = manifest.finish(None).unwrap();
    assert_eq!(manifest.blocks, sample().blocks);
    assert_eq!(manifest.created_at, "2017-01-01T00:00:00.5Z".parse::<DateTime<Utc>>().unwrap());
    let json = manifest.to_json().unwrap();
    assert_eq!(parse_as(&manifest, &json).unwrap().into_live().unwrap(), manifest);
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let refused = |edit: fn(&mut VolumeManifest)| {
        let mut manifest = split();
        edit(&mut manifest);
        match manifest.finish(None) {
            Err(Error::ManifestInvalid { path, field, .. }) => {
                assert_eq!(path, "volumes/disk/snapshots/0000000000000000002/manifest.json");
                field
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|m| m.total_length = 9191), "blocks[4].length");
    assert_eq!(refused(|m| m.blocks[1].offset = 4095), "blocks[1].offset");
    assert_eq!(refused(|m| m.blocks[0].path = "x".to_owned()), "blocks[0].path");
    assert_eq!(refused(|m| m.blocks[0].checksum = None), "blocks[0].checksum");
    assert_eq!(refused(|m| m.blocks[2].path_offset = 901), "blocks[2].path_offset");
    assert_eq!(refused(|m| m.blocks[2].path_offset = u64::MAX), "blocks[2].path_offset");
    assert_eq!(refused(|m| m.blocks[4].object_length = 1001), "blocks[4].object_length");
    assert_eq!(refused(|m| m.created_at = DateTime::<Utc>::MAX_UTC), "created_at");
    assert_eq!(refused(|m| m.operation = Some(Operation::Append)), "operation");
    assert_eq!(refused(|m| m.parent_snapshot_id = None), "parent_snapshot_id");
}

proptest! {
    #[test]
    fn any_carried_block_keeps_its_meaning(parent in arbitrary::volume_manifest()) {
        prop_assume!(parent.snapshot_id.number().next().is_ok());
        let child = child(&parent).finish(Some(&parent)).unwrap();
        prop_assert_eq!(child.blocks.len(), parent.blocks.len());
        for (carried, block) in child.blocks.iter().zip(&parent.blocks) {
            prop_assert_eq!(carried.checksum_in(&child), block.checksum_in(&parent));
            prop_assert_eq!(carried.range(), block.range());
            prop_assert_eq!(&carried.path, &block.path);
            prop_assert_eq!(carried.path_offset, block.path_offset);
            prop_assert_eq!(carried.object_length, block.object_length);
        }
    }
}
