//! The rules that hold in every manifest of a volume, checked when one is read and before one is
//! written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{BlockRef, ExpectVolume, VolumeManifest, VolumeTombstone};
use crate::id::VolumeSnapshotId;
use crate::manifest::rules::{
    Bad, Valid, authorship, bad_path, checksum, lineage, operation, rule, writable,
};
use crate::manifest::{FormatVersion, Operation};

/// The longest volume.
const LONGEST: u64 = i64::MAX as u64;

/// The calls that make snapshots of volumes.
const OPERATIONS: [Operation; 3] = [Operation::Commit, Operation::Restore, Operation::Gc];

pub(super) fn validate(manifest: &VolumeManifest, expect: &ExpectVolume<'_>) -> Valid {
    let version = manifest.format_version;
    rule(manifest.volume_id == *expect.volume, "volume_id", || {
        format!("is `{}`, not `{}`", manifest.volume_id, expect.volume)
    })?;
    let (write_id, call) = (manifest.write_id, manifest.operation.as_ref());
    let parent = manifest.parent_snapshot_id.map(VolumeSnapshotId::number);
    lineage(manifest.snapshot_id.number(), parent, write_id, expect.id.number())?;
    authorship(version, write_id, call, manifest.writer.as_deref())?;
    operation(call, version, &OPERATIONS)?;
    writable("created_at", manifest.created_at)?;
    let length = manifest.total_length;
    rule((1..=LONGEST).contains(&length), "total_length", || {
        format!("is {length}, not from 1 to {LONGEST}")
    })?;
    rule(manifest.checksum_algorithm.as_deref() != Some(""), "checksum_algorithm", || {
        "is empty".to_owned()
    })?;
    let rules = Rules {
        list: "blocks",
        folder: folder(expect),
        version,
        length,
        algorithm: Algorithm::Is(manifest.checksum_algorithm.as_deref()),
        is_go: version.is_go(),
    };
    rules.check(&manifest.blocks)
}

pub(super) fn validate_tombstone(tombstone: &VolumeTombstone, expect: &ExpectVolume<'_>) -> Valid {
    let version = tombstone.format_version;
    rule(version.major >= 2, "blocks", || {
        format!("is \"expired\" in format version {version}, which needs 2")
    })?;
    rule(tombstone.volume_id == *expect.volume, "volume_id", || {
        format!("is `{}`, not `{}`", tombstone.volume_id, expect.volume)
    })?;
    let parent = tombstone.parent_snapshot_id.map(VolumeSnapshotId::number);
    lineage(tombstone.snapshot_id.number(), parent, tombstone.write_id, expect.id.number())?;
    operation(tombstone.operation.as_ref(), version, &OPERATIONS)?;
    writable("created_at", tombstone.created_at)?;
    writable("expired_at", tombstone.expired_at)?;
    let rules = Rules {
        list: "expired_blocks",
        folder: folder(expect),
        version,
        length: LONGEST,
        algorithm: Algorithm::Gone,
        is_go: tombstone.write_id.is_none(),
    };
    rules.check(&tombstone.expired_blocks)
}

/// The folder that all blocks of a volume lie in.
fn folder(expect: &ExpectVolume<'_>) -> String {
    format!("volumes/{}/data/", expect.volume)
}

/// What the blocks of a manifest have to agree with.
struct Rules<'a> {
    /// The name of their field.
    list: &'static str,
    folder: String,
    version: FormatVersion,
    /// Where the volume ends.
    length: u64,
    algorithm: Algorithm<'a>,
    /// Whether Go Lode made the snapshot.
    is_go: bool,
}

/// The algorithm of the blocks that name none.
enum Algorithm<'a> {
    Is(Option<&'a str>),
    /// Tombstones do not say.
    Gone,
}

impl Rules<'_> {
    fn check(&self, blocks: &[BlockRef]) -> Valid {
        let mut last = 0..0;
        let mut objects: HashMap<&str, &BlockRef> = HashMap::with_capacity(blocks.len());
        for (i, block) in blocks.iter().enumerate() {
            let within = |bad: Bad| bad.within(&format!("{}[{i}]", self.list));
            self.place(block, &last).map_err(within)?;
            self.object(block).map_err(within)?;
            self.checksum(block).map_err(within)?;
            match objects.entry(&block.path) {
                Entry::Vacant(entry) => {
                    entry.insert(block);
                }
                Entry::Occupied(first) => self.same(first.get(), block).map_err(within)?,
            }
            last = block.range();
        }
        Ok(())
    }

    /// Sorted, disjoint, inside the volume. `last` is the range of the block before.
    fn place(&self, block: &BlockRef, last: &std::ops::Range<u64>) -> Valid {
        let BlockRef { offset, length, .. } = *block;
        rule(offset >= last.end, "offset", || match offset < last.start {
            true => format!("is {offset}, which is not in sorted order"),
            false => format!("is {offset}, but the block before it ends at {}", last.end),
        })?;
        rule(length > 0, "length", || "is 0".to_owned())?;
        let end = offset.checked_add(length);
        rule(end.is_some_and(|end| end <= self.length), "length", || {
            format!("is {length} at offset {offset}, but the volume has {} bytes", self.length)
        })
    }

    /// Inside the volume's folder, and where the block is a part of the object, inside it.
    fn object(&self, block: &BlockRef) -> Valid {
        let BlockRef { length, path_offset, object_length, .. } = *block;
        let name = if block.is_whole() { "path" } else { "object" };
        if let Some(reason) = bad_path(&block.path, &self.folder) {
            return Err(Bad::new(name, reason));
        }
        if block.is_whole() {
            return Ok(());
        }
        rule(self.version.has_split_blocks(), "object", || {
            format!("is there in format version {}, which has only `path`", self.version)
        })?;
        rule(object_length <= LONGEST, "object_length", || {
            format!("is {object_length}, and {LONGEST} is the most")
        })?;
        let end = path_offset.checked_add(length);
        rule(end.is_some_and(|end| end <= object_length), "path_offset", || {
            format!("is {path_offset}, but the object has {object_length} bytes, not {length} more")
        })
    }

    fn checksum(&self, block: &BlockRef) -> Valid {
        if let Some(name) = &block.checksum_algorithm {
            rule(!name.is_empty(), "checksum_algorithm", || "is empty".to_owned())?;
            rule(!self.version.is_go(), "checksum_algorithm", || {
                let version = self.version;
                format!("is there in format version {version}, which has it only in the manifest")
            })?;
        }
        let algorithm = self.algorithm_of(block);
        let is_named = algorithm.is_some() || matches!(self.algorithm, Algorithm::Gone);
        rule(block.checksum.is_none() || is_named, "checksum", || {
            "is there, but its algorithm is not named".to_owned()
        })?;
        let can_lack = self.is_go || is_go_name(block.path.strip_prefix(&self.folder));
        rule(block.checksum.is_some() || can_lack, "checksum", || "is missing".to_owned())?;
        checksum("checksum", block.checksum.as_deref(), algorithm)
    }

    fn algorithm_of<'b>(&'b self, block: &'b BlockRef) -> Option<&'b str> {
        let default = match self.algorithm {
            Algorithm::Is(default) => default,
            Algorithm::Gone => None,
        };
        block.checksum_algorithm.as_deref().or(default)
    }

    /// Of two blocks of one object: they say the same of it.
    fn same(&self, first: &BlockRef, block: &BlockRef) -> Valid {
        let (length, checksum) = (block.object_length, &block.checksum);
        let name = if block.is_whole() { "length" } else { "object_length" };
        rule(first.object_length == length, name, || {
            let first = first.object_length;
            format!("makes the object {length} bytes long, but for another block it has {first}")
        })?;
        let agree = first.checksum == *checksum
            && (checksum.is_none()
                || matches!(self.algorithm, Algorithm::Gone)
                || self.algorithm_of(first) == self.algorithm_of(block));
        rule(agree, "checksum", || "is not that of another block of the same object".to_owned())
    }
}

/// Whether a block's object has a name that Go Lode gives: `<offset>-<length>.bin`. Such a block may
/// have no checksum; one of lode's has it in its name already.
fn is_go_name(name: Option<&str>) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    name.and_then(|name| name.strip_suffix(".bin")?.split_once('-'))
        .is_some_and(|(offset, length)| is_number(offset) && is_number(length))
}
