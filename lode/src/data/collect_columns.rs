//! Reading a Parquet file, or what a scan wants of it, as one `Vec` of records.
//!
//! Most of the work is making the records, and they are many bytes: they are made where they stay. Jobs
//! share what there is to do, so that none waits while there is something it can do:
//!
//! ```text
//! decoder ─► arrays, arrays, records, … ─► records
//!    decode          build               append
//! ```
//!
//! Whoever has the records appends the next ones, made from arrays on the spot; another job decodes
//! ahead, and makes records of the last arrays where it is far enough ahead.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use tokio::task::spawn_blocking;

use super::failure::Failure;
use super::parallelism;
use super::read_columns::{ColumnFile, Columns};
use super::row_groups::{Cutter, RowGroup};
use super::scan_columns::columns_of_records;
use crate::codec::DecodeError;
use crate::codec::parquet::{Batches, Footer, Projection, Rows};
use crate::error::{BoxError, Error, Result};
use crate::limits::Limits;
use crate::progress::Meter;
use crate::record::Record;
use crate::store::Store;

/// How many batches are decoded ahead: each is some thousand rows.
const AHEAD: usize = 6;

/// The most jobs for one file: decoding is done by one at a time.
const JOBS: usize = 4;

/// So many records are not worth a second job.
const FEW: u64 = 4096;

/// There is room for this many bytes of records, or for all, before the first.
const ROOM: usize = 128 << 20;

/// All records of the file, which was verified.
///
/// # Errors
/// For the first record that is wrong.
pub(crate) async fn collect_columns<T: Record>(store: &Store, columns: Columns) -> Result<Vec<T>> {
    let (key, meter) = (columns.file.key.clone(), columns.file.meter.clone());
    let snapshot = columns.snapshot;
    let collected = match ColumnFile::open(store, columns, columns_of_records::<T>).await {
        Ok(file) => collect(file, meter).await,
        Err(failure) => Err(failure),
    };
    collected.map_err(|failure| failure.into_error(&key, snapshot))
}

async fn collect<T: Record>(file: ColumnFile, meter: Meter) -> Result<Vec<T>, Failure> {
    let ColumnFile { footer, columns, limits, cutter, receiving: _receiving } = file;
    let mut records = Vec::new();
    make_room(&mut records, footer.rows());
    let rows = footer.rows();
    let decoder = Decoder { footer, columns, limits, cutter, batches: None, rows: 0 };
    let Gathered { decoder, records, failure } = gather(decoder, rows, records, meter).await?;
    match failure {
        None => Ok(records),
        Some(Failure::Store(error)) => Err(error.into()),
        // Damage, if the stored bytes are not what the manifest says.
        Some(failure) => {
            let rest = spawn_blocking(move || decoder.map_or(Ok(()), |it| it.cutter.verify_rest()));
            let damage = rest.await.map_err(Error::from)?.err();
            Err(failure.or_damage(damage))
        }
    }
}

/// Makes room for so many more records. What is not used of it takes no memory.
pub(super) fn make_room<T>(records: &mut Vec<T>, rows: u64) {
    let most = ROOM / size_of::<T>().max(1);
    records.reserve(usize::try_from(rows).map_or(most, |rows| rows.min(most)));
}

/// What decodes batches, one after the other. On a thread that may block.
pub(super) trait Decode: Send + 'static {
    /// The next batch; none after the last.
    fn next(&mut self) -> Result<Option<RecordBatch>, Failure>;
}

/// What became of all batches.
pub(super) struct Gathered<T, D> {
    pub(super) decoder: Option<D>,
    /// With those that were there before; all of them, unless there is a failure.
    pub(super) records: Vec<T>,
    /// Of a record, it says which of all it is, from 1.
    pub(super) failure: Option<Failure>,
}

/// Appends the records of all batches, which have about so many rows.
pub(super) async fn gather<T: Record, D: Decode>(
    decoder: D,
    rows: u64,
    records: Vec<T>,
    meter: Meter,
) -> Result<Gathered<T, D>> {
    let jobs = if rows <= FEW { 1 } else { parallelism().min(JOBS) };
    let state = Mutex::new(State::new(decoder, records));
    let shared = Arc::new(Shared { state, changed: Condvar::new(), meter });
    let _stop = Stop(&*shared);
    let jobs: Vec<_> = (0..jobs)
        .map(|_| {
            let shared = Arc::clone(&shared);
            spawn_blocking(move || shared.work())
        })
        .collect();
    for job in jobs {
        job.await?;
    }
    let mut state = shared.lock();
    Ok(Gathered {
        decoder: state.decoder.take(),
        records: state.records.take().unwrap_or_default(),
        failure: state.failure.take(),
    })
}

/// What decodes the batches of a file.
struct Decoder {
    footer: Arc<Footer>,
    columns: Arc<Projection>,
    limits: Limits,
    cutter: Box<Cutter>,
    batches: Option<Batches>,
    /// How many were decoded.
    rows: u64,
}

impl Decode for Decoder {
    /// After the last batch the file was verified.
    fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        loop {
            if let Some(batches) = &mut self.batches {
                if let Some(batch) =
                    batches.next().map_err(|source| undecodable(self.rows, source))?
                {
                    self.rows += batch.num_rows() as u64;
                    return Ok(Some(batch));
                }
                self.batches = None;
            }
            if self.cutter.has_ended() {
                return Ok(None);
            }
            if let Some(RowGroup { group, begin, bytes }) = self.cutter.cut()? {
                let opened =
                    Batches::open(&self.footer, &self.columns, group, begin, bytes, &self.limits);
                self.batches = Some(opened.map_err(|source| undecodable(self.rows, source))?);
            }
        }
    }
}

fn undecodable(rows: u64, source: BoxError) -> Failure {
    Failure::Decode(DecodeError { line: rows.saturating_add(1), column: 0, source })
}

struct Shared<T, D> {
    state: Mutex<State<T, D>>,
    changed: Condvar,
    /// Told the records as they are appended.
    meter: Meter,
}

/// What has not been done, and what nobody is at work on.
struct State<T, D> {
    /// `None` while a job has it.
    decoder: Option<D>,
    has_ended: bool,
    /// What is decoded and not appended, in order.
    ahead: VecDeque<Slot<T>>,
    /// The number of the first of these.
    first: usize,
    /// `None` while a job has it.
    records: Option<Vec<T>>,
    /// Empty, with room.
    spares: Vec<Vec<T>>,
    failure: Option<Failure>,
    /// Whether nobody wants the records any more.
    is_stopped: bool,
}

enum Slot<T> {
    Arrays(RecordBatch),
    Building,
    Records(Vec<T>, Option<DecodeError>),
}

enum Work<T, D> {
    Decode(D),
    Build(usize, Slot<T>, Vec<T>),
    Append(Vec<T>, Slot<T>),
}

impl<T, D> State<T, D> {
    fn new(decoder: D, records: Vec<T>) -> Self {
        Self {
            decoder: Some(decoder),
            has_ended: false,
            ahead: VecDeque::new(),
            first: 0,
            records: Some(records),
            spares: Vec::new(),
            failure: None,
            is_stopped: false,
        }
    }

    /// Something that can be done now.
    fn choose(&mut self) -> Option<Work<T, D>> {
        if !matches!(self.ahead.front(), None | Some(Slot::Building))
            && let Some(records) = self.records.take()
        {
            self.first += 1;
            return self.ahead.pop_front().map(|slot| Work::Append(records, slot));
        }
        if !self.has_ended
            && self.ahead.len() < AHEAD
            && let Some(decoder) = self.decoder.take()
        {
            return Some(Work::Decode(decoder));
        }
        // The last, since whoever appends comes to the first ones by itself.
        let is_arrays = |slot: &Slot<T>| matches!(slot, Slot::Arrays(_));
        let at = self.ahead.iter().rposition(is_arrays).filter(|&at| at > 0)?;
        let slot = std::mem::replace(self.ahead.get_mut(at)?, Slot::Building);
        Some(Work::Build(self.first + at, slot, self.spares.pop().unwrap_or_default()))
    }

    fn is_over(&self) -> bool {
        self.is_stopped || (self.has_ended && self.ahead.is_empty() && self.records.is_some())
    }
}

impl<T: Record, D: Decode> Shared<T, D> {
    /// Does what there is to do, until all is done.
    fn work(&self) {
        // Code of the user's may panic: the other jobs are not to wait for it then.
        let _stop = Stop(self);
        while let Some(work) = self.wait() {
            match work {
                Work::Decode(mut decoder) => {
                    let decoded = decoder.next();
                    let mut state = self.lock();
                    state.decoder = Some(decoder);
                    match decoded {
                        Ok(Some(batch)) => state.ahead.push_back(Slot::Arrays(batch)),
                        Ok(None) => state.has_ended = true,
                        Err(failure) => {
                            state.has_ended = true;
                            state.failure = Some(match state.failure.take() {
                                Some(first) => first.or_damage(Some(failure)),
                                None => failure,
                            });
                        }
                    }
                }
                Work::Build(number, slot, mut records) => {
                    let error = slot.append_to(&mut records, &mut Vec::new());
                    let mut state = self.lock();
                    let at = number.saturating_sub(state.first);
                    if let Some(slot) = state.ahead.get_mut(at) {
                        *slot = Slot::Records(records, error);
                    }
                }
                Work::Append(mut records, slot) => {
                    let before = records.len() as u64;
                    let mut spare = Vec::new();
                    let error = slot.append_to(&mut records, &mut spare);
                    self.meter.records(records.len() as u64 - before);
                    let mut state = self.lock();
                    state.records = Some(records);
                    if spare.capacity() > 0 {
                        state.spares.push(spare);
                    }
                    if let Some(error) = error {
                        let line = before.saturating_add(error.line);
                        let failure = Failure::Decode(DecodeError { line, ..error });
                        state.failure = Some(failure.or_damage(state.failure.take()));
                        state.is_stopped = true;
                    }
                }
            }
            self.changed.notify_all();
        }
    }

    /// The next thing to do. What is waited for is at work in another job, which tells.
    fn wait(&self) -> Option<Work<T, D>> {
        let mut state = self.lock();
        loop {
            if state.is_over() {
                return None;
            }
            match state.choose() {
                Some(work) => return Some(work),
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl<T, D> Shared<T, D> {
    fn lock(&self) -> MutexGuard<'_, State<T, D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Record> Slot<T> {
    /// Appends the records, up to the first that is wrong. What they were in before, now empty, is put
    /// into `spare`.
    fn append_to(self, records: &mut Vec<T>, spare: &mut Vec<T>) -> Option<DecodeError> {
        match self {
            Self::Building => None,
            Self::Arrays(batch) => match Rows::open(&batch) {
                Ok(rows) => rows.read_to(records).err(),
                Err(source) => Some(DecodeError { line: 1, column: 0, source }),
            },
            Self::Records(mut made, error) => {
                records.append(&mut made);
                *spare = made;
                error
            }
        }
    }
}

/// Stops all jobs when it is dropped: one of them, or whoever waits for the records.
struct Stop<'a, T, D>(&'a Shared<T, D>);

impl<T, D> Drop for Stop<'_, T, D> {
    fn drop(&mut self) {
        self.0.lock().is_stopped = true;
        self.0.changed.notify_all();
    }
}
