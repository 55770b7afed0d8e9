//! The grammar of object keys.

use crate::id::{DatasetId, SnapshotId, WriteId};
use crate::partition::Partition;

/// The keys of a layout. Folders end in `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paths {
    /// `datasets/<dataset>/snapshots/…`
    Default,
    /// `datasets/<dataset>/segments/…`, `…/partitions/…`
    Hive,
    /// `<dataset>/…`
    Flat,
}

/// The length of an id in storage.
const ID_DIGITS: usize = 19;

impl Paths {
    pub(crate) const ALL: [Self; 3] = [Self::Default, Self::Hive, Self::Flat];

    /// The layout's name, in errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Hive => "hive",
            Self::Flat => "flat",
        }
    }

    /// The folder that holds the folders of all datasets, if there is one.
    pub(crate) const fn datasets(self) -> Option<&'static str> {
        match self {
            Self::Default | Self::Hive => Some("datasets/"),
            Self::Flat => None,
        }
    }

    /// The folder of everything that belongs to `dataset`.
    pub(crate) fn prefix(self, dataset: &DatasetId) -> String {
        format!("{}{dataset}/", self.datasets().unwrap_or_default())
    }

    /// The folder that holds one folder for each snapshot. In the flat layout it holds others too.
    pub(crate) fn manifests(self, dataset: &DatasetId) -> String {
        let folder = match self {
            Self::Default => "snapshots/",
            Self::Hive => "segments/",
            Self::Flat => "",
        };
        self.prefix(dataset) + folder
    }

    pub(crate) fn manifest(self, dataset: &DatasetId, id: SnapshotId) -> String {
        format!("{}{}/manifest.json", self.manifests(dataset), id.padded())
    }

    /// A data object. The partition is `None` where the content is not partitioned; `extension`
    /// begins with a dot.
    pub(crate) fn data(
        self,
        dataset: &DatasetId,
        write: WriteId,
        part: u32,
        partition: Option<&Partition>,
        extension: &str,
    ) -> String {
        let prefix = self.prefix(dataset);
        match (self, partition) {
            (Self::Hive, Some(partition)) => {
                format!("{prefix}partitions/{partition}/{write}-{part:05}{extension}")
            }
            (Self::Hive, None) => format!("{prefix}partitions/{write}-{part:05}{extension}"),
            (Self::Default | Self::Flat, _) => {
                format!("{prefix}data/{write}/{part:05}{extension}")
            }
        }
    }

    pub(crate) fn attachment(self, dataset: &DatasetId, write: WriteId, part: u32) -> String {
        format!("{}attachments/{write}/{part:05}.bin", self.prefix(dataset))
    }
}

/// The snapshot that a folder of manifests belongs to: its name is exactly 19 digits.
pub(crate) fn folder_id(name: &str) -> Option<SnapshotId> {
    if name.len() == ID_DIGITS { SnapshotId::parse(name) } else { None }
}
