//! What has a history: a dataset or a volume, as far as the protocol sees them.

use std::fmt::Debug;

use chrono::{DateTime, TimeDelta, Utc};

use super::history::{Entry, History};
use crate::error::{Error, Result};
use crate::id::{Owner, SnapshotId, WriteId};
use crate::layout::folder_id;
use crate::manifest::{FormatVersion, GcRef, Operation};

/// A dataset or a volume: where its manifests lie, and what they are.
pub(crate) trait Chain: Clone + Debug + Send + Sync + Sized + 'static {
    type Manifest: Link;
    type Tombstone: Link;

    fn owner(&self) -> Owner;

    /// The folder of everything that belongs to it; ends in `/`.
    fn prefix(&self) -> String;

    /// The folder that holds one folder for each snapshot; ends in `/`.
    fn manifests(&self) -> String;

    /// What stands in `body`, which was found at `path`, validated whole.
    fn parse(&self, path: &str, id: SnapshotId, body: &[u8]) -> Result<Entry<Self>>;

    fn manifest_key(&self, id: SnapshotId) -> String {
        format!("{}{}/manifest.json", self.manifests(), id.padded())
    }

    fn hint(&self) -> String {
        self.prefix() + "latest"
    }

    fn gc_list(&self, write: WriteId) -> String {
        format!("{}gc/{write}.json", self.prefix())
    }

    /// The snapshot whose manifest has this key; `None` for any other key.
    fn snapshot_of(&self, key: &str) -> Option<SnapshotId> {
        let folder = key.strip_prefix(&self.manifests())?;
        folder_id(folder.strip_suffix("/manifest.json")?)
    }
}

/// What a manifest and a tombstone say of their place in the history.
pub(crate) trait Link: Debug + Send + Sync + 'static {
    fn id(&self) -> SnapshotId;
    fn parent(&self) -> Option<SnapshotId>;
    fn created_at(&self) -> DateTime<Utc>;
    /// Absent in Go's.
    fn write_id(&self) -> Option<WriteId>;
    fn operation(&self) -> Option<&Operation>;
    fn last_gc(&self) -> Option<GcRef>;
    fn idempotency_key(&self) -> Option<&str>;
    fn format_version(&self) -> FormatVersion;

    /// Whether it has the content of its parent.
    fn is_gc(&self) -> bool {
        self.operation() == Some(&Operation::Gc)
    }
}

/// A snapshot to be, without its parent: its data objects are stored.
pub(crate) trait Change: Debug + Send + Sync + 'static {
    type Of: Chain;

    fn write_id(&self) -> WriteId;

    fn operation(&self) -> Operation;

    fn idempotency_key(&self) -> Option<&str> {
        None
    }

    /// Whether it can be moved to another parent.
    fn rebases(&self) -> bool;

    /// Whether its manifest on this parent is so large that it is to be built in a job.
    fn is_large_on(&self, parent: Option<&<Self::Of as Chain>::Manifest>) -> bool;

    /// The objects that it refers to, each with the last clean-up that was over when the object was
    /// written: later ones may have condemned it. `base` is the last one of this change's base.
    fn objects(&self, base: Option<GcRef>) -> Vec<(Option<GcRef>, &str)>;

    /// Its manifest as the child of `parent`. Checks everything that depends on the parent.
    fn manifest(
        &self,
        history: &History<Self::Of>,
        parent: Option<&<Self::Of as Chain>::Manifest>,
    ) -> Result<(<Self::Of as Chain>::Manifest, Vec<u8>)>;

    /// Told every snapshot that came before this commit and that it has not seen: whether an earlier
    /// attempt at the same change made it.
    fn has_landed_in(&self, _entry: &Entry<Self::Of>) -> bool {
        false
    }

    /// Why it cannot follow `head`, where that can be said more exactly than that there is a newer
    /// snapshot.
    fn conflict(&self, _head: &<Self::Of as Chain>::Manifest) -> Option<Error> {
        None
    }
}

/// The next instant that a manifest can tell from `time`: a child is younger than its parent.
pub(crate) fn after(time: DateTime<Utc>) -> DateTime<Utc> {
    time.checked_add_signed(TimeDelta::nanoseconds(1)).unwrap_or(time)
}

/// Implements [`Link`] by the fields that all manifests and tombstones have.
macro_rules! impl_link {
    ($($type:ty, $id:ident => $number:expr;)*) => {
        $(impl $crate::commit::Link for $type {
            fn id(&self) -> $crate::id::SnapshotId {
                let $id = self.snapshot_id;
                $number
            }

            fn parent(&self) -> Option<$crate::id::SnapshotId> {
                self.parent_snapshot_id.map(|$id| $number)
            }

            fn created_at(&self) -> chrono::DateTime<chrono::Utc> {
                self.created_at
            }

            fn write_id(&self) -> Option<$crate::id::WriteId> {
                self.write_id
            }

            fn operation(&self) -> Option<&$crate::manifest::Operation> {
                self.operation.as_ref()
            }

            fn last_gc(&self) -> Option<$crate::manifest::GcRef> {
                self.last_gc
            }

            fn idempotency_key(&self) -> Option<&str> {
                self.idempotency_key.as_deref()
            }

            fn format_version(&self) -> $crate::manifest::FormatVersion {
                self.format_version
            }
        })*
    };
}

pub(crate) use impl_link;
