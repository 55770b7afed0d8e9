//! The health of volumes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::FutureExt;

use super::kind::{Attempt, Kind, Object, known_checksum};
use super::subject::Subject;
use super::{Examined, Expire, Gc, Restore, Retain, Verify, VerifyLevel};
use crate::commit::History;
use crate::data::{self, FileToRead};
use crate::error::{Error, Result};
use crate::id::VolumeSnapshotId;
use crate::manifest::{Successor, VolumeManifest, VolumeTombstone};
use crate::metadata::{IntoMetadata, Metadata};
use crate::progress::Meter;
use crate::store::Store;
use crate::volume::{Committed, State, Volume, VolumeChain, at};

impl<S: State> Volume<S> {
    /// Commits the content of the snapshot `id` as a new one, with metadata of its own: its blocks, and
    /// nothing else. Nothing is copied: the new manifest names the same objects. What was committed
    /// since is a gap again, if the old snapshot had it not.
    ///
    /// It replaces what the newest snapshot has, and so it is never merged with what others commit.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Store, Volume, metadata};
    ///
    /// let staged = Volume::create(&Store::memory(), "disk", 100)?.stage_write_at(0, b"good").await?;
    /// let good = staged.commit(metadata! {}).await?;
    /// let staged = good.stage_overwrite_at(0, b"evil").await?;
    /// let evil = staged.commit(metadata! {}).await?;
    /// let restored = evil.restore(good.snapshot_id(), metadata! {}).await?;
    /// assert_eq!(restored.read_at(0..4).await?, "good");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Nothing is visible after any error but [`Error::CommitUnknown`], and [`Error::Task`] where the
    /// runtime shuts down or the store panics, after which it may be.
    /// [`Error::InvalidMetadata`]; [`Error::UncheckedStore`] and [`Error::UnsafeStore`] if the store is
    /// not committed to; [`Error::SnapshotNotFound`], or [`Error::Expired`] if it has expired, also
    /// meanwhile;
    /// [`Error::Conflict`] if another writer committed meanwhile; [`Error::Condemned`] if the
    /// snapshot expired meanwhile and a clean-up took its blocks; [`Error::LengthMismatch`];
    /// [`Error::UnsupportedVersion`] for a manifest of a newer minor version; [`Error::Storage`].
    pub fn restore(
        &self,
        id: VolumeSnapshotId,
        metadata: impl IntoMetadata,
    ) -> Restore<Volume<Committed>> {
        let context = self.context().clone();
        let open = move |manifest| Ok(at(context.clone(), manifest));
        let history = self.context().history.clone();
        Restore::new(history, id.number(), metadata.into_metadata(), open)
    }

    /// Expires the snapshots that `retain` does not keep: see
    /// [`Dataset::expire`](crate::Dataset::expire). The newest never expires, nor does one that Go Lode
    /// wrote.
    ///
    /// # Errors
    /// As there; a volume has one layout.
    pub fn expire(&self, retain: Retain) -> Expire {
        Expire::new(self.subject(), retain)
    }

    /// Deletes the blocks that no snapshot needs: of expired snapshots, and those that were staged and
    /// never committed, once the whole session is older than [`older_than`](Gc::older_than). See
    /// [`Dataset::gc`](crate::Dataset::gc), also for the temporary files of a local store.
    ///
    /// Where nothing was ever committed it does nothing: blocks that were staged for a volume which was
    /// never committed stay.
    ///
    /// # Errors
    /// As there; a volume has one layout.
    pub fn gc(&self) -> Gc {
        Gc::new(self.subject())
    }

    /// Looks at everything that is stored of this volume, of all its snapshots: see
    /// [`Dataset::verify`](crate::Dataset::verify).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Store, VerifyLevel, Volume, metadata};
    ///
    /// let staged = Volume::create(&Store::memory(), "disk", 100)?.stage_write_at(0, b"boot").await?;
    /// let volume = staged.commit(metadata! {}).await?;
    /// let report = volume.verify(VerifyLevel::Objects).await?;
    /// assert_eq!((report.is_ok(), report.objects), (true, 1));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn verify(&self, level: VerifyLevel) -> Verify {
        let context = self.context();
        let (history, meter) = (context.history.clone(), context.meter());
        let store = history.store.clone();
        let examine = move |manifest: Arc<VolumeManifest>, place| {
            let (store, meter) = (store.clone(), meter.clone());
            async move { examine(&store, meter, &manifest, place).await }.boxed()
        };
        let at_once = context.limits.reads_in_flight;
        Verify::new(history, level, at_once, Arc::new(examine))
    }

    fn subject(&self) -> Subject {
        Subject::Volume(self.context().history.clone())
    }
}

/// Reads the object of the block at this place.
async fn examine(
    store: &Store,
    meter: Meter,
    manifest: &VolumeManifest,
    place: usize,
) -> Result<Examined> {
    let Some(block) = manifest.blocks.get(place) else { return Ok(Examined::Wholly) };
    let (checksum, examined) = known_checksum(block.checksum_in(manifest));
    let file = FileToRead::block(block.path.clone(), block.object_length, checksum, meter);
    data::examine(store, file, None).await?;
    Ok(examined)
}

impl Kind for VolumeChain {
    fn objects(manifest: &VolumeManifest) -> impl Iterator<Item = Object<'_>> + Send {
        manifest.blocks.iter().map(|block| Object {
            path: &block.path,
            size: block.object_length,
            checksum: block.checksum_in(manifest),
            format: [""; 2],
            schema: 0,
            rows: None,
        })
    }

    fn expired_objects(tombstone: &VolumeTombstone) -> impl Iterator<Item = &str> + Send {
        tombstone.expired_blocks.iter().map(|block| block.path.as_str())
    }

    fn expired_at(tombstone: &VolumeTombstone) -> DateTime<Utc> {
        tombstone.expired_at
    }

    fn metadata(manifest: &VolumeManifest) -> &Metadata {
        &manifest.metadata
    }

    fn is_large(manifest: &VolumeManifest) -> bool {
        manifest.blocks.len() > 1000
    }

    fn can_follow(content: &VolumeManifest, head: &VolumeManifest) -> Result<()> {
        match content.total_length == head.total_length {
            true => Ok(()),
            false => Err(Error::LengthMismatch {
                volume: head.volume_id.clone(),
                expected: content.total_length,
                found: head.total_length,
            }),
        }
    }

    fn again(
        &self,
        content: &VolumeManifest,
        parent: &VolumeManifest,
        as_: Successor,
    ) -> Result<(VolumeManifest, Vec<u8>)> {
        let manifest = content.again(parent, as_)?;
        let body = manifest.to_json()?;
        Ok((manifest, body))
    }

    fn tombstone(&self, manifest: &VolumeManifest, at: DateTime<Utc>) -> Result<Vec<u8>> {
        manifest.expire(at)?.to_json()
    }

    fn folders(&self) -> Vec<String> {
        vec![self.data()]
    }

    fn attempt_of(&self, key: &str) -> Option<Attempt> {
        let session = self.session_of(key)?;
        Some(Attempt { id: session.as_u128(), began: session.began()? })
    }

    /// Volumes have one layout.
    async fn check_elsewhere(_: &History<Self>) -> Result<()> {
        Ok(())
    }
}
