//! Creating and opening volumes.

use std::sync::Arc;

use super::base::Base;
use super::chain::VolumeChain;
use super::context::Context;
use super::limits::VolumeLimits;
use super::state::{Committed, New};
use super::{State, Volume};
use crate::commit::{History, OnConflict};
use crate::error::{Error, Result};
use crate::id::{VolumeId, VolumeSnapshotId};
use crate::manifest::VolumeManifest;
use crate::store::Store;

impl Volume<New> {
    /// A volume of `len` bytes that is to be. No I/O: it comes into being with the first commit, which
    /// must find that there is none yet.
    ///
    /// ```
    /// use lode::{Store, Volume};
    ///
    /// let volume = Volume::create(&Store::memory(), "model", 7 << 30)?;
    /// assert_eq!(volume.total_length(), 7 << 30);
    /// # Ok::<(), lode::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidId`] for text that is not a volume's id, [`Error::InvalidLength`] for a length
    /// of 0 or of 2^63 and more.
    pub fn create<I>(store: &Store, id: I, len: u64) -> Result<Self>
    where
        I: TryInto<VolumeId>,
        Error: From<I::Error>,
    {
        let volume: VolumeId = id.try_into()?;
        if len == 0 || i64::try_from(len).is_err() {
            return Err(Error::InvalidLength { volume, len });
        }
        Ok(Self { context: context(store, volume), state: New { total_length: len } })
    }
}

impl Volume<Committed> {
    /// The volume `id` at its newest snapshot. The length comes from the manifest.
    ///
    /// # Errors
    /// [`Error::VolumeNotFound`] if nothing was ever committed to it; [`Error::InvalidId`];
    /// [`Error::ManifestInvalid`] or [`Error::UnsupportedVersion`] if the newest snapshot cannot be
    /// trusted; [`Error::Storage`].
    pub async fn open<I>(store: &Store, id: I) -> Result<Self>
    where
        I: TryInto<VolumeId>,
        Error: From<I::Error>,
    {
        let context = context(store, id.try_into()?);
        match context.history.head().await? {
            Some(manifest) => Ok(at(context, manifest)),
            None => Err(Error::VolumeNotFound { volume: context.history.of.volume }),
        }
    }

    /// The volume `id` at the snapshot `snapshot`.
    ///
    /// # Errors
    /// [`Error::SnapshotNotFound`], [`Error::Expired`], and as for [`open`](Self::open).
    pub async fn open_at<I>(store: &Store, id: I, snapshot: VolumeSnapshotId) -> Result<Self>
    where
        I: TryInto<VolumeId>,
        Error: From<I::Error>,
    {
        let context = context(store, id.try_into()?);
        let manifest = context.history.live(snapshot.number()).await?;
        Ok(at(context, manifest))
    }
}

impl<S: State> Volume<S> {
    /// The length of the volume, in bytes, with its gaps. It never changes.
    #[must_use]
    pub fn total_length(&self) -> u64 {
        self.state.base().total_length()
    }
}

/// A handle at the snapshot of this manifest.
pub(crate) fn at(context: Context, manifest: Arc<VolumeManifest>) -> Volume<Committed> {
    Volume { context, state: Committed { manifest } }
}

impl From<Volume<New>> for super::Base {
    fn from(volume: Volume<New>) -> Self {
        Self::New(volume)
    }
}

impl From<Volume<Committed>> for super::Base {
    fn from(volume: Volume<Committed>) -> Self {
        Self::Committed(volume)
    }
}

/// The handle that stages on `base`.
pub(super) fn handle(context: Context, base: Base) -> super::Base {
    match base {
        Base::New { total_length } => Volume { context, state: New { total_length } }.into(),
        Base::At(manifest) => at(context, manifest).into(),
    }
}

fn context(store: &Store, volume: VolumeId) -> Context {
    let limits = VolumeLimits::default();
    Context {
        history: History::new(store.clone(), VolumeChain { volume }, limits.max_manifest_bytes),
        on_conflict: OnConflict::default(),
        limits,
        progress: None,
    }
}
