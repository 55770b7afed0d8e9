//! Reading a data object as records: cut into runs of whole records, decoded in parallel, in order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::codec::{DecodeError, DecodeRecords};
use crate::data::parallelism;
use crate::data::source::{FileToRead, Reader, Receiving};
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::limits::setting;
use crate::record::Record;
use crate::store::Store;

/// The object's records, some thousand at a time, in order.
///
/// The checksum is known at the end only: where it is wrong, [`Error::Corrupt`] is the last item,
/// after batches that must not be trusted. Bytes that cannot be decoded are [`Error::Decode`] only
/// if the stored bytes are what the manifest says.
pub(crate) fn records<T: Record>(
    store: &Store,
    file: FileToRead,
    codec: Arc<dyn DecodeRecords<T>>,
    snapshot: SnapshotId,
) -> BoxStream<'static, Result<Vec<T>>> {
    let store = store.clone();
    let batches = async move {
        let key = file.key.clone();
        let meter = file.meter.clone();
        match Batches::open(&store, file, codec).await {
            Err(error) => stream::once(async { Err(error) }).boxed(),
            Ok(batches) => stream::unfold(Some(batches), move |batches| {
                let (key, meter) = (key.clone(), meter.clone());
                async move {
                    let mut batches = batches?;
                    let item = match batches.next().await? {
                        Ok(batch) => Ok(batch),
                        Err(Failure::Store(error)) => Err(error),
                        Err(Failure::Decode(error)) => Err(Error::Decode {
                            snapshot,
                            path: key,
                            line: batches.lines.saturating_add(error.line),
                            column: error.column,
                            source: error.source,
                        }),
                    };
                    if let Ok(batch) = &item {
                        meter.records(batch.len() as u64);
                    }
                    let rest = item.is_ok().then_some(batches);
                    Some((item, rest))
                }
            })
            .boxed(),
        }
    };
    stream::once(batches).flatten().boxed()
}

/// A run of whole records has about this many bytes, unless one record is longer.
const RUN: usize = 512 << 10;

/// A file that is one run of at most this many bytes is cut and decoded by one job.
const SMALL: usize = 64 << 10;

struct Batches<T> {
    codec: Arc<dyn DecodeRecords<T>>,
    /// The job that cuts the next run.
    cutting: Option<JoinHandle<Result<Cut<T>>>>,
    /// The jobs that decode the runs before it.
    decoding: VecDeque<JoinHandle<Decoded<T>>>,
    /// Why no more runs are cut.
    failure: Option<Error>,
    /// How many lines there were before the next batch.
    lines: u64,
    _receiving: Receiving,
}

enum Failure {
    Store(Error),
    Decode(DecodeError),
}

/// The records of a run, and its number of lines.
type Decoded<T> = Result<(Vec<T>, u64), DecodeError>;

struct Cut<T> {
    run: Run<T>,
    /// `None` at the end of the file, which is verified then.
    rest: Option<Box<Cutter<T>>>,
}

enum Event<T> {
    Cut(Result<Result<Cut<T>>, JoinError>),
    Decoded(Result<Decoded<T>, JoinError>),
}

enum Run<T> {
    Bytes(Vec<u8>),
    Decoded(Decoded<T>),
}

impl<T: Record> Batches<T> {
    async fn open(
        store: &Store,
        file: FileToRead,
        codec: Arc<dyn DecodeRecords<T>>,
    ) -> Result<Self> {
        let (reader, receiving) = Reader::open(store, file).await?;
        let buffer = Vec::new();
        let cutter = Cutter { reader, buffer, first: true, codec: Arc::clone(&codec) };
        Ok(Self {
            codec,
            cutting: Some(Box::new(cutter).start()),
            decoding: VecDeque::new(),
            failure: None,
            lines: 0,
            _receiving: receiving,
        })
    }

    async fn next(&mut self) -> Option<Result<Vec<T>, Failure>> {
        loop {
            let decoded = match self.next_decoded().await {
                Some(Ok(decoded)) => decoded,
                Some(Err(lost)) => return Some(Err(Failure::Store(lost.into()))),
                None => return self.failure.take().map(|error| Err(Failure::Store(error))),
            };
            match decoded {
                Ok((batch, lines)) => {
                    self.lines = self.lines.saturating_add(lines);
                    if !batch.is_empty() {
                        return Some(Ok(batch));
                    }
                }
                Err(error) => return Some(Err(self.judge(error).await)),
            }
        }
    }

    /// Waits for the next run to be decoded, and keeps the jobs busy meanwhile.
    async fn next_decoded(&mut self) -> Option<Result<Decoded<T>, JoinError>> {
        loop {
            match poll_fn(|context| self.poll(context)).await? {
                Event::Decoded(decoded) => {
                    self.decoding.pop_front();
                    return Some(decoded);
                }
                Event::Cut(cut) => {
                    self.cutting = None;
                    match cut {
                        Err(lost) => self.failure = Some(lost.into()),
                        Ok(Err(error)) => self.failure = Some(error),
                        Ok(Ok(Cut { run, rest })) => {
                            self.cutting = rest.map(Cutter::start);
                            match run {
                                Run::Bytes(run) => self.decode(run),
                                Run::Decoded(decoded) => return Some(Ok(decoded)),
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whichever job is done; `None` if there is none. A cut comes first, for others wait for it.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Event<T>>> {
        if self.decoding.len() < parallelism()
            && let Some(cutting) = &mut self.cutting
            && let Poll::Ready(cut) = cutting.poll_unpin(context)
        {
            return Poll::Ready(Some(Event::Cut(cut)));
        }
        match self.decoding.front_mut() {
            Some(decoding) => decoding.poll_unpin(context).map(|it| Some(Event::Decoded(it))),
            None if self.cutting.is_some() => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn decode(&mut self, run: Vec<u8>) {
        let codec = Arc::clone(&self.codec);
        self.decoding.push_back(spawn_blocking(move || decode(&*codec, &run)));
    }

    /// What bytes that cannot be decoded mean: damage, if the stored bytes are not what the
    /// manifest says.
    async fn judge(&mut self, error: DecodeError) -> Failure {
        let verdict = match (self.cutting.take(), self.failure.take()) {
            (Some(cutting), _) => match cutting.await {
                Ok(Ok(Cut { rest: Some(mut cutter), .. })) => {
                    spawn_blocking(move || cutter.reader.verify_rest()).await
                }
                Ok(Ok(_)) => Ok(Ok(())),
                Ok(Err(error)) => Ok(Err(error)),
                Err(lost) => Err(lost),
            },
            (None, Some(error)) => Ok(Err(error)),
            (None, None) => Ok(Ok(())),
        };
        match verdict {
            Ok(Err(corrupt @ Error::Corrupt { .. })) => Failure::Store(corrupt),
            _ => Failure::Decode(error),
        }
    }
}

fn decode<T: Record>(codec: &dyn DecodeRecords<T>, run: &[u8]) -> Decoded<T> {
    let mut records = Vec::new();
    let rows = codec.decode(run, &mut records)?;
    let lines = codec.lines(run).unwrap_or(rows);
    Ok((records, lines))
}

/// Cuts a file into runs.
struct Cutter<T> {
    reader: Reader,
    /// The beginning of the next run.
    buffer: Vec<u8>,
    first: bool,
    codec: Arc<dyn DecodeRecords<T>>,
}

impl<T: Record> Cutter<T> {
    fn start(self: Box<Self>) -> JoinHandle<Result<Cut<T>>> {
        spawn_blocking(move || self.cut())
    }

    fn cut(mut self: Box<Self>) -> Result<Cut<T>> {
        let mut wanted = RUN;
        if self.reader.is_plain() || self.reader.file().size_bytes > SMALL as u64 {
            let size = usize::try_from(self.reader.file().size_bytes).unwrap_or(usize::MAX);
            self.buffer.reserve(if self.reader.is_plain() { RUN.min(size) } else { RUN });
        }
        loop {
            if self.reader.fill(&mut self.buffer, wanted)? {
                self.reader.verify()?;
                self.check(&self.buffer)?;
                let run = match self.first && self.buffer.len() <= SMALL {
                    true => Run::Decoded(decode(&*self.codec, &self.buffer)),
                    false => Run::Bytes(self.buffer),
                };
                return Ok(Cut { run, rest: None });
            }
            let end = self.codec.split(&self.buffer).min(self.buffer.len());
            if end > 0 {
                let rest = self.buffer[end..].to_vec();
                let mut run = std::mem::replace(&mut self.buffer, rest);
                run.truncate(end);
                self.check(&run)?;
                self.first = false;
                return Ok(Cut { run: Run::Bytes(run), rest: Some(self) });
            }
            self.check(&self.buffer)?;
            // A record longer than this: look for its end in twice as much.
            wanted = self.buffer.len();
        }
    }

    /// Refuses a run with a record above the limit: one that ends in no window of that size.
    fn check(&self, run: &[u8]) -> Result<()> {
        let Some(limit) = self.reader.file().limits.max_record_bytes else { return Ok(()) };
        let window = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut rest = run;
        while rest.len() > window {
            match self.codec.split(&rest[..window]).min(window) {
                0 => {
                    let key = &*self.reader.file().key;
                    return Err(Error::too_large(key, "a record", limit, setting::RECORD));
                }
                end => rest = &rest[end..],
            }
        }
        Ok(())
    }
}
