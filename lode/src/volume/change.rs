//! What a commit of staged blocks becomes on whichever parent.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::block::{Kind, StagedBlock};
use super::chain::VolumeChain;
use super::map;
use crate::commit::{Change, Entry, History, after};
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
    /// Earlier attempts to commit the same session through the same handle.
    pub(super) attempts: Vec<WriteId>,
    /// Which of the blocks a snapshot has had, by their places: they are committed.
    pub(super) landed: Mutex<HashSet<usize>>,
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
        let objects = self.left();
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
        for (_, block) in self.left() {
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

    fn has_landed_in(&self, entry: &Entry<VolumeChain>) -> bool {
        self.look_into(entry);
        entry.link().write_id().is_some_and(|id| self.attempts.contains(&id))
    }

    fn conflict(&self, head: &VolumeManifest) -> Option<Error> {
        self.check_length(head).err().or_else(|| {
            self.left().find_map(|(_, block)| {
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
    /// The blocks that are not committed, with their keys.
    fn left(&self) -> impl Iterator<Item = &(String, StagedBlock)> {
        let landed = self.landed().clone();
        let blocks = self.blocks.iter().enumerate();
        blocks.filter(move |(i, _)| !landed.contains(i)).map(|(_, block)| block)
    }

    /// Notes which of the blocks a snapshot has, or parts of them; whether there is one.
    pub(super) fn look_into(&self, entry: &Entry<VolumeChain>) -> bool {
        let held = match entry {
            Entry::Live(manifest) => &manifest.blocks,
            Entry::Expired(tombstone) => &tombstone.expired_blocks,
        };
        let mut landed = self.landed();
        let blocks = self.blocks.iter().enumerate();
        let found = blocks.filter(|(_, (key, block))| {
            map::blocks_in(held, block.range()).iter().any(|found| found.path == *key)
        });
        let found: Vec<usize> = found.map(|(i, _)| i).collect();
        let is_any = !found.is_empty();
        landed.extend(found);
        is_any
    }

    fn landed(&self) -> MutexGuard<'_, HashSet<usize>> {
        self.landed.lock().unwrap_or_else(PoisonError::into_inner)
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
