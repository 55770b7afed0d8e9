//! Creating and opening volumes.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

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
        let context = context(store, volume, VolumeLimits::default());
        Ok(Self { context, state: New { total_length: len } })
    }
}

impl Volume<Committed> {
    /// The volume `id` at its newest snapshot, once it is awaited. The length comes from the manifest.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Store, Volume, VolumeLimits, metadata};
    ///
    /// # let store = Store::memory();
    /// # let staged = Volume::create(&store, "disk", 1 << 20)?.stage_write_at(0, b"boot").await?;
    /// # staged.commit(metadata! {}).await?;
    /// let volume = Volume::open(&store, "disk").await?;
    /// // Of a store that is not trusted:
    /// let limits = VolumeLimits { max_manifest_bytes: 1 << 20, ..VolumeLimits::default() };
    /// let volume = Volume::open(&store, "disk").limits(limits).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::VolumeNotFound`] if nothing was ever committed to it; [`Error::InvalidId`];
    /// [`Error::ManifestInvalid`] or [`Error::UnsupportedVersion`] if the newest snapshot cannot be
    /// trusted; [`Error::LimitExceeded`] if its manifest is too large; [`Error::Storage`].
    pub fn open<I>(store: &Store, id: I) -> OpenVolume
    where
        I: TryInto<VolumeId>,
        Error: From<I::Error>,
    {
        OpenVolume::new(store, id.try_into().map_err(Error::from), None)
    }

    /// The volume `id` at the snapshot `snapshot`, once it is awaited.
    ///
    /// # Errors
    /// [`Error::SnapshotNotFound`], [`Error::Expired`], and as for [`open`](Self::open).
    pub fn open_at<I>(store: &Store, id: I, snapshot: VolumeSnapshotId) -> OpenVolume
    where
        I: TryInto<VolumeId>,
        Error: From<I::Error>,
    {
        OpenVolume::new(store, id.try_into().map_err(Error::from), Some(snapshot))
    }
}

/// A volume that is opened when this is awaited. From [`Volume::open`] and [`Volume::open_at`].
#[must_use = "a volume is opened when this is awaited"]
#[derive(Debug)]
pub struct OpenVolume {
    store: Store,
    volume: Result<VolumeId>,
    /// The newest, if this is `None`.
    snapshot: Option<VolumeSnapshotId>,
    limits: VolumeLimits,
}

impl OpenVolume {
    fn new(store: &Store, volume: Result<VolumeId>, snapshot: Option<VolumeSnapshotId>) -> Self {
        Self { store: store.clone(), volume, snapshot, limits: VolumeLimits::default() }
    }

    /// Limits for reading the manifest, and of the handle.
    pub fn limits(mut self, limits: VolumeLimits) -> Self {
        self.limits = limits;
        self
    }

    async fn open(self) -> Result<Volume<Committed>> {
        let context = context(&self.store, self.volume?, self.limits);
        let manifest = match self.snapshot {
            Some(snapshot) => Some(context.history.live(snapshot.number()).await?),
            None => context.history.head().await?,
        };
        match manifest {
            Some(manifest) => Ok(at(context, manifest)),
            None => Err(Error::VolumeNotFound { volume: context.history.of.volume }),
        }
    }
}

impl IntoFuture for OpenVolume {
    type Output = Result<Volume<Committed>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.open().boxed()
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

fn context(store: &Store, volume: VolumeId, limits: VolumeLimits) -> Context {
    Context {
        history: History::new(store.clone(), VolumeChain { volume }, limits.max_manifest_bytes),
        on_conflict: OnConflict::default(),
        limits,
        progress: None,
    }
}
