//! Reading a snapshot: a range at once, as it comes, or as a file is read.
//!
//! ```text
//! range ─► extents (one object each, neighbours joined) ─► requests ─► verified, if it was all of the
//!                                                                     object ─► bytes in order
//! ```

mod ahead;
mod extent;
mod fetch;
#[cfg(feature = "local")]
mod file;
mod reader;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use self::ahead::Ahead;
use self::extent::Extents;
use self::fetch::Source;
use super::Volume;
use super::chain::VolumeChain;
use super::limits::VolumeLimits;
use super::map;
use super::state::{Readable, State};
use crate::commit::History;
use crate::data::Spares;
use crate::error::{Error, Result};
use crate::manifest::VolumeManifest;
use crate::progress::Meter;

pub use reader::VolumeReader;

impl<S: State> Volume<S> {
    /// The bytes in `range` of the snapshot. An empty range within the volume has no bytes.
    ///
    /// Where the range lies in one object that is one request, and its bytes are not copied; else
    /// several requests are made at once, as [`VolumeLimits::reads_in_flight`] says. A block that is
    /// read whole is verified by its checksum; of one that is read in part, the size is.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`], and [`Error::RangeMissing`] if the snapshot has not every byte of the
    /// range: both before anything is asked of the store. [`Error::Corrupt`] for an object that is
    /// missing or not what was written, [`Error::Expired`] if the snapshot has expired since it was
    /// opened, [`Error::CodecUnavailable`] for a checksum whose feature is off, [`Error::Storage`].
    pub fn read_at(&self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>>
    where
        S: Readable,
    {
        async move {
            self.check_range(&range)?;
            let meter = self.context.meter();
            let (source, mut extents) = self.plan(&meter, range.clone());
            let Some(first) = extents.next(source.manifest) else { return Ok(Bytes::new()) };
            let Some(second) = extents.next(source.manifest) else {
                return source.fetch(first).await;
            };

            let rest = std::iter::from_fn(|| extents.next(source.manifest));
            let mut pieces = stream::iter([first, second].into_iter().chain(rest))
                .map(|extent| source.fetch(extent))
                .buffered(self.context.limits.reads_in_flight.max(1));
            // How much there is, only the store knows: a manifest can say anything.
            let mut bytes = Vec::with_capacity((range.end - range.start).min(FIRST_BYTES) as usize);
            while let Some(piece) = pieces.try_next().await? {
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes.into())
        }
        .boxed()
    }

    /// Fills `buffer` with the bytes of the snapshot from `offset` on. As
    /// [`read_at`](Self::read_at) otherwise.
    ///
    /// # Errors
    /// Those of [`read_at`](Self::read_at). What is in the buffer is then not specified.
    pub fn read_at_into<'a>(
        &'a self,
        offset: u64,
        buffer: &'a mut [u8],
    ) -> BoxFuture<'a, Result<()>>
    where
        S: Readable,
    {
        async move {
            // A sum that is out of range is out of bounds too.
            let range = offset..offset.saturating_add(buffer.len() as u64);
            self.check_range(&range)?;
            let meter = self.context.meter();
            let (source, mut extents) = self.plan(&meter, range);
            let extents = std::iter::from_fn(|| extents.next(source.manifest));
            let mut pieces =
                stream::iter(extents)
                    .map(|extent| async move {
                        Ok::<_, Error>((extent.start, source.fetch(extent).await?))
                    })
                    .buffer_unordered(self.context.limits.reads_in_flight.max(1));
            while let Some((start, piece)) = pieces.try_next().await? {
                let at = (start - offset) as usize;
                buffer[at..at + piece.len()].copy_from_slice(&piece);
            }
            Ok(())
        }
        .boxed()
    }

    /// The bytes in `range` of the snapshot as they come, in order.
    ///
    /// [`VolumeLimits::read_ahead_bytes`] says how much is fetched and held before it is asked for (one
    /// piece of up to 64 KiB always is), and [`VolumeLimits::reads_in_flight`] by how many requests.
    /// Blocks of up to half of that are verified before their bytes come; larger ones come in pieces,
    /// and where all of one was read and its checksum is wrong, its last piece is the error. After
    /// an error the stream ends.
    ///
    /// # Errors
    /// Those of [`read_at`](Self::read_at), as an item; a range that is missing or out of bounds is
    /// the first.
    pub fn stream(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes>>
    where
        S: Readable,
    {
        match self.check_range(&range) {
            Ok(()) => Ahead::new(Arc::new(self.opened()), range, u64::MAX).stream(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    /// The whole volume as something to read and seek in, from its first byte on: `AsyncRead`,
    /// `AsyncBufRead` (which saves a copy) and `AsyncSeek`. Nothing is fetched before it is read.
    ///
    /// The more is read in one go, the more is read ahead, up to [`VolumeLimits::read_ahead_bytes`].
    /// Blocks are verified as those of a [`stream`](Self::stream), where all of one is read in one
    /// go. As in a file, a position behind the end can be sought, and nothing is read there.
    ///
    /// A gap is an error when the reader gets there, after the bytes before it were given: an
    /// [`std::io::Error`] of the kind `Other` that holds an [`Error::RangeMissing`], with the gap from
    /// the reader's position on. The position stays where it was, and the reader can seek and go on.
    /// Other errors of [`read_at`](Self::read_at) come in the same way.
    ///
    /// ```no_run
    /// # async fn example(volume: lode::Volume<lode::Committed>) -> std::io::Result<()> {
    /// use std::io::SeekFrom;
    /// use tokio::io::{AsyncReadExt, AsyncSeekExt};
    ///
    /// let mut reader = volume.reader();
    /// reader.seek(SeekFrom::Start(4096)).await?;
    /// let mut bytes = vec![0; 512];
    /// if let Err(error) = reader.read_exact(&mut bytes).await
    ///     && let Some(inner) = error.get_ref()
    ///     && let Some(lode::Error::RangeMissing { gaps, .. }) = inner.downcast_ref()
    /// {
    ///     println!("not there yet: {gaps:?}");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn reader(&self) -> VolumeReader
    where
        S: Readable,
    {
        VolumeReader::new(self.opened())
    }
}

impl<S: Readable> Volume<S> {
    /// Refuses a range that is not there.
    fn check_range(&self, range: &Range<u64>) -> Result<()> {
        self.check_bounds(range)?;
        let manifest = self.state.manifest();
        let gaps = map::gaps_in(&manifest.blocks, range.clone());
        if gaps.is_empty() { Ok(()) } else { Err(missing(manifest, gaps)) }
    }

    fn plan<'a>(&'a self, meter: &'a Meter, range: Range<u64>) -> (Source<'a>, Extents) {
        let manifest = self.state.manifest();
        let source = Source { history: &self.context.history, manifest, meter, spare: None };
        (source, Extents::of(manifest, range))
    }

    fn opened(&self) -> Opened {
        Opened {
            history: self.context.history.clone(),
            manifest: Arc::clone(self.state.manifest()),
            limits: self.context.limits.clone(),
            meter: self.context.meter(),
            spare: Spares::new(2, 0..=usize::MAX),
        }
    }
}

/// How much room is made for the bytes of a read before any has come.
const FIRST_BYTES: u64 = 4 << 20;

/// What a read needs that goes on after the call.
struct Opened {
    history: History<VolumeChain>,
    manifest: Arc<VolumeManifest>,
    limits: VolumeLimits,
    meter: Meter,
    spare: Spares,
}

impl Opened {
    fn source(&self) -> Source<'_> {
        Source {
            history: &self.history,
            manifest: &self.manifest,
            meter: &self.meter,
            spare: Some(&self.spare),
        }
    }
}

fn missing(manifest: &VolumeManifest, gaps: Vec<Range<u64>>) -> Error {
    let (volume, snapshot) = (manifest.volume_id.clone(), manifest.snapshot_id);
    Error::RangeMissing { volume, snapshot, gaps }
}
