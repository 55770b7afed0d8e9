//! Manifests of volumes as found: read into shapes in which everything may be missing, so that
//! whatever is wrong can be told by the name of its field.

use super::validate::{validate, validate_tombstone};
use super::write::SCHEMA_NAME;
use super::{BlockRef, ExpectVolume, VolumeDocument, VolumeManifest, VolumeTombstone};
use crate::error::Result;
use crate::id::VolumeSnapshotId;
use crate::manifest::FormatVersion;
use crate::manifest::field::{Field, object};
use crate::manifest::head::{self, RawHead, Refused};
use crate::manifest::list::{Content, Item, Items, check_all};
use crate::manifest::rules::Bad;
use crate::metadata::Metadata;

pub(super) fn parse(path: &str, expect: &ExpectVolume<'_>, bytes: &[u8]) -> Result<VolumeDocument> {
    head::parse(path, SCHEMA_NAME, bytes, |raw: RawManifest| raw.check(expect))
}

object!(RawManifest {
    schema_name: String,
    format_version: String,
    volume_id: String,
    snapshot_id: String,
    created_at: String,
    metadata: Metadata,
    total_length: u64,
    blocks: Content<RawBlock>,
    parent_snapshot_id: String,
    checksum_algorithm: String,
    write_id: String,
    operation: String,
    writer: String,
    last_gc: String,
    idempotency_key: String,
    expired_at: String,
    expired_blocks: Items<RawBlock>,
});

impl RawManifest {
    fn check(self, expect: &ExpectVolume<'_>) -> Result<VolumeDocument, Refused> {
        let head = RawHead {
            schema_name: self.schema_name,
            format_version: self.format_version,
            owner: ("volume_id", self.volume_id),
            snapshot_id: self.snapshot_id,
            created_at: self.created_at,
            parent_snapshot_id: self.parent_snapshot_id,
            write_id: self.write_id,
            operation: self.operation,
            writer: self.writer,
            last_gc: self.last_gc,
            idempotency_key: self.idempotency_key,
        };
        let head = head.check(SCHEMA_NAME, expect.volume.as_str())?;
        let version = head.version;
        let snapshot_id = VolumeSnapshotId::of(head.snapshot_id);
        let parent_snapshot_id = head.parent_snapshot_id.map(VolumeSnapshotId::of);

        let blocks = match self.blocks {
            Field::Is(Content::Items(blocks)) => blocks,
            Field::Is(Content::Expired) => {
                let expired_blocks = self.expired_blocks.required("expired_blocks")?;
                let expired_at = self.expired_at.required("expired_at")?;
                let tombstone = VolumeTombstone {
                    format_version: version,
                    volume_id: expect.volume.clone(),
                    snapshot_id,
                    created_at: head.created_at,
                    expired_at: head::time("expired_at", &expired_at, version)?,
                    parent_snapshot_id,
                    write_id: head.write_id,
                    operation: head.operation,
                    writer: head.writer,
                    last_gc: head.last_gc,
                    idempotency_key: head.idempotency_key,
                    expired_blocks: check_all("expired_blocks", expired_blocks, version)?,
                };
                validate_tombstone(&tombstone, expect)?;
                return Ok(VolumeDocument::Tombstone(tombstone));
            }
            Field::Null if version.is_go() => Items::default(),
            other => other.required("blocks").map(|_| Items::default())?,
        };
        head::not_expired("blocks", "expired_at", &self.expired_at)?;
        head::not_expired("blocks", "expired_blocks", &self.expired_blocks)?;

        let manifest = VolumeManifest {
            format_version: version,
            volume_id: expect.volume.clone(),
            snapshot_id,
            created_at: head.created_at,
            metadata: self.metadata.required("metadata")?,
            total_length: self.total_length.required("total_length")?,
            blocks: check_all("blocks", blocks, version)?,
            parent_snapshot_id,
            checksum_algorithm: self.checksum_algorithm.optional("checksum_algorithm", version)?,
            write_id: head.write_id,
            operation: head.operation,
            writer: head.writer,
            last_gc: head.last_gc,
            idempotency_key: head.idempotency_key,
        };
        validate(&manifest, expect)?;
        Ok(VolumeDocument::Live(manifest))
    }
}

object!(RawBlock {
    offset: u64,
    length: u64,
    path: String,
    object: String,
    path_offset: u64,
    object_length: u64,
    checksum: String,
    checksum_algorithm: String,
});

impl Item for RawBlock {
    type Checked = BlockRef;

    fn is_named(&self) -> bool {
        !self.path.is_absent() || !self.object.is_absent()
    }

    fn check(self, version: FormatVersion) -> Result<BlockRef, Bad> {
        let length = self.length.required("length")?;
        let object = self.object.optional("object", version)?;
        let path_offset = self.path_offset.optional("path_offset", version)?;
        let object_length = self.object_length.optional("object_length", version)?;
        let (path, path_offset, object_length) = match object {
            Some(object) => {
                let missing = |name: &str| Bad::new(name, "is missing beside `object`");
                let path_offset = path_offset.ok_or_else(|| missing("path_offset"))?;
                let object_length = object_length.ok_or_else(|| missing("object_length"))?;
                if !self.path.is_absent() {
                    return Err(Bad::new("path", "is there beside `object`"));
                }
                if path_offset == 0 && object_length == length {
                    return Err(Bad::new("object", "is the whole object, which is a `path`"));
                }
                (object, path_offset, object_length)
            }
            None => {
                let split = [("path_offset", path_offset), ("object_length", object_length)];
                if let Some((name, _)) = split.into_iter().find(|(_, value)| value.is_some()) {
                    return Err(Bad::new(name, "is there without `object`"));
                }
                (self.path.required("path")?, 0, length)
            }
        };
        Ok(BlockRef {
            offset: self.offset.required("offset")?,
            length,
            path,
            path_offset,
            object_length,
            checksum: self.checksum.optional("checksum", version)?,
            checksum_algorithm: self.checksum_algorithm.optional("checksum_algorithm", version)?,
        })
    }
}
