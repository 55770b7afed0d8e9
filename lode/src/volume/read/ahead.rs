//! Bytes in order, fetched before they are asked for.

use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::task::JoinHandle;
#[cfg(feature = "local")]
use tokio::task::spawn_blocking;

use super::Opened;
use super::extent::{Extent, Extents};
use super::fetch::{Expected, hash};
use crate::checksum::Hasher;
use crate::error::Result;

/// The smallest piece that a block is cut into.
pub(super) const PIECE_BYTES: u64 = 64 << 10;

/// The bytes of a range, in order, up to its first gap.
///
/// Blocks of up to half of what may be read ahead are fetched whole, and verified before any of their
/// bytes are given. Larger ones are fetched in pieces; if all of one was read, its last piece is only
/// given if the checksum is right.
pub(super) struct Ahead {
    opened: Arc<Opened>,
    extents: Extents,
    rest: Option<Rest>,
    asked: VecDeque<Asked>,
    /// How many bytes were asked for and not given yet.
    held: u64,
    /// How many that may be. It grows while the reader goes on, up to the limit.
    window: u64,
    verifying: Option<(Hasher, Expected)>,
}

/// What was not asked for yet of an extent.
struct Rest {
    extent: Extent,
    /// Whether some of it was.
    is_cut: bool,
    /// Whether the extent is all of an object.
    is_whole: bool,
}

/// A piece that is being fetched.
struct Asked {
    fetch: Fetching,
    piece: Extent,
    /// Whether it is a part of an object that is read whole.
    verifies: bool,
}

impl Ahead {
    /// `window` is how many bytes are read ahead at first.
    pub(super) fn new(opened: Arc<Opened>, range: Range<u64>, window: u64) -> Self {
        Self {
            extents: Extents::of(&opened.manifest, range),
            rest: None,
            asked: VecDeque::new(),
            held: 0,
            window: window.min(opened.limits.read_ahead_bytes as u64),
            opened,
            verifying: None,
        }
    }

    /// The bytes as they come. After an error the stream ends.
    pub(super) fn stream(self) -> BoxStream<'static, Result<Bytes>> {
        let next = |mut ahead: Self| async move { Ok(ahead.next().await?.map(|b| (b, ahead))) };
        stream::try_unfold(self, next).boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        self.ask();
        let Some(Asked { fetch, piece, verifies }) = self.asked.pop_front() else {
            return Ok(None);
        };
        let found = fetch.await;
        let bytes = self.opened.source().settle(piece, found).await?;
        self.held -= piece.length;
        let limit = self.opened.limits.read_ahead_bytes as u64;
        self.window = self.window.max(PIECE_BYTES).saturating_mul(2).min(limit);
        self.ask();
        if verifies { self.verify(piece, bytes).await.map(Some) } else { Ok(Some(bytes)) }
    }

    /// Asks for as many pieces as there is room for, but for one at least.
    fn ask(&mut self) {
        let in_flight = self.opened.limits.reads_in_flight.max(1);
        while self.asked.len() < in_flight
            && let Some(rest) = self.rest.take().or_else(|| self.next_extent())
        {
            let whole = (self.window / 2).max(PIECE_BYTES);
            let part = (self.window / 4).max(PIECE_BYTES);
            let is_cut = rest.is_cut || rest.extent.length > whole;
            let (piece, left) = rest.extent.split(if is_cut { part } else { whole });
            if !self.asked.is_empty() && self.held.saturating_add(piece.length) > self.window {
                self.rest = Some(rest);
                return;
            }
            let is_whole = rest.is_whole;
            self.rest = left.map(|extent| Rest { extent, is_cut, is_whole });
            self.held += piece.length;
            let fetch = Fetching::start(Arc::clone(&self.opened), piece);
            self.asked.push_back(Asked { fetch, piece, verifies: is_cut && is_whole });
        }
    }

    fn next_extent(&mut self) -> Option<Rest> {
        let extent = self.extents.next(&self.opened.manifest)?;
        let is_whole = extent.is_whole(&self.opened.manifest);
        Some(Rest { extent, is_cut: false, is_whole })
    }

    /// Hashes a piece of an object, and compares after the last.
    async fn verify(&mut self, piece: Extent, bytes: Bytes) -> Result<Bytes> {
        let manifest = &self.opened.manifest;
        let block = piece.block(manifest);
        if piece.place == 0 {
            let expected = Expected::of(block, manifest)?;
            self.verifying = expected.map(|expected| (expected.hasher(), expected));
        }
        let mut bytes = bytes;
        if let Some((hasher, expected)) = self.verifying.take() {
            let (hasher, hashed) = hash(hasher, bytes).await?;
            self.verifying = Some((hasher, expected));
            bytes = hashed;
        }
        if piece.place.saturating_add(piece.length) == block.object_length {
            if let Some((hasher, expected)) = self.verifying.take() {
                expected.check(hasher, &block.path)?;
            }
            self.opened.meter.file();
        }
        Ok(bytes)
    }
}

/// A task or a job that fetches, which ends when this is dropped.
struct Fetching(JoinHandle<Result<Bytes>>);

impl Fetching {
    fn start(opened: Arc<Opened>, piece: Extent) -> Self {
        #[cfg(feature = "local")]
        if let Some(job) = opened.source().job(piece) {
            return Self(spawn_blocking(move || job.run()));
        }
        Self(tokio::spawn(async move { opened.source().request(piece).await }))
    }
}

impl Future for Fetching {
    type Output = Result<Bytes>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(cx))?)
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.abort();
    }
}
