//! A volume as something to read and seek in.

use std::fmt;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use super::ahead::{Ahead, PIECE_BYTES};
use super::{Opened, missing};
use crate::error::Result;
use crate::volume::map;

/// Reads one snapshot of a volume: `AsyncRead` and `AsyncSeek`. See
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
                let end = next.map_or(range.end, |block| block.offset);
                Err(missing(manifest, vec![range.start..end]))
            }
        }
    }
}

impl AsyncRead for VolumeReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while buffer.remaining() > 0 {
            let left = this.left();
            if !left.is_empty() {
                let n = left.len().min(buffer.remaining());
                buffer.put_slice(&left[..n]);
                this.at += n as u64;
                break;
            }
            let mut ahead = match this.ahead.take() {
                Some(ahead) => ahead,
                None => match this.begin(buffer.remaining()).map_err(io::Error::other)? {
                    Some(ahead) => ahead,
                    None => break,
                },
            };
            let next = ahead.poll_next_unpin(cx);
            if !matches!(next, Poll::Ready(None | Some(Err(_)))) {
                this.ahead = Some(ahead);
            }
            if let Some(chunk) = ready!(next) {
                this.chunk = chunk.map_err(io::Error::other)?;
                this.chunk_at = this.at;
            }
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
