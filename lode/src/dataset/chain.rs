//! A dataset, as the commit protocol sees it.

use std::sync::Arc;

use crate::commit::{Chain, CommitToken, Entry, History, impl_link};
use crate::error::{Error, Result};
use crate::id::{DatasetId, Owner, SnapshotId};
use crate::layout::Paths;
use crate::manifest::{Document, Expect, Manifest, Tombstone};

/// The manifests of one dataset in one layout.
#[derive(Debug, Clone)]
pub(crate) struct DatasetChain {
    pub(crate) dataset: DatasetId,
    pub(crate) paths: Paths,
}

impl Chain for DatasetChain {
    type Manifest = Manifest;
    type Tombstone = Tombstone;

    fn owner(&self) -> Owner {
        Owner::Dataset(self.dataset.clone())
    }

    fn prefix(&self) -> String {
        self.paths.prefix(&self.dataset)
    }

    fn manifests(&self) -> String {
        self.paths.manifests(&self.dataset)
    }

    fn parse(&self, path: &str, id: SnapshotId, body: &[u8]) -> Result<Entry<Self>> {
        let prefix = self.prefix();
        let expect = Expect { dataset: &self.dataset, id, prefix: &prefix };
        Ok(match Document::parse(path, &expect, body)? {
            Document::Live(manifest) => Entry::Live(Arc::new(manifest)),
            Document::Tombstone(tombstone) => Entry::Expired(Arc::new(tombstone)),
        })
    }
}

impl_link! {
    Manifest, id => id;
    Tombstone, id => id;
}

impl History<DatasetChain> {
    /// Makes sure that a snapshot is this dataset's.
    pub(crate) fn owns(&self, manifest: &Manifest) -> Result<()> {
        match manifest.dataset_id == self.of.dataset {
            true => Ok(()),
            false => Err(self.not_found(manifest.snapshot_id)),
        }
    }

    /// Makes sure that no other layout has snapshots of this dataset.
    pub(crate) async fn check_other_layouts(&self) -> Result<()> {
        for paths in Paths::ALL {
            if paths == self.of.paths {
                continue;
            }
            let of = DatasetChain { dataset: self.of.dataset.clone(), paths };
            let other = Self::new(self.store.clone(), of, self.max_manifest_bytes);
            if other.any_snapshot().await? {
                return Err(self.mismatch(paths));
            }
        }
        Ok(())
    }

    /// Makes sure that a token is not of another layout.
    pub(super) fn check_layout_of(&self, token: &CommitToken) -> Result<()> {
        let (dataset, id) = (&self.of.dataset, token.id());
        let found =
            Paths::ALL.into_iter().find(|paths| paths.manifest(dataset, id) == token.path());
        match found {
            Some(found) if found != self.of.paths => Err(self.mismatch(found)),
            _ => Ok(()),
        }
    }

    fn mismatch(&self, found: Paths) -> Error {
        Error::LayoutMismatch {
            dataset: self.of.dataset.clone(),
            expected: self.of.paths.name(),
            found: found.name(),
        }
    }
}
