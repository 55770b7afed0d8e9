//! Reading a data object as bytes: whole, or as a stream.

use std::mem;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::data::source::{FileToRead, Reader, Receiving};
use crate::error::{Error, Result};
use crate::limits::setting;
use crate::store::Store;

/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// The object's bytes, decompressed and verified.
///
/// # Errors
/// [`Error::Storage`] (`NotFound` where the object is missing), [`Error::Corrupt`],
/// [`Error::LimitExceeded`].
pub(crate) async fn read_all(store: &Store, file: FileToRead) -> Result<Bytes> {
    let (mut reader, _receiving) = Reader::open(store, file).await?;
    spawn_blocking(move || {
        let mut bytes = Vec::new();
        if reader.is_plain() {
            reserve(&mut bytes, reader.file())?;
        }
        while !reader.fill(&mut bytes, CHUNK)? {}
        reader.verify()?;
        Ok(bytes.into())
    })
    .await?
}

/// Room for a file that is stored as it is: its object has just been seen to have this size.
fn reserve(bytes: &mut Vec<u8>, file: &FileToRead) -> Result<()> {
    let limit = file.limits.max_decoded_bytes.unwrap_or(u64::MAX);
    match usize::try_from(file.size_bytes) {
        Ok(size) if file.size_bytes <= limit && bytes.try_reserve_exact(size).is_ok() => Ok(()),
        _ => {
            let setting = (file.size_bytes > limit).then_some(setting::DECODED);
            Err(Error::too_large(&*file.key, "the file", limit.min(isize::MAX as u64), setting))
        }
    }
}

/// The object's bytes, decompressed, in chunks of about a mebibyte, one of them read ahead. The
/// checksum is known at the end only: where it is wrong, the last item is the error.
pub(crate) fn bytes(store: &Store, file: FileToRead) -> BoxStream<'static, Result<Bytes>> {
    let begin = Chunks::Begin(store.clone(), Box::new(file));
    let next =
        |mut chunks: Chunks| async move { Ok(chunks.next().await?.map(|bytes| (bytes, chunks))) };
    stream::try_unfold(begin, next).boxed()
}

enum Chunks {
    Begin(Store, Box<FileToRead>),
    Reading(JoinHandle<Result<Step>>, Receiving),
    End,
}

/// What one job has read, and the reader for the next, if there is more.
type Step = (Bytes, Option<Box<Reader>>);

impl Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let (job, receiving) = match mem::replace(self, Self::End) {
                Self::End => return Ok(None),
                Self::Begin(store, file) => {
                    let (reader, receiving) = Reader::open(&store, *file).await?;
                    (start(Box::new(reader)), receiving)
                }
                Self::Reading(job, receiving) => (job, receiving),
            };
            let (bytes, reader) = job.await??;
            if let Some(reader) = reader {
                *self = Self::Reading(start(reader), receiving);
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }
}

fn start(mut reader: Box<Reader>) -> JoinHandle<Result<Step>> {
    spawn_blocking(move || {
        let size = usize::try_from(reader.file().size_bytes).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(match reader.is_plain() {
            true => CHUNK.min(size),
            false => 0,
        });
        Ok(match reader.fill(&mut bytes, CHUNK)? {
            false => (bytes.into(), Some(reader)),
            true => {
                reader.verify()?;
                (bytes.into(), None)
            }
        })
    })
}
