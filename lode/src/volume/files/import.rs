//! Staging what a file holds.

use std::future::IntoFuture;
use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use tokio::task::spawn_blocking;

use super::blocks::FileBlocks;
use crate::error::{Error, Result};
use crate::volume::Volume;
use crate::volume::block::{Kind, StagedBlock};
use crate::volume::stage::staged;
use crate::volume::staging::Staging;
use crate::volume::state::{Open, Staged, State};

impl<S: Open> Volume<S> {
    /// Stages what the file at `path` holds, each byte at its own offset, and begins a session with it.
    /// The holes of the file are not read, and stay gaps. `.await` it, or say more first.
    ///
    /// The file must be as long as the volume. Its data are cut where the volume's offset is a multiple
    /// of [`block_bytes`](crate::VolumeLimits::block_bytes), and
    /// [`blocks_in_flight`](crate::VolumeLimits::blocks_in_flight) of those blocks are held in memory
    /// and uploaded at once. A hole is what the file system says it is, whole blocks of its own; zeros
    /// that were written are data. Where it knows of no holes, and on systems other than Linux, Android,
    /// FreeBSD and Apple's, all of the file is data. A file that is written to meanwhile is staged as
    /// it was when each block was read.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use lode::{Store, Volume, metadata};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let (image, copy) = (dir.path().join("disk.img"), dir.path().join("copy.img"));
    /// std::fs::write(&image, vec![7; 100_000])?;
    /// let volume = Volume::create(&Store::memory(), "disk", 100_000)?;
    /// let volume = volume.import_from(&image).await?.commit(metadata! {}).await?;
    /// assert!(volume.is_complete());
    /// volume.export_to(&copy).await?;
    /// assert_eq!(std::fs::read(&copy)?, [7; 100_000]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Before anything is uploaded: [`Error::FileLength`] if the file is not as long as the volume,
    /// [`Error::File`] if it cannot be opened or is no regular file, [`Error::Overlap`] if the snapshot
    /// has bytes where the file has data, [`Error::EmptyBlock`] if there is nothing to stage. Else
    /// [`Error::File`], [`Error::FileLength`] if the file's length was changed meanwhile, and [`Error::Storage`]:
    /// blocks that were staged before are in the store then, and [`resume`](Self::resume) finds them.
    pub fn import_from(&self, path: impl AsRef<Path>) -> Import<'_, S> {
        Import::new(self, path.as_ref())
    }
}

impl Volume<Staged> {
    /// Stages what the file at `path` holds: as on a volume where nothing is staged yet. Gives the
    /// blocks, by offset.
    ///
    /// After a [`resume`](Volume::resume), [`missing_only`](Import::missing_only) goes on with an
    /// import that was stopped:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use lode::{Store, Volume, metadata};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let image = dir.path().join("disk.img");
    /// std::fs::write(&image, vec![7; 100_000])?;
    /// let volume = Volume::create(&Store::memory(), "disk", 100_000)?;
    /// drop(volume.stage_write_at(0, vec![7; 65_536]).await?); // the process was killed
    ///
    /// let staged = volume.resume(volume.sessions().await?[0].id).await?;
    /// let blocks = staged.import_from(&image).missing_only().await?;
    /// assert_eq!(blocks[0].range(), 65_536..100_000);
    /// assert!(staged.commit(metadata! {}).await?.is_complete());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As on a volume where nothing is staged yet; [`Error::Overlap`] for what is staged too. Blocks
    /// that were staged before the error stay staged.
    pub fn import_from(&self, path: impl AsRef<Path>) -> Import<'_, Staged> {
        Import::new(self, path.as_ref())
    }
}

/// A file to be staged, from [`Volume::import_from`]: `.await` it.
#[derive(Debug)]
#[must_use = "nothing is imported until this is awaited"]
pub struct Import<'a, S: State> {
    volume: &'a Volume<S>,
    path: PathBuf,
    missing_only: bool,
}

impl<'a, S: State> Import<'a, S> {
    fn new(volume: &'a Volume<S>, path: &Path) -> Self {
        Self { volume, path: path.to_owned(), missing_only: false }
    }

    /// Leaves out what is committed or staged already, whatever bytes it has, instead of refusing the
    /// file for it. Where something is staged, it is then no error that nothing is missing.
    pub fn missing_only(mut self) -> Self {
        self.missing_only = true;
        self
    }

    async fn run(self, staging: &Staging) -> Result<Vec<StagedBlock>> {
        let file = self.open(staging).await?;
        let blocks = stream::try_unfold(file, |mut file: FileBlocks| async move {
            let block = spawn_blocking(move || Ok::<_, Error>((file.next()?, file)));
            let (block, file) = block.await??;
            Ok(block.map(|block| (block, file)))
        });
        staging.stage_each(Kind::Write, blocks.boxed()).await
    }

    /// Opens the file, and refuses one that cannot be imported.
    async fn open(self, staging: &Staging) -> Result<FileBlocks> {
        let Self { volume, path, missing_only } = self;
        let (id, len) = (volume.id().clone(), staging.base.total_length());
        let block_bytes = volume.context.limits.block_bytes.max(1) as u64;
        let covered = staging.coverage();
        let opened = spawn_blocking(move || {
            let mut file = FileBlocks::open(path, id, len, block_bytes)?;
            let mut in_the_way = None;
            match missing_only {
                true => file.left_out = covered,
                false => in_the_way = file.first_in(&covered)?,
            }
            let is_empty = file.is_at_end()?;
            Ok::<_, Error>((file, in_the_way, is_empty))
        });
        let (file, in_the_way, is_empty) = opened.await??;
        if let Some(range) = in_the_way {
            staging.reserve(Kind::Write, &range).map(drop)?;
        }
        let has_some = missing_only && staging.ledger.len() > 0;
        if is_empty && !has_some { Err(staging.empty(0)) } else { Ok(file) }
    }
}

impl<'a, S: Open> IntoFuture for Import<'a, S> {
    type Output = Result<Volume<Staged>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let staging = self.volume.begin();
        async move {
            self.run(&staging).await?;
            Ok(staged(staging))
        }
        .boxed()
    }
}

impl<'a> IntoFuture for Import<'a, Staged> {
    type Output = Result<Vec<StagedBlock>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let staging = self.volume.staging();
        self.run(staging).boxed()
    }
}
