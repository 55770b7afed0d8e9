//! Names that stand for one of a few things.

use std::fmt;

use serde::{Serialize, Serializer};

/// The call that made a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `write`: the snapshot is exactly what was written.
    Write,
    /// `append`: the parent's records and more.
    Append,
    /// `replace_partitions`: some partitions are new, the others are the parent's.
    ReplacePartitions,
    /// `restore`: the content of an earlier snapshot.
    Restore,
    /// `commit`: of a volume, the parent's blocks and those that were staged.
    Commit,
    /// `gc`: the parent's content; unused objects were deleted.
    Gc,
    /// One of a later version of lode.
    Later(String),
}

impl Operation {
    /// Its name in manifests.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Write => "write",
            Self::Append => "append",
            Self::ReplacePartitions => "replace_partitions",
            Self::Restore => "restore",
            Self::Commit => "commit",
            Self::Gc => "gc",
            Self::Later(name) => name,
        }
    }

    pub(super) fn of(name: String) -> Self {
        match name.as_str() {
            "write" => Self::Write,
            "append" => Self::Append,
            "replace_partitions" => Self::ReplacePartitions,
            "restore" => Self::Restore,
            "commit" => Self::Commit,
            "gc" => Self::Gc,
            _ => Self::Later(name),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How the records of a snapshot are divided over files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Partitioner {
    /// They are not.
    #[default]
    Noop,
    /// By the values of partition keys.
    Hive,
    /// In a way of a later version of lode, or of a Go program's own.
    Other(String),
}

impl Partitioner {
    /// Its name in manifests.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Noop => "noop",
            Self::Hive => "hive",
            Self::Other(name) => name,
        }
    }

    pub(super) fn of(name: String) -> Self {
        match name.as_str() {
            "noop" => Self::Noop,
            "hive" => Self::Hive,
            _ => Self::Other(name),
        }
    }
}

impl fmt::Display for Partitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Partitioner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
