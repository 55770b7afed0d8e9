//! Compressing the chunks of one data object, several at once, in order.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::compress::Compressor;
use crate::data::spare::Spares;
use crate::data::{INLINE_BYTES, parallelism};
use crate::error::{Error, Result};

/// Chunks on their way to becoming members.
pub(super) struct Members {
    key: String,
    /// `None` to store chunks as they are.
    pub(super) compression: Option<Arc<dyn Compressor>>,
    pending: Vec<Bytes>,
    pending_len: usize,
    in_flight: VecDeque<(JoinHandle<io::Result<Bytes>>, usize)>,
    /// Compressed at once, without a job.
    ready: Option<Bytes>,
    /// All of the above, not compressed.
    pub(super) bytes: usize,
    spares: Spares,
    /// What has a lane is compressed; jobs take turns in each.
    lanes: Vec<Arc<Mutex<()>>>,
    started: usize,
}

/// A member holds this many bytes or more, the last one apart, …
const MEMBER_MIN: usize = 512 << 10;
/// … and never more than this.
const MEMBER_MAX: usize = 1 << 20;

impl Members {
    pub(super) fn new(key: String, compression: Arc<dyn Compressor>, spares: Spares) -> Self {
        Self {
            key,
            compression: (compression.name() != "noop").then_some(compression),
            pending: Vec::new(),
            pending_len: 0,
            in_flight: VecDeque::new(),
            ready: None,
            bytes: 0,
            spares,
            // One core is the encoder's.
            lanes: (1..parallelism().max(2)).map(|_| Arc::default()).collect(),
            started: 0,
        }
    }

    /// Takes from `chunk` what fits into the member being collected, and starts to compress it
    /// when it is large enough.
    pub(super) fn fill(&mut self, chunk: &mut Bytes) {
        let piece = chunk.split_to(chunk.len().min(MEMBER_MAX - self.pending_len));
        self.pending_len += piece.len();
        self.bytes += piece.len();
        self.pending.push(piece);
        if self.pending_len >= MEMBER_MIN {
            self.start();
        }
    }

    /// Compresses the rest. A file of no bytes gets one member as well, so that other tools can
    /// read it.
    pub(super) fn flush(&mut self, nothing_stored: bool) -> Result<()> {
        let alone = nothing_stored && self.in_flight.is_empty();
        if self.pending.is_empty() && !alone {
            return Ok(());
        }
        let Some(compression) = &self.compression else { return Ok(()) };
        if alone && self.pending_len <= INLINE_BYTES {
            let chunks = mem::take(&mut self.pending);
            self.bytes -= mem::take(&mut self.pending_len);
            self.ready = Some(
                compress(compression.as_ref(), chunks, &self.spares).map_err(|e| self.failed(e))?,
            );
        } else {
            self.start();
        }
        Ok(())
    }

    fn start(&mut self) {
        let Some(compression) = self.compression.clone() else { return };
        let chunks = mem::take(&mut self.pending);
        let len = mem::take(&mut self.pending_len);
        let spares = self.spares.clone();
        let lane = Arc::clone(&self.lanes[self.started % self.lanes.len()]);
        self.started += 1;
        let job = spawn_blocking(move || {
            let _turn = lane.lock().unwrap_or_else(PoisonError::into_inner);
            compress(compression.as_ref(), chunks, &spares)
        });
        self.in_flight.push_back((job, len));
    }

    /// The next member in order. Does not wait for it while at most `in_flight` are on their way.
    pub(super) async fn next(&mut self, in_flight: usize) -> Result<Option<Bytes>> {
        if let Some(member) = self.ready.take() {
            return Ok(Some(member));
        }
        let Some((job, len)) = self.in_flight.front_mut() else { return Ok(None) };
        let len = *len;
        if !job.is_finished() && self.in_flight.len() <= in_flight {
            return Ok(None);
        }
        let Some((job, _)) = self.in_flight.front_mut() else { return Ok(None) };
        // Taken out only when it is done: if the caller is dropped here, nothing is lost.
        let member = job.await;
        self.in_flight.pop_front();
        self.bytes -= len;
        Ok(Some(member?.map_err(|e| self.failed(e))?))
    }

    fn failed(&self, error: io::Error) -> Error {
        let source = object_store::Error::Generic { store: "compression", source: error.into() };
        Error::Storage { operation: "compress", path: self.key.clone(), source }
    }

    pub(super) fn clear(&mut self) {
        self.pending.clear();
        self.in_flight.clear();
        self.ready = None;
        self.pending_len = 0;
        self.bytes = 0;
    }
}

fn compress(
    compression: &dyn Compressor,
    chunks: Vec<Bytes>,
    spares: &Spares,
) -> io::Result<Bytes> {
    // Compressors reserve room for the worst case: that is used again, and the member copied.
    let mut room = spares.take();
    match chunks.as_slice() {
        [chunk] => compression.compress(chunk, &mut room)?,
        chunks => compression.compress(&chunks.concat(), &mut room)?,
    }
    chunks.into_iter().for_each(|chunk| spares.give_bytes(chunk));
    let member = Bytes::copy_from_slice(&room);
    spares.give(room);
    Ok(member)
}
