//! The health of datasets.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::FutureExt;

use super::kind::{Attempt, Kind, Object};
use super::subject::Subject;
use super::{Examined, Expire, Gc, Restore, Retain, Verify, VerifyLevel};
use crate::codec::{Codec, Content};
use crate::commit::History;
use crate::dataset::{Dataset, DatasetChain, Formats, Snapshot, content_name, open};
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::manifest::{Manifest, Successor, Tombstone};
use crate::metadata::{IntoMetadata, Metadata};
use crate::record::RecordSchema;

impl<T: Content, C, L> Dataset<T, C, L> {
    /// Commits the content of the snapshot `id` as a new one, with metadata of its own. Nothing is
    /// copied: the new manifest names the same files and attachments.
    ///
    /// It replaces what the newest snapshot has, and so it is never moved onto another head.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Blob, Dataset, Store, metadata};
    ///
    /// let notes = Dataset::<Blob>::new(&Store::memory(), "notes")?;
    /// let good = notes.write(b"good", metadata! {}).await?;
    /// notes.write(b"bad", metadata! {}).await?;
    /// let restored = notes.restore(good.id(), metadata! { "reason": "bad data" }).await?;
    /// assert_eq!(restored.id().get(), 3);
    /// assert_eq!(notes.read_blob(&restored).await?, "good");
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
    /// snapshot expired meanwhile and a clean-up took its files; [`Error::ContentMismatch`];
    /// [`Error::UnsupportedVersion`] for a manifest of a newer minor version; and as for
    /// [`snapshot`](Self::snapshot).
    pub fn restore(&self, id: SnapshotId, metadata: impl IntoMetadata) -> Restore<Snapshot<T>> {
        let history = self.context().history.clone();
        Restore::new(history, id, metadata.into_metadata(), open)
    }
}

impl<T, C, L> Dataset<T, C, L> {
    /// Expires the snapshots that `retain` does not keep: each manifest is replaced by a tombstone,
    /// which says [`Error::Expired`] to readers for ever. Data are not deleted by it; the first
    /// [`gc`](Self::gc) after its age does that, so that whoever has opened a snapshot can read on until
    /// then.
    ///
    /// The newest snapshot never expires, nor does one that Go Lode wrote. May be called at any time,
    /// by any number of processes, and again: what has expired stays as it is.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Blob, Dataset, Retain, Store, metadata};
    ///
    /// let notes = Dataset::<Blob>::new(&Store::memory(), "notes")?;
    /// for text in ["one", "two", "three"] {
    ///     notes.write(text.as_bytes(), metadata! {}).await?;
    /// }
    /// let report = notes.expire(Retain::last(2)).await?;
    /// assert_eq!(report.expired.len(), 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`] or [`Error::UnsupportedVersion`] if a manifest cannot be trusted or is
    /// of a newer minor version, [`Error::LayoutMismatch`], and, but for a dry run,
    /// [`Error::UncheckedStore`] and [`Error::UnsafeStore`] if the store is not committed to: nothing has
    /// expired then. [`Error::Storage`]: some may have expired; call it again.
    pub fn expire(&self, retain: Retain) -> Expire {
        Expire::new(self.subject(), retain)
    }

    /// Deletes the objects that no snapshot needs: of expired snapshots, of writes that failed or were
    /// killed. Only those that are older than [`older_than`](Gc::older_than), by default a day. May be
    /// called at any time, beside any number of readers and writers.
    ///
    /// Before anything is deleted, a snapshot is committed that has the content and metadata of the
    /// newest and says what is condemned: a writer that slept so long that its files are among that
    /// gets [`Error::Condemned`] and writes again. Where there is nothing to delete nothing is committed.
    ///
    /// Where nothing was ever committed it does nothing: what a killed first write has left stays until
    /// there is a snapshot. Objects whose names lode did not give are never deleted. On a local store it
    /// also deletes the temporary files that killed writes left: regular files in the dataset's folder,
    /// and below, that are called `<anything>#<digits>` and are as old (those of manifests stay).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Blob, Dataset, Store, metadata};
    ///
    /// let notes = Dataset::<Blob>::new(&Store::memory(), "notes")?;
    /// notes.write(b"one", metadata! {}).await?;
    /// let report = notes.gc().dry_run().await?;
    /// assert!(report.condemned.is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Nothing was deleted after [`Error::ManifestInvalid`], [`Error::UnsupportedVersion`] (a manifest
    /// that cannot be read, or is of a newer minor version, could name anything),
    /// [`Error::LayoutMismatch`], [`Error::LimitExceeded`] (the list of what is condemned is larger than
    /// [`max_manifest_bytes`](crate::Limits::max_manifest_bytes)), [`Error::CommitUnknown`], and
    /// [`Error::Conflict`] (other writers committed first, 100 times); nor, but for a dry run, after
    /// [`Error::UncheckedStore`] and [`Error::UnsafeStore`], if the store is not committed to.
    /// [`Error::Storage`]: some of what was condemned may have been deleted. What is left over is found
    /// by the next call.
    pub fn gc(&self) -> Gc {
        Gc::new(self.subject())
    }

    /// Looks at everything that is stored of this dataset, as deep as `level` says, and reports what is
    /// wrong: damage is not an error of this call, and never ends it. Nothing is changed. What several
    /// snapshots name is looked at once. [`on_progress`](Self::on_progress) is told of bytes and objects
    /// read.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Blob, Dataset, Store, VerifyLevel, metadata};
    ///
    /// let notes = Dataset::<Blob>::new(&Store::memory(), "notes")?;
    /// notes.write(b"one", metadata! {}).await?;
    /// let report = notes.verify(VerifyLevel::Content).await?;
    /// assert!(report.is_ok(), "{report}");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Storage`] if objects or manifests cannot be listed; [`Error::LayoutMismatch`].
    pub fn verify(&self, level: VerifyLevel) -> Verify
    where
        T: Content,
        C: Codec<T>,
    {
        let formats = self.formats();
        let at_once = self.context().limits.read_concurrency;
        let examine = move |manifest: Arc<Manifest>, place| {
            let formats = formats.clone();
            async move { examine(&formats, &manifest, place).await }.boxed()
        };
        Verify::new(self.context().history.clone(), level, at_once, Arc::new(examine))
    }

    fn subject(&self) -> Subject {
        Subject::Dataset(self.context().history.clone())
    }
}

/// Reads the object at this place of [`Kind::objects`].
async fn examine<T: Content>(
    formats: &Formats<T>,
    manifest: &Manifest,
    place: usize,
) -> Result<Examined> {
    if let Some(file) = manifest.files.get(place) {
        return T::examine(formats, manifest, file).await;
    }
    match manifest.attachments.get(place - manifest.files.len()) {
        Some(attachment) => formats.examine_attachment(manifest, attachment).await,
        None => Ok(Examined::Wholly),
    }
}

impl Kind for DatasetChain {
    fn objects(manifest: &Manifest) -> impl Iterator<Item = Object<'_>> + Send {
        let schemas: Vec<u128> = manifest.schemas.iter().map(RecordSchema::hash).collect();
        let files = manifest.files.iter().map(move |file| Object {
            path: &file.path,
            size: file.size_bytes,
            checksum: file.checksum_in(manifest),
            format: [file.codec_in(manifest).unwrap_or_default(), file.compressor_in(manifest)],
            schema: file.schema.and_then(|at| schemas.get(at).copied()).unwrap_or_default(),
            rows: file.rows(),
        });
        let algorithm = manifest.checksum_algorithm.as_deref();
        let attachments = manifest.attachments.iter().map(move |attachment| Object {
            path: &attachment.path,
            size: attachment.size_bytes,
            checksum: algorithm.zip(attachment.checksum.as_deref()),
            format: [""; 2],
            schema: 0,
            rows: None,
        });
        files.chain(attachments)
    }

    fn expired_objects(tombstone: &Tombstone) -> impl Iterator<Item = &str> + Send {
        tombstone.expired_files.iter().map(|file| file.path.as_str())
    }

    fn expired_at(tombstone: &Tombstone) -> DateTime<Utc> {
        tombstone.expired_at
    }

    fn metadata(manifest: &Manifest) -> &Metadata {
        &manifest.metadata
    }

    fn is_large(manifest: &Manifest) -> bool {
        manifest.files.len() > 1000
    }

    fn can_follow(content: &Manifest, head: &Manifest) -> Result<()> {
        if content.is_blob() == head.is_blob() {
            return Ok(());
        }
        let [expected, found] = [content.is_blob(), head.is_blob()].map(content_name);
        Err(Error::ContentMismatch {
            dataset: head.dataset_id.clone(),
            snapshot: head.snapshot_id,
            expected,
            found,
        })
    }

    fn again(
        &self,
        content: &Manifest,
        parent: &Manifest,
        as_: Successor,
    ) -> Result<(Manifest, Vec<u8>)> {
        let manifest = content.again(self.paths, parent, as_)?;
        let body = manifest.to_json()?;
        Ok((manifest, body))
    }

    fn tombstone(&self, manifest: &Manifest, at: DateTime<Utc>) -> Result<Vec<u8>> {
        manifest.expire(self.paths, at)?.to_json()
    }

    fn folders(&self) -> Vec<String> {
        self.paths.data_folders(&self.dataset).into()
    }

    fn attempt_of(&self, key: &str) -> Option<Attempt> {
        let write = self.paths.write_of(&self.dataset, key)?;
        Some(Attempt { id: write.as_u128(), began: write.began()? })
    }

    async fn check_elsewhere(history: &History<Self>) -> Result<()> {
        history.check_other_layouts().await
    }
}
