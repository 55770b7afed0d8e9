//! Writing a snapshot to a file.

use std::future::IntoFuture;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, TryStreamExt};
use futures::{FutureExt, TryFutureExt};
use tokio::task::spawn_blocking;

use super::temporary::Temporary;
use crate::error::Result;
use crate::progress::Meter;
use crate::volume::Volume;
use crate::volume::map;
use crate::volume::open::at;
use crate::volume::state::{Committed, Readable, State};

impl<S: State> Volume<S> {
    /// Writes the snapshot to a new file at `path`, each byte at its own offset, as long as the volume.
    /// Gaps are holes, which read as zeros, and take no space where the file system makes holes of what
    /// is never written (NTFS does not). `.await` it, or say more first.
    ///
    /// The bytes are verified as those of a [`stream`](Volume::stream), and
    /// [`read_ahead_bytes`](crate::VolumeLimits::read_ahead_bytes) of them are held in memory. They are
    /// written to `.lode-export-<id>` in the same folder, which gets its name when it is complete and on
    /// disk: what is at `path` is never half of a volume. It is removed after a failure, and if the
    /// future is dropped before it is complete; a process that is killed leaves it. On a file system
    /// without hard links, an empty file has the name for a moment before; what another program writes to
    /// that is replaced.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use lode::{Store, Volume, metadata};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("disk.img");
    /// let volume = Volume::create(&Store::memory(), "disk", 1 << 20)?;
    /// let volume = volume.stage_write_at(4096, b"data").await?.commit(metadata! {}).await?;
    ///
    /// volume.export_to(&path).await?;
    /// let bytes = std::fs::read(&path)?;
    /// assert_eq!((bytes.len(), &bytes[4096..4100]), (1 << 20, &b"data"[..]));
    ///
    /// assert!(volume.export_to(&path).await.is_err(), "the file exists");
    /// volume.export_to(&path).overwrite().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be created or written; without
    /// [`overwrite`](Export::overwrite), of the kind `AlreadyExists` if there is one. Those of a
    /// [`stream`](Volume::stream). There is no file at `path` then, or the one that was there before;
    /// only where the folder cannot be synced to disk, the whole new one.
    pub fn export_to(&self, path: impl AsRef<Path>) -> Export
    where
        S: Readable,
    {
        let volume = at(self.context.clone(), Arc::clone(self.state.manifest()));
        Export { volume, path: path.as_ref().to_owned(), overwrite: false }
    }
}

/// A snapshot to be written to a file, from [`Volume::export_to`]: `.await` it.
#[derive(Debug)]
#[must_use = "nothing is exported until this is awaited"]
pub struct Export {
    volume: Volume<Committed>,
    path: PathBuf,
    overwrite: bool,
}

impl Export {
    /// Replaces a file that is there, at the end and at once: until then it is what it was. A symbolic
    /// link is replaced itself.
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    async fn run(self) -> Result<()> {
        let Self { mut volume, path, overwrite } = self;
        let meter = volume.context.meter();
        // Told here: to the reads, each run is a call of its own.
        volume.context.progress = None;
        let (id, len) = (volume.store().fresh_id(), volume.total_length());
        let created = spawn_blocking(move || Temporary::create(path, overwrite, id, len));
        let file = Arc::new(created.await??);
        copy(&volume, &file, &meter).await?;
        spawn_blocking(move || file.publish()).await?
    }
}

impl IntoFuture for Export {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'static, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

/// Copies all runs of data, several at once: as many as are read ahead in the bytes that one may.
async fn copy(volume: &Volume<Committed>, file: &Arc<Temporary>, meter: &Meter) -> Result<()> {
    let limits = &volume.context.limits;
    let (in_flight, room) = (limits.reads_in_flight.max(1), limits.read_ahead_bytes as u64);
    let (mut copies, mut held) = (FuturesUnordered::new(), 0);
    for run in map::coverage(volume.blocks()) {
        let cost = (run.end - run.start).min(room);
        while copies.len() >= in_flight || held + cost > room {
            let Some(freed) = copies.try_next().await? else { break };
            held -= freed;
        }
        held += cost;
        copies.push(copy_run(volume, run, file, meter).map_ok(move |()| cost));
    }
    while copies.try_next().await?.is_some() {}
    Ok(())
}

async fn copy_run(
    volume: &Volume<Committed>,
    run: Range<u64>,
    file: &Arc<Temporary>,
    meter: &Meter,
) -> Result<()> {
    let mut at = run.start;
    let mut chunks = volume.stream(run.clone());
    while let Some(bytes) = chunks.try_next().await? {
        let (file, offset, length) = (Arc::clone(file), at, bytes.len() as u64);
        spawn_blocking(move || file.write_at(offset, &bytes)).await??;
        meter.bytes(length);
        at += length;
    }
    map::blocks_in(volume.blocks(), run).iter().for_each(|_| meter.file());
    Ok(())
}
