//! A volume, as the commit protocol sees it.

use std::sync::Arc;

use super::block::BlockName;
use crate::commit::{Chain, Entry, impl_link};
use crate::error::Result;
use crate::id::{Owner, SessionId, SnapshotId, VolumeId, VolumeSnapshotId};
use crate::manifest::{ExpectVolume, VolumeDocument, VolumeManifest, VolumeTombstone};

/// The folder that holds the folders of all volumes.
pub(crate) const VOLUMES: &str = "volumes/";

/// The manifests of one volume.
#[derive(Debug, Clone)]
pub(crate) struct VolumeChain {
    pub(crate) volume: VolumeId,
}

impl VolumeChain {
    /// The folder of all blocks.
    pub(crate) fn data(&self) -> String {
        self.prefix() + "data/"
    }

    /// The session that staged the block whose object has this key; `None` for any other key, also
    /// for Go Lode's names.
    pub(crate) fn session_of(&self, key: &str) -> Option<SessionId> {
        BlockName::parse(key.strip_prefix(&self.data())?).map(|name| name.session)
    }
}

impl Chain for VolumeChain {
    type Manifest = VolumeManifest;
    type Tombstone = VolumeTombstone;

    fn owner(&self) -> Owner {
        Owner::Volume(self.volume.clone())
    }

    fn prefix(&self) -> String {
        format!("{VOLUMES}{}/", self.volume)
    }

    fn manifests(&self) -> String {
        self.prefix() + "snapshots/"
    }

    fn parse(&self, path: &str, id: SnapshotId, body: &[u8]) -> Result<Entry<Self>> {
        let expect = ExpectVolume { volume: &self.volume, id: VolumeSnapshotId::of(id) };
        Ok(match VolumeDocument::parse(path, &expect, body)? {
            VolumeDocument::Live(manifest) => Entry::Live(Arc::new(manifest)),
            VolumeDocument::Tombstone(tombstone) => Entry::Expired(Arc::new(tombstone)),
        })
    }
}

impl_link! {
    VolumeManifest, id => id.number();
    VolumeTombstone, id => id.number();
}
