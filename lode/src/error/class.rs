//! What is asked about errors, and how the crate makes them.

use super::Error;
use crate::id::Owner;
use crate::manifest::FormatVersion;

impl Error {
    /// The object asked for is not there: no such snapshot, directory or object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::SnapshotNotFound { .. }
            | Self::VolumeNotFound { .. }
            | Self::AttachmentNotFound { .. } => true,
            Self::StoreUnavailable { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            Self::Storage { source, .. } => {
                matches!(source, object_store::Error::NotFound { .. })
            }
            _ => false,
        }
    }

    /// Another writer was first: look at what it wrote, then decide again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Conflict { .. }
                | Self::LengthMismatch { .. }
                | Self::Overlap { snapshot: Some(_), .. }
        )
    }

    /// Storage holds something that is not what was written.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::ManifestInvalid { .. } | Self::Decode { .. })
    }

    /// The same call, made again, may succeed without anything being changed: the store failed in
    /// a way that passes, or a concurrent clean-up took this attempt's objects. It is *not* said of
    /// [`Error::CommitUnknown`], which is to be resolved, nor of a [`Error::Conflict`], which
    /// needs a decision.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Condemned { owner, .. } => matches!(owner, Owner::Dataset(_)),
            Self::Storage { source, .. } => matches!(
                source,
                object_store::Error::Generic { .. } | object_store::Error::JoinError { .. }
            ),
            _ => false,
        }
    }

    /// Whether it is about what a manifest says, not about reaching it.
    pub(crate) fn is_about_manifest(&self) -> bool {
        matches!(
            self,
            Self::ManifestInvalid { .. }
                | Self::UnsupportedVersion { .. }
                | Self::LimitExceeded { .. }
        )
    }

    pub(crate) fn storage(
        operation: &'static str,
        path: impl Into<String>,
    ) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.into();
        move |source| Self::Storage { operation, path, source }
    }

    /// An object that has another size than a manifest says.
    pub(crate) fn of_size(key: &str, expected: u64, size: u64) -> Self {
        Self::corrupt(key, format!("it has {size} bytes, and the manifest says {expected}"))
    }

    /// Something that is larger than `setting` allows, or than anything may be.
    pub(crate) fn too_large(
        path: impl Into<String>,
        what: &'static str,
        limit: u64,
        setting: impl Into<Option<&'static str>>,
    ) -> Self {
        Self::LimitExceeded { path: path.into(), what, limit, setting: setting.into() }
    }

    pub(crate) fn newer_minor(path: impl Into<String>, version: FormatVersion) -> Self {
        let can = "may read it, but not build upon it";
        Self::UnsupportedVersion { path: path.into(), found: version.to_string(), can }
    }

    pub(crate) fn corrupt(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.into(), reason: reason.into() }
    }
}
