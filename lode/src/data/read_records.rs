//! Reading a data object as records: cut into runs of whole records, decoded in parallel, in order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::codec::{DecodeError, DecodeRecords};
use crate::data::failure::Failure;
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
    cutting: Option<JoinHandle<Cut<T>>>,
    /// The jobs that decode the runs before it.
    decoding: VecDeque<JoinHandle<Decoded<T>>>,
    /// Why no more runs are cut, and what cut them, unless it is lost.
    failure: Option<(Error, Option<Box<Cutter<T>>>)>,
    /// How many lines there were before the next batch.
    lines: u64,
    _receiving: Receiving,
}

/// The records of a run, and its number of lines.
type Decoded<T> = Result<(Vec<T>, u64), DecodeError>;

enum Cut<T> {
    Run(Vec<u8>, Box<Cutter<T>>),
    /// The end of the file, which is verified.
    Last(Vec<u8>),
    /// All of a small file, which is verified.
    Whole(Decoded<T>),
    Failed(Error, Box<Cutter<T>>),
}

enum Event<T> {
    Cut(Result<Cut<T>, JoinError>),
    Decoded(Result<Decoded<T>, JoinError>),
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
                None => return self.failure.take().map(|(error, _)| Err(Failure::Store(error))),
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
                        Err(lost) => self.failure = Some((lost.into(), None)),
                        Ok(Cut::Failed(error, cutter)) => {
                            self.failure = Some((error, Some(cutter)));
                        }
                        Ok(Cut::Run(run, cutter)) => {
                            self.cutting = Some(cutter.start());
                            self.decode(run);
                        }
                        Ok(Cut::Last(run)) => self.decode(run),
                        Ok(Cut::Whole(decoded)) => return Some(Ok(decoded)),
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

    /// What bytes that cannot be decoded mean: damage, if the stored bytes are not what the manifest
    /// says, or cannot be decompressed. It is the same however much was read ahead.
    async fn judge(&mut self, error: DecodeError) -> Failure {
        let (failure, cutter) = match self.cutting.take() {
            Some(cutting) => match cutting.await {
                Ok(Cut::Run(_, cutter)) => (None, Some(cutter)),
                Ok(Cut::Failed(error, cutter)) => (Some(error), Some(cutter)),
                Ok(Cut::Last(_) | Cut::Whole(_)) | Err(_) => (None, None),
            },
            None => match self.failure.take() {
                Some((error, cutter)) => (Some(error), cutter),
                None => (None, None),
            },
        };
        let damage = match (failure, cutter) {
            (None | Some(Error::LimitExceeded { .. }), Some(mut cutter)) => {
                let verdict = spawn_blocking(move || cutter.reader.verify_rest()).await;
                verdict.ok().and_then(Result::err)
            }
            // The rest cannot be read.
            (failure, _) => failure,
        };
        Failure::Decode(error).or_damage(damage)
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
    fn start(self: Box<Self>) -> JoinHandle<Cut<T>> {
        spawn_blocking(move || self.cut())
    }

    fn cut(mut self: Box<Self>) -> Cut<T> {
        match self.next_run() {
            Err(error) => Cut::Failed(error, self),
            Ok((run, false)) => Cut::Run(run, self),
            Ok((run, true)) if self.first && run.len() <= SMALL => {
                Cut::Whole(decode(&*self.codec, &run))
            }
            Ok((run, true)) => Cut::Last(run),
        }
    }

    /// The next run, and whether it ends the file, which is verified then.
    fn next_run(&mut self) -> Result<(Vec<u8>, bool)> {
        let mut wanted = RUN;
        if self.reader.is_plain() || self.reader.file().size_bytes > SMALL as u64 {
            let size = usize::try_from(self.reader.file().size_bytes).unwrap_or(usize::MAX);
            self.buffer.reserve(if self.reader.is_plain() { RUN.min(size) } else { RUN });
        }
        loop {
            if self.reader.fill(&mut self.buffer, wanted)? {
                self.reader.verify()?;
                self.check(&self.buffer)?;
                return Ok((std::mem::take(&mut self.buffer), true));
            }
            let end = self.codec.split(&self.buffer).min(self.buffer.len());
            if end > 0 {
                let rest = self.buffer[end..].to_vec();
                let mut run = std::mem::replace(&mut self.buffer, rest);
                run.truncate(end);
                self.check(&run)?;
                self.first = false;
                return Ok((run, false));
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
