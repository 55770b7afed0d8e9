//! Writing one data object.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::checksum::Checksum;
use crate::compress::Compressor;
use crate::data::members::Members;
use crate::data::parallelism;
use crate::data::spare::Spares;
use crate::data::upload::Upload;
use crate::error::{Error, Result, chain};
use crate::limits::setting;
use crate::progress::Meter;
use crate::store::Store;

/// How one data object is written.
pub(crate) struct FileOptions {
    pub(crate) compression: Arc<dyn Compressor>,
    pub(crate) checksum: Option<Checksum>,
    /// A file smaller than this is put whole, any other in parts of this size.
    pub(crate) part_bytes: usize,
    pub(crate) parts_in_flight: usize,
    /// The most bytes that the file may have, not compressed.
    pub(crate) max_bytes: Option<u64>,
    /// Told the stored bytes as they are stored, and the file once it is.
    pub(crate) meter: Meter,
    /// The buffers of this write.
    pub(crate) spares: Spares,
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// After compression.
    pub(crate) size_bytes: u64,
    /// Of the stored bytes.
    pub(crate) checksum: Option<String>,
}

/// A data object being written. It becomes visible when [`finish`](Self::finish) succeeds, and
/// never if it is aborted or dropped, or after an error.
///
/// At most `parts_in_flight + 1` parts and a few members are held in memory.
pub(crate) struct FileWriter {
    members: Members,
    stored: Upload,
    /// How many bytes it was given, and may be given.
    taken: u64,
    max_bytes: Option<u64>,
    /// What went wrong first: everything after that fails as well.
    failure: Option<String>,
}

impl FileWriter {
    /// A writer of the object `key`, which must be a fresh name. No I/O.
    pub(crate) fn new(store: &Store, key: String, options: FileOptions) -> Self {
        let FileOptions {
            compression,
            checksum,
            part_bytes,
            parts_in_flight,
            max_bytes,
            meter,
            spares,
        } = options;
        Self {
            members: Members::new(key.clone(), compression, spares.clone()),
            stored: Upload::new(store, key, checksum, part_bytes, parts_in_flight, meter, spares),
            taken: 0,
            max_bytes,
            failure: None,
        }
    }

    /// Adds a chunk, not compressed. Waits only while too much is in flight.
    ///
    /// # Errors
    /// Whatever has failed since the last call, of this chunk or one before it, or
    /// [`Error::LimitExceeded`] if the file is too large to be read again; the file is given up
    /// then, and its parts are removed.
    pub(crate) async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.check()?;
        // If this future is dropped halfway, bytes may be missing: nothing may follow then.
        self.failure = Some("an earlier write to it was cancelled".to_owned());
        match self.push(chunk).await {
            Ok(()) => {
                self.failure = None;
                Ok(())
            }
            Err(error) => Err(self.give_up(error).await),
        }
    }

    /// The size so far, after compression; what is still being compressed is not in it.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.stored.size_bytes()
    }

    /// How many bytes are held in memory.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.members.bytes + self.stored.buffered_bytes()
    }

    /// Waits for what fails in the background while nothing is written; for ever, if nothing does. After
    /// an error the file is to be [aborted](Self::abort).
    pub(crate) fn poll_failed(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let error = ready!(self.stored.poll_failed(cx));
        self.failure = Some(failed_before(&error));
        Poll::Ready(error)
    }

    /// Stores what is left. The object is durable and visible when this returns.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub(crate) async fn finish(mut self) -> Result<Written> {
        self.check()?;
        match self.complete().await {
            Ok(written) => Ok(written),
            Err(error) => Err(self.give_up(error).await),
        }
    }

    /// Gives the file up, and removes what was uploaded of it.
    pub(crate) async fn abort(mut self) {
        self.stored.abort().await;
    }

    async fn push(&mut self, mut chunk: Bytes) -> Result<()> {
        self.taken += chunk.len() as u64;
        if let Some(limit) = self.max_bytes
            && self.taken > limit
        {
            let key = self.stored.key();
            return Err(Error::too_large(key, "the decompressed file", limit, setting::DECODED));
        }
        if self.members.compression.is_none() {
            self.stored.append(chunk).await?;
        } else {
            while !chunk.is_empty() {
                self.members.fill(&mut chunk);
                self.collect(parallelism() + 1).await?;
            }
        }
        // A part that failed in the background is told now, not when the next one is due.
        self.stored.reap()
    }

    async fn complete(&mut self) -> Result<Written> {
        self.members.flush(self.stored.size_bytes() == 0)?;
        self.collect(0).await?;
        self.stored.complete().await
    }

    /// Appends finished members, and waits until at most `in_flight` are not.
    async fn collect(&mut self, in_flight: usize) -> Result<()> {
        while let Some(member) = self.members.next(in_flight).await? {
            self.stored.append(member).await?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let Some(failure) = self.failure.clone() else { return Ok(()) };
        let source = object_store::Error::Generic { store: "lode", source: failure.into() };
        Err(Error::Storage { operation: "write", path: self.stored.key().to_owned(), source })
    }

    async fn give_up(&mut self, error: Error) -> Error {
        self.failure = Some(failed_before(&error));
        self.members.clear();
        self.stored.abort().await;
        error
    }
}

fn failed_before(error: &Error) -> String {
    format!("it failed before: {}", chain(error))
}
