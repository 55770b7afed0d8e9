//! The stored bytes of one data object, hashed and counted as they are read.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::GetResultPayload;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::checksum::{Checksum, Hasher};
use crate::compress::{Compressor, Noop};
use crate::error::{Error, Result};
use crate::limits::{Limits, setting};
use crate::progress::Meter;
use crate::store::{Store, broken_off};

/// A data object, and what its manifest says of it.
#[derive(Clone)]
pub(crate) struct FileToRead {
    pub(crate) key: String,
    /// Stored bytes.
    pub(crate) size_bytes: u64,
    pub(crate) checksum: Option<(Checksum, String)>,
    pub(crate) compressor: Arc<dyn Compressor>,
    pub(crate) limits: Limits,
    /// Told the stored bytes as they are read, records as they are decoded, and the file once it
    /// is verified.
    pub(crate) meter: Meter,
}

impl FileToRead {
    /// A block of a volume: as it is stored, and of any size.
    pub(crate) fn block(
        key: String,
        size_bytes: u64,
        checksum: Option<(Checksum, String)>,
        meter: Meter,
    ) -> Self {
        let limits = Limits { max_decoded_bytes: None, ..Limits::default() };
        Self { key, size_bytes, checksum, compressor: Arc::new(Noop), limits, meter }
    }
}

/// The decompressed bytes of an object, on a thread that may block.
pub(super) struct Reader {
    file: FileToRead,
    source: Shared,
    /// Whether the stored bytes are the bytes.
    plain: bool,
    decompressor: Option<Box<dyn Read + Send>>,
    decoded: u64,
}

impl Reader {
    /// Asks the store for the object. The decompressor is made at the first read.
    ///
    /// # Errors
    /// [`Error::Storage`] with `NotFound` if there is none, [`Error::Corrupt`] if its size is
    /// not what the manifest says.
    pub(super) async fn open(store: &Store, file: FileToRead) -> Result<(Self, Receiving)> {
        let Some(found) = store.get(&file.key).await? else {
            let source = object_store::Error::NotFound {
                path: file.key.clone(),
                source: "there is no such object".into(),
            };
            return Err(Error::storage("get", file.key)(source));
        };
        if found.meta.size != file.size_bytes {
            let (expected, size) = (file.size_bytes, found.meta.size);
            let reason = format!("it has {size} bytes, and the manifest says {expected}");
            return Err(Error::corrupt(file.key, reason));
        }
        let (bytes, task) = match found.payload {
            #[cfg(feature = "local")]
            GetResultPayload::File(file, _) => (Stored::File(file), None),
            GetResultPayload::Stream(stream) => {
                let (received, task) = receive(stream);
                (Stored::Stream(received), Some(task))
            }
        };
        let receiving = Receiving { task, is_dropped: Arc::default() };
        let source = Source {
            bytes,
            is_dropped: Arc::clone(&receiving.is_dropped),
            left: file.size_bytes,
            hasher: file.checksum.as_ref().map(|(checksum, _)| checksum.hasher()),
            failure: None,
            meter: file.meter.clone(),
        };
        let plain = file.compressor.name() == "noop";
        let source = Shared(Arc::new(Mutex::new(source)));
        Ok((Self { file, source, plain, decompressor: None, decoded: 0 }, receiving))
    }

    pub(super) fn file(&self) -> &FileToRead {
        &self.file
    }

    /// Whether the stored bytes are the bytes.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Appends up to `n` bytes to `output`: fewer only at the end of the file, where `true` is
    /// returned.
    ///
    /// # Errors
    /// Of the store, the decompressor ([`Error::Corrupt`]), or the limit.
    pub(super) fn fill(&mut self, output: &mut Vec<u8>, n: usize) -> Result<bool> {
        let limit = self.file.limits.max_decoded_bytes.unwrap_or(u64::MAX);
        // One more than allowed, to see whether there is more.
        let n = limit.saturating_sub(self.decoded).saturating_add(1).min(n as u64);
        let before = output.len();
        let outcome = match self.plain {
            true => self.source.lock().append(output, n),
            // What is left may be few bytes that decompress to many.
            false => self.check_wanted().and_then(|()| self.decompress(output, n)),
        };
        outcome.map_err(|error| self.failed(error))?;
        let read = (output.len() - before) as u64;
        self.decoded += read;
        if self.decoded > limit {
            let key = &*self.file.key;
            return Err(Error::too_large(key, "the decompressed file", limit, setting::DECODED));
        }
        Ok(read < n || (self.plain && self.source.lock().left == 0))
    }

    /// All bytes, if the store gives them in one piece: they are not copied then.
    ///
    /// # Errors
    /// Of the store.
    #[cfg(feature = "parquet")]
    pub(super) fn one_piece(&mut self) -> Result<Option<Bytes>> {
        let limit = self.file.limits.max_decoded_bytes.unwrap_or(u64::MAX);
        if !self.plain || self.file.size_bytes > limit {
            return Ok(None);
        }
        let piece = self.source.lock().one_piece();
        piece.map_err(|error| self.failed(error))
    }

    /// The verdict, once the end was reached: whether all of the stored bytes were read, and are
    /// what the manifest says.
    pub(super) fn verify(&mut self) -> Result<()> {
        let mut source = self.source.lock();
        if source.left > 0 {
            let reason = format!("{} bytes follow the compressed data", source.left);
            return Err(Error::corrupt(&*self.file.key, reason));
        }
        let found = source.hasher.take().map(Hasher::finish);
        drop(source);
        if let (Some((checksum, expected)), Some(found)) = (&self.file.checksum, found)
            && *expected != found
        {
            let reason = format!("its {checksum} is {found}, and the manifest says {expected}");
            return Err(Error::corrupt(&*self.file.key, reason));
        }
        self.file.meter.file();
        Ok(())
    }

    /// Reads the rest for its verdict alone: decompressed, as far as the limit allows, so that the verdict
    /// is the same wherever reading stopped; and all of the stored bytes.
    pub(super) fn verify_rest(&mut self) -> Result<()> {
        let mut buffer = Vec::with_capacity(STEP);
        while !self.plain {
            buffer.clear();
            match self.fill(&mut buffer, STEP) {
                Ok(false) => {}
                Ok(true) => return self.verify(),
                Err(Error::LimitExceeded { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        self.decompressor = None;
        while self.source.lock().left > 0 {
            buffer.clear();
            let outcome = self.source.lock().append(&mut buffer, STEP as u64);
            outcome.map_err(|error| self.failed(error))?;
        }
        self.verify()
    }

    fn check_wanted(&self) -> io::Result<()> {
        self.source.lock().check_wanted()
    }

    fn decompress(&mut self, output: &mut Vec<u8>, n: u64) -> io::Result<()> {
        let reader = match &mut self.decompressor {
            Some(reader) => reader,
            none => {
                let source = Box::new(self.source.clone());
                none.insert(self.file.compressor.decompress(source)?)
            }
        };
        reader.take(n).read_to_end(output)?;
        Ok(())
    }

    /// What an error of reading means: the store's own, or else damage.
    fn failed(&self, error: io::Error) -> Error {
        let key = &*self.file.key;
        match self.source.lock().failure.take() {
            Some(Failure::Storage(source)) => Error::storage("read", key)(source),
            #[cfg(feature = "local")]
            Some(Failure::Short(left)) => {
                Error::corrupt(key, format!("it ended {left} bytes before its size"))
            }
            None => Error::corrupt(key, format!("it cannot be decompressed: {error}")),
        }
    }
}

/// Stored bytes are read and hashed in steps that stay in the processor's cache.
const STEP: usize = 256 << 10;

/// Where the stored bytes come from, shared with the decompressor that reads them.
#[derive(Clone)]
struct Shared(Arc<Mutex<Source>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lock().read(buffer)
    }
}

struct Source {
    bytes: Stored,
    /// Whether nobody waits for the bytes any more.
    is_dropped: Arc<AtomicBool>,
    /// How many bytes there must still be.
    left: u64,
    hasher: Option<Hasher>,
    /// What went wrong, kept apart from what a decompressor makes of it.
    failure: Option<Failure>,
    meter: Meter,
}

enum Failure {
    Storage(object_store::Error),
    /// The file ended this many bytes too soon.
    #[cfg(feature = "local")]
    Short(u64),
}

enum Stored {
    #[cfg(feature = "local")]
    File(std::fs::File),
    Stream(Received),
}

impl Source {
    /// Appends `n` bytes, or what is left.
    fn append(&mut self, output: &mut Vec<u8>, n: u64) -> io::Result<()> {
        let mut n = n.min(self.left);
        while n > 0 {
            self.check_wanted()?;
            let start = output.len();
            let read = match &mut self.bytes {
                #[cfg(feature = "local")]
                // `read_to_end` of a `Take` fills spare room without clearing it first.
                Stored::File(file) => match file.take(n.min(STEP as u64)).read_to_end(output) {
                    Ok(read) => read,
                    Err(error) => return Err(self.fail(local(error))),
                },
                Stored::Stream(received) => match received.next(n) {
                    Ok(chunk) => {
                        output.extend_from_slice(&chunk);
                        chunk.len()
                    }
                    Err(error) => return Err(self.fail(error)),
                },
            };
            self.took(read, |hasher| hasher.update(&output[start..]))?;
            n -= read as u64;
        }
        Ok(())
    }

    /// What is left, if the next chunk is all of it.
    #[cfg(feature = "parquet")]
    fn one_piece(&mut self) -> io::Result<Option<Bytes>> {
        let Stored::Stream(received) = &mut self.bytes else { return Ok(None) };
        let chunk = match received.current() {
            Ok(chunk) if chunk.is_empty() => return Ok(None),
            Ok(chunk) if chunk.len() as u64 == self.left => chunk.split_off(0),
            Ok(_) => return Ok(None),
            Err(error) => return Err(self.fail(error)),
        };
        self.took(chunk.len(), |hasher| hasher.update(&chunk))?;
        Ok(Some(chunk))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if n == 0 {
            return Ok(0);
        }
        self.check_wanted()?;
        let read = match &mut self.bytes {
            #[cfg(feature = "local")]
            Stored::File(file) => match file.read(&mut buffer[..n]) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => return Err(self.fail(local(error))),
            },
            Stored::Stream(received) => match received.next(n as u64) {
                Ok(chunk) => {
                    buffer[..chunk.len()].copy_from_slice(&chunk);
                    chunk.len()
                }
                Err(error) => return Err(self.fail(error)),
            },
        };
        self.took(read, |hasher| hasher.update(&buffer[..read]))?;
        Ok(read)
    }

    /// Ends a job that nobody waits for: nobody sees the error.
    fn check_wanted(&mut self) -> io::Result<()> {
        match self.is_dropped.load(Ordering::Relaxed) {
            false => Ok(()),
            true => Err(self.fail(object_store::Error::Generic {
                store: "lode",
                source: "nobody waits for it any more".into(),
            })),
        }
    }

    fn took(&mut self, read: usize, hash: impl FnOnce(&mut Hasher)) -> io::Result<()> {
        if read == 0 {
            self.failure = Some(match self.bytes {
                #[cfg(feature = "local")]
                Stored::File(_) => Failure::Short(self.left),
                Stored::Stream(_) => Failure::Storage(broken_off(self.left)),
            });
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hasher.as_mut().map(hash);
        self.left -= read as u64;
        self.meter.bytes(read as u64);
        Ok(())
    }

    fn fail(&mut self, error: object_store::Error) -> io::Error {
        self.failure = Some(Failure::Storage(error));
        io::Error::other("the store failed")
    }
}

#[cfg(feature = "local")]
fn local(error: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFileSystem", source: error.into() }
}

/// The chunks of a stream, for a thread that may block: a task receives a few of them ahead.
struct Received {
    chunks: mpsc::Receiver<object_store::Result<Bytes>>,
    current: Bytes,
}

/// How many chunks of a stream are held; stores give chunks of some ten kilobytes.
const AHEAD: usize = 16;

/// Dropping this ends any job that reads the object, at its next step, and the task that receives a
/// stream, if there is one, for whose next chunk a job may wait: whoever waits for the jobs holds it.
pub(super) struct Receiving {
    task: Option<AbortHandle>,
    is_dropped: Arc<AtomicBool>,
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn receive(mut stream: BoxStream<'static, object_store::Result<Bytes>>) -> (Received, AbortHandle) {
    let (sender, chunks) = mpsc::channel(AHEAD);
    let task = tokio::spawn(async move {
        while let Some(chunk) = stream.next().await {
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
    });
    (Received { chunks, current: Bytes::new() }, task.abort_handle())
}

impl Received {
    /// The chunk that is next; empty at the end.
    fn current(&mut self) -> object_store::Result<&mut Bytes> {
        while !self.current.has_remaining() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk?,
                None => break,
            }
        }
        Ok(&mut self.current)
    }

    /// Up to `n` bytes; none at the end.
    fn next(&mut self, n: u64) -> object_store::Result<Bytes> {
        let current = self.current()?;
        let n = current.len().min(usize::try_from(n).unwrap_or(usize::MAX));
        Ok(current.split_to(n))
    }
}
