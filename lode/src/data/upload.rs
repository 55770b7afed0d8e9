//! Storing one data object: whole if it is small, in parts if not, hashed on the way.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tracing::debug;

use crate::checksum::{Checksum, Hasher};
use crate::data::INLINE_BYTES;
use crate::data::spare::Spares;
use crate::data::writer::Written;
use crate::error::{Error, Result};
use crate::progress::Meter;
use crate::store::{Store, best_effort};

/// One object on its way to the store.
pub(super) struct Upload {
    store: Store,
    key: String,
    part_bytes: usize,
    parts_in_flight: usize,
    meter: Meter,
    hash: Option<Hash>,
    part: Part,
    size_bytes: u64,
    multipart: Option<Multipart>,
    /// The bytes of the parts in flight.
    in_flight: Arc<AtomicUsize>,
    spares: Spares,
}

impl Upload {
    pub(super) fn new(
        store: &Store,
        key: String,
        checksum: Option<Checksum>,
        part_bytes: usize,
        parts_in_flight: usize,
        meter: Meter,
        spares: Spares,
    ) -> Self {
        Self {
            store: store.clone(),
            key,
            part_bytes: part_bytes.max(1),
            parts_in_flight: parts_in_flight.max(1),
            meter,
            hash: checksum.map(|checksum| Hash::Idle(checksum.hasher())),
            part: Part::default(),
            size_bytes: 0,
            multipart: None,
            in_flight: Arc::default(),
            spares,
        }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(super) fn buffered_bytes(&self) -> usize {
        self.part.len + self.in_flight.load(Ordering::Relaxed)
    }

    /// Adds bytes, and stores the parts that are full.
    pub(super) async fn append(&mut self, mut bytes: Bytes) -> Result<()> {
        self.size_bytes += bytes.len() as u64;
        while self.part.len + bytes.len() >= self.part_bytes {
            self.part.push(bytes.split_to(self.part_bytes - self.part.len));
            let part = self.part.take();
            self.put_part(part).await?;
        }
        self.part.push(bytes);
        Ok(())
    }

    /// Tells the failure of a part, if one has failed since the last call. Does not wait.
    pub(super) fn reap(&mut self) -> Result<()> {
        let Some(multipart) = &mut self.multipart else { return Ok(()) };
        while let Some(part) = multipart.parts.try_join_next() {
            stored(part, &self.key)?;
        }
        Ok(())
    }

    /// Waits for a part to fail; for ever, if none does.
    pub(super) fn poll_failed(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some(multipart) = &mut self.multipart else { return Poll::Pending };
        while let Poll::Ready(Some(part)) = multipart.parts.poll_join_next(cx) {
            if let Err(error) = stored(part, &self.key) {
                return Poll::Ready(error);
            }
        }
        Poll::Pending
    }

    /// Stores what is left; the object is complete then.
    pub(super) async fn complete(&mut self) -> Result<Written> {
        let rest = self.part.take();
        match self.multipart.is_some() {
            false => self.put_whole(rest).await?,
            true => {
                if !rest.is_empty() {
                    self.put_part(rest).await?;
                }
                self.complete_multipart().await?;
            }
        }
        self.meter.file();
        let checksum = match self.hash.take() {
            Some(hash) => Some(hash.idle().await?.finish()),
            None => None,
        };
        Ok(Written { size_bytes: self.size_bytes, checksum })
    }

    /// Removes what was stored.
    pub(super) async fn abort(&mut self) {
        self.part.take();
        if let Some(multipart) = self.multipart.take() {
            multipart.abort(&self.key).await;
        }
    }

    async fn put_whole(&mut self, bytes: Vec<Bytes>) -> Result<()> {
        self.hash(&bytes).await?;
        self.store.put(&self.key, bytes.into_iter().collect()).await?;
        self.meter.bytes(self.size_bytes);
        Ok(())
    }

    async fn put_part(&mut self, part: Vec<Bytes>) -> Result<()> {
        self.hash(&part).await?;
        let payload: PutPayload = part.iter().cloned().collect();
        let len = payload.content_length();
        let multipart = match &mut self.multipart {
            Some(multipart) => multipart,
            none => {
                let path = self.store.path(&self.key)?;
                let begun = self.store.object_store().put_multipart(&path).await;
                let upload = begun.map_err(Error::storage("begin the upload of", &*self.key))?;
                none.insert(Multipart { upload, parts: JoinSet::new() })
            }
        };
        while multipart.parts.len() >= self.parts_in_flight {
            if let Some(part) = multipart.parts.join_next().await {
                stored(part, &self.key)?;
            }
        }
        let put = multipart.upload.put_part(payload);
        let held = Held::new(&self.in_flight, len);
        let (meter, spares) = (self.meter.clone(), self.spares.clone());
        multipart.parts.spawn(async move {
            put.await?;
            part.into_iter().for_each(|bytes| spares.give_bytes(bytes));
            drop(held);
            meter.bytes(len as u64);
            Ok(())
        });
        Ok(())
    }

    async fn complete_multipart(&mut self) -> Result<()> {
        let Some(multipart) = &mut self.multipart else { return Ok(()) };
        while let Some(part) = multipart.parts.join_next().await {
            stored(part, &self.key)?;
        }
        if let Err(error) = multipart.upload.complete().await {
            if !has_landed(&self.store, &self.key, self.size_bytes).await {
                return Err(Error::storage("put", &*self.key)(error));
            }
            debug!(key = self.key, %error, "an upload is complete, though its reply was lost");
        }
        self.multipart = None;
        Ok(())
    }

    /// Goes on hashing with `bytes`: a few at once, many in a job, one job at a time.
    async fn hash(&mut self, bytes: &[Bytes]) -> Result<()> {
        let Some(hash) = self.hash.take() else { return Ok(()) };
        let mut hasher = hash.idle().await?;
        let len: usize = bytes.iter().map(Bytes::len).sum();
        self.hash = Some(if len <= INLINE_BYTES {
            bytes.iter().for_each(|bytes| hasher.update(bytes));
            Hash::Idle(hasher)
        } else {
            let bytes = bytes.to_vec();
            Hash::Busy(spawn_blocking(move || {
                bytes.iter().for_each(|bytes| hasher.update(bytes));
                hasher
            }))
        });
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(multipart) = self.multipart.take() else { return };
        let key = mem::take(&mut self.key);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { multipart.abort(&key).await })),
            Err(_) => debug!(key, "an upload was dropped outside the runtime, and not aborted"),
        }
    }
}

/// The part being collected.
#[derive(Default)]
struct Part {
    chunks: Vec<Bytes>,
    /// Small chunks are copied together, so that a part is not made of thousands.
    small: BytesMut,
    len: usize,
}

/// Chunks below this size are copied together, …
const SMALL: usize = 16 << 10;
/// … into pieces of this size.
const PIECE: usize = 256 << 10;

impl Part {
    fn push(&mut self, chunk: Bytes) {
        self.len += chunk.len();
        if chunk.len() >= SMALL {
            self.seal();
            self.chunks.push(chunk);
        } else if !chunk.is_empty() {
            if self.small.len() + chunk.len() > PIECE {
                self.seal();
            }
            self.small.extend_from_slice(&chunk);
        }
    }

    fn take(&mut self) -> Vec<Bytes> {
        self.seal();
        self.len = 0;
        mem::take(&mut self.chunks)
    }

    fn seal(&mut self) {
        if !self.small.is_empty() {
            self.chunks.push(mem::take(&mut self.small).freeze());
        }
    }
}

/// An upload in parts that is neither complete nor aborted.
struct Multipart {
    upload: Box<dyn MultipartUpload>,
    parts: JoinSet<object_store::Result<()>>,
}

impl Multipart {
    async fn abort(mut self, key: &str) {
        self.parts.shutdown().await;
        let abort = async {
            if let Err(error) = self.upload.abort().await {
                debug!(key, %error, "cannot abort an upload");
            }
        };
        best_effort("aborting an upload", key, abort).await;
    }
}

/// The hash of what was appended, which may be at work on the last of it.
enum Hash {
    Idle(Hasher),
    Busy(JoinHandle<Hasher>),
}

impl Hash {
    async fn idle(self) -> Result<Hasher> {
        Ok(match self {
            Self::Idle(hasher) => hasher,
            Self::Busy(job) => job.await?,
        })
    }
}

/// Bytes that count as held until this is dropped.
struct Held {
    bytes: usize,
    total: Arc<AtomicUsize>,
}

impl Held {
    fn new(total: &Arc<AtomicUsize>, bytes: usize) -> Self {
        total.fetch_add(bytes, Ordering::Relaxed);
        Self { bytes, total: Arc::clone(total) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Whether the object is there, although the store said that it is not: of a store whose reply can be lost.
/// Nobody else puts an object of this name.
async fn has_landed(store: &Store, key: &str, size_bytes: u64) -> bool {
    if store.is_settled() {
        return false;
    }
    let found = best_effort("looking for an upload", key, store.head(key)).await;
    matches!(found, Some(Ok(Some(found))) if found.size == size_bytes)
}

/// The outcome of a part's task.
fn stored(part: Result<object_store::Result<()>, tokio::task::JoinError>, key: &str) -> Result<()> {
    part?.map_err(Error::storage("put", key))
}
