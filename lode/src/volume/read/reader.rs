//! A volume as something to read and seek in.

use std::fmt;
use std::io::{self, SeekFrom};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, ReadBuf};

use super::ahead::{Ahead, PIECE_BYTES};
use super::{Opened, missing};
use crate::error::Result;
use crate::volume::map;

/// Reads one snapshot of a volume: `AsyncRead`, `AsyncBufRead` and `AsyncSeek`. See
/// [`Volume::reader`](crate::Volume::reader).
#[must_use = "a reader does nothing unless it is read"]
pub struct VolumeReader {
    opened: Arc<Opened>,
    at: u64,
    /// The bytes read last, and where they lie; `at` is in them, at their end, or elsewhere after a
    /// seek.
    chunk: Bytes,
    chunk_at: u64,
    /// What comes after the chunk, while the reader goes on from there.
    ahead: Option<BoxStream<'static, Result<Bytes>>>,
}

impl VolumeReader {
    pub(super) fn new(opened: Opened) -> Self {
        Self { opened: Arc::new(opened), at: 0, chunk: Bytes::new(), chunk_at: 0, ahead: None }
    }

    /// What is left of the chunk, from where the reader is.
    fn left(&self) -> &[u8] {
        let passed = self.at.checked_sub(self.chunk_at).and_then(|n| usize::try_from(n).ok());
        passed.and_then(|passed| self.chunk.get(passed..)).unwrap_or_default()
    }

    /// Where the chunk ends.
    fn chunk_end(&self) -> u64 {
        self.chunk_at.saturating_add(self.chunk.len() as u64)
    }

    /// Sees to it that something is left of the chunk, unless the volume has ended.
    fn poll_chunk(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<io::Result<()>> {
        while self.left().is_empty() {
            let mut ahead = match self.ahead.take() {
                Some(ahead) => ahead,
                None => match self.begin(wanted).map_err(io::Error::other)? {
                    Some(ahead) => ahead,
                    None => break,
                },
            };
            self.opened.spare.give_bytes(mem::take(&mut self.chunk));
            self.chunk_at = self.at;
            let next = ahead.poll_next_unpin(cx);
            if !matches!(next, Poll::Ready(None | Some(Err(_)))) {
                self.ahead = Some(ahead);
            }
            if let Some(chunk) = ready!(next) {
                self.chunk = chunk.map_err(io::Error::other)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// What can be read from here on, up to a gap: `None` at the end of the volume and behind it.
    fn begin(&self, wanted: usize) -> Result<Option<BoxStream<'static, Result<Bytes>>>> {
        let manifest = &self.opened.manifest;
        let range = self.at..manifest.total_length;
        if range.is_empty() {
            return Ok(None);
        }
        match map::blocks_in(&manifest.blocks, range.clone()).first() {
            Some(block) if block.offset <= self.at => {
                // A reader that jumps about should not fetch much more than it wants.
                let window = PIECE_BYTES.max(wanted as u64);
                Ok(Some(Ahead::new(Arc::clone(&self.opened), range, window).stream()))
            }
            next => {
                let gap = range.start..next.map_or(range.end, |block| block.offset);
                Err(missing(manifest, vec![gap]))
            }
        }
    }
}

impl AsyncBufRead for VolumeReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_chunk(cx, 0))?;
        Poll::Ready(Ok(this.left()))
    }

    fn consume(self: Pin<&mut Self>, n: usize) {
        let this = self.get_mut();
        this.at += n.min(this.left().len()) as u64;
    }
}

impl AsyncRead for VolumeReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() > 0 {
            ready!(this.poll_chunk(cx, buffer.remaining()))?;
            let left = this.left();
            let n = left.len().min(buffer.remaining());
            buffer.put_slice(&left[..n]);
            this.at += n as u64;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for VolumeReader {
    fn start_seek(self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        let this = self.get_mut();
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => this.at.checked_add_signed(by),
            SeekFrom::End(by) => this.opened.manifest.total_length.checked_add_signed(by),
        };
        let at = at.ok_or_else(|| {
            let reason = "a position in a volume is from 0 to 2^64 - 1";
            io::Error::new(io::ErrorKind::InvalidInput, reason)
        })?;
        if at < this.chunk_at || this.chunk_end() < at {
            this.ahead = None;
            this.chunk = Bytes::new();
            this.chunk_at = at;
        }
        this.at = at;
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.at))
    }
}

impl fmt::Debug for VolumeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let manifest = &self.opened.manifest;
        f.debug_struct("VolumeReader")
            .field("volume", &manifest.volume_id)
            .field("snapshot", &manifest.snapshot_id)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
