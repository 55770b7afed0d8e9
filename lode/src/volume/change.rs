//! What a commit of staged blocks becomes on whichever parent.

use std::collections::HashMap;
use std::sync::Arc;

use super::block::{Kind, StagedBlock};
use super::chain::VolumeChain;
use super::map;
use crate::commit::{Change, History, after};
use crate::error::{Error, Result};
use crate::id::{Owner, WriteId};
use crate::manifest::{BlockRef, GcRef, Operation, VolumeManifest, VolumeTombstone};
use crate::metadata::Metadata;

/// Staged blocks, to be added to what the parent has.
#[derive(Debug)]
pub(super) struct VolumeChange {
    pub(super) write_id: WriteId,
    pub(super) metadata: Metadata,
    pub(super) total_length: u64,
    /// With their keys, by offset.
    pub(super) blocks: Vec<(String, StagedBlock)>,
    /// What the snapshots have that the blocks were staged on, by number.
    pub(super) bases: HashMap<u64, BlocksAt>,
}

/// What a snapshot has, or had.
#[derive(Debug)]
pub(super) enum BlocksAt {
    /// There was no snapshot.
    None,
    Live(Arc<VolumeManifest>),
    Expired(Arc<VolumeTombstone>),
}

impl BlocksAt {
    fn blocks(&self) -> &[BlockRef] {
        match self {
            Self::None => &[],
            Self::Live(manifest) => &manifest.blocks,
            Self::Expired(tombstone) => &tombstone.expired_blocks,
        }
    }

    fn last_gc(&self) -> Option<GcRef> {
        match self {
            Self::None => None,
            Self::Live(manifest) => manifest.last_gc,
            Self::Expired(tombstone) => tombstone.last_gc,
        }
    }
}

/// A manifest with this many blocks or fewer is built at once: it takes a few milliseconds.
const INLINE_BLOCKS: usize = 1000;

impl Change for VolumeChange {
    type Of = VolumeChain;

    fn write_id(&self) -> WriteId {
        self.write_id
    }

    fn operation(&self) -> Operation {
        Operation::Commit
    }

    fn rebases(&self) -> bool {
        true
    }

    fn is_large_on(&self, parent: Option<&VolumeManifest>) -> bool {
        parent.map_or(0, |parent| parent.blocks.len()) + self.blocks.len() > INLINE_BLOCKS
    }

    fn objects(&self, _: Option<GcRef>) -> Vec<(Option<GcRef>, &str)> {
        let objects = self.blocks.iter();
        objects.map(|(key, block)| (self.base_of(block).last_gc(), key.as_str())).collect()
    }

    fn manifest(
        &self,
        history: &History<VolumeChain>,
        parent: Option<&VolumeManifest>,
    ) -> Result<(VolumeManifest, Vec<u8>)> {
        let volume = history.of.volume.clone();
        let (write_id, length) = (self.write_id, self.total_length);
        let mut manifest = VolumeManifest::draft(volume, write_id, Operation::Commit, length);
        manifest.created_at = history.store.now();
        manifest.metadata = self.metadata.clone();
        let mut held: &[BlockRef] = &[];
        if let Some(parent) = parent {
            if parent.format_version.is_newer_minor() {
                let path = history.key_of(parent);
                return Err(Error::newer_minor(path, parent.format_version));
            }
            self.check_length(parent)?;
            manifest.snapshot_id = parent.snapshot_id.next()?;
            manifest.parent_snapshot_id = Some(parent.snapshot_id);
            manifest.created_at = after(parent.created_at).max(manifest.created_at);
            manifest.last_gc = parent.last_gc;
            held = &parent.blocks;
        }
        let (mut plain, mut over) = (Vec::new(), Vec::new());
        for (key, block) in &self.blocks {
            if has(held, key, block) {
                // An earlier attempt has landed after all.
                continue;
            }
            if let (Some(parent), Some(found)) = (parent, self.overlap(block, held)) {
                return Err(Error::Overlap {
                    volume: manifest.volume_id,
                    range: block.range(),
                    found,
                    snapshot: Some(parent.snapshot_id),
                });
            }
            match block.name.kind {
                Kind::Write => plain.push(block.to_ref()),
                Kind::Overwrite => over.push(block.to_ref()),
            }
        }
        let below = parent.map_or_else(Vec::new, |parent| {
            parent.blocks.iter().map(|block| parent.carried(block)).collect()
        });
        manifest.blocks = map::merge(below, &plain, &over);
        let manifest = manifest.finish(parent)?;
        let body = manifest.to_json()?;
        Ok((manifest, body))
    }

    fn conflict(&self, head: &VolumeManifest) -> Option<Error> {
        self.check_length(head).err().or_else(|| {
            let mut blocks = self.blocks.iter().filter(|(key, block)| !has(&head.blocks, key, block));
            blocks.find_map(|(_, block)| {
                Some(Error::Overlap {
                    volume: head.volume_id.clone(),
                    range: block.range(),
                    found: self.overlap(block, &head.blocks)?,
                    snapshot: Some(head.snapshot_id),
                })
            })
        })
    }
}

impl VolumeChange {
    /// Whether one of these blocks is one of those to be committed.
    pub(super) fn has_one_of(&self, blocks: &[BlockRef]) -> bool {
        self.blocks.iter().any(|(key, block)| has(blocks, key, block))
    }

    /// Why a volume that has snapshots cannot be created.
    pub(super) fn unborn(&self, history: &History<VolumeChain>, head: &VolumeManifest) -> Error {
        self.check_length(head).err().unwrap_or_else(|| Error::Conflict {
            owner: Owner::Volume(history.of.volume.clone()),
            expected: None,
            found: Some(head.snapshot_id.number()),
        })
    }

    /// What of `held` is in the way of this block: for a plain one everything, for an overwrite what is
    /// not as it was in its base.
    fn overlap(&self, block: &StagedBlock, held: &[BlockRef]) -> Option<std::ops::Range<u64>> {
        match block.name.kind {
            Kind::Write => map::first_overlap(held, block.range()),
            Kind::Overwrite => {
                map::first_difference(self.base_of(block).blocks(), held, block.range())
            }
        }
    }

    fn check_length(&self, head: &VolumeManifest) -> Result<()> {
        match head.total_length == self.total_length {
            true => Ok(()),
            false => Err(Error::LengthMismatch {
                volume: head.volume_id.clone(),
                expected: self.total_length,
                found: head.total_length,
            }),
        }
    }

    fn base_of(&self, block: &StagedBlock) -> &BlocksAt {
        self.bases.get(&block.name.base).unwrap_or(&BlocksAt::None)
    }
}

/// Whether this block, or a part that remains of it, is one of `held`.
fn has(held: &[BlockRef], key: &str, block: &StagedBlock) -> bool {
    map::blocks_in(held, block.range()).iter().any(|found| found.path == *key)
}
