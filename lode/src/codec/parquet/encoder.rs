//! Records into arrays, and arrays into row groups.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow_array::RecordBatch;
use parquet::errors::ParquetError;

use super::Settings;
use super::group::{Column, Round};
use super::jobs::{Job, wait};
use super::output::Output;
use super::properties::whole;
use super::sort::sorted;
use crate::codec::{EncodeError, RecordEncoder};
use crate::error::BoxError;
use crate::record::Record;
use crate::record::columnar::BatchBuilder;
use crate::record::stats::{Gauges, Promise};

/// Arrays are handed on when they have this many rows, …
const BATCH_ROWS: usize = 8 << 10;
/// … or this many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// A row group ends at this many bytes of arrays.
const GROUP_BYTES: usize = 64 << 20;

/// Columns are encoded when this many bytes of arrays wait: between rounds, threads are idle.
const ROUND_BYTES: usize = 2 << 20;

/// Records wait while more than this many bytes of arrays do.
const BACKLOG_BYTES: usize = 12 << 20;

/// Small row groups are encoded at once, and others get their turn after so many steps.
const STEPS_AT_ONCE: usize = 32;

pub(super) struct Encoder<T: Record> {
    settings: Arc<Settings>,
    builder: BatchBuilder<T>,
    /// The bytes in the builder.
    filled: usize,
    /// What the row group has so far, without the builder.
    group_rows: usize,
    group_bytes: usize,
    /// Whether records come in the order that they are to be written in.
    is_ordered: bool,
    waiting: VecDeque<Part>,
    waiting_bytes: usize,
    /// The bytes of the arrays at work, …
    at_work: usize,
    /// … and of what is encoded of the row group.
    encoded: usize,
    /// Of the row groups that are complete, before they were compressed.
    uncompressed: u64,
    has_ended: bool,
    stage: Stage,
    /// Of each column, while no row group has it.
    statistics: Vec<Gauges>,
    /// Where they go at the end.
    promise: Option<Promise>,
}

/// Some rows of a row group.
struct Part {
    batch: Option<RecordBatch>,
    bytes: usize,
    /// Whether the row group ends with it.
    is_last: bool,
}

/// A file, and the bytes that it grew by.
type Appended = Result<(Box<Output>, Vec<u8>), ParquetError>;

enum Stage {
    /// The columns are those of the row group that has begun, if one has.
    Idle(Box<Output>, Vec<Column>),
    Sorting(Box<Output>, Job<Result<Vec<RecordBatch>, BoxError>>),
    Encoding(Box<Output>, Round),
    Appending(Job<Appended>),
    Finishing(Job<Result<Vec<u8>, ParquetError>>),
    Done,
    Failed(Option<EncodeError>),
}

impl<T: Record> Encoder<T> {
    pub(super) fn new(
        settings: &Arc<Settings>,
        is_ordered: bool,
        promise: Option<Promise>,
    ) -> Self {
        let builder = BatchBuilder::<T>::new(&settings.columns());
        let stage = match Output::new::<T>(settings, builder.schema()) {
            Ok(output) => Stage::Idle(Box::new(output), Vec::new()),
            Err(error) => Stage::Failed(Some(error)),
        };
        Self {
            settings: Arc::clone(settings),
            builder,
            filled: 0,
            group_rows: 0,
            group_bytes: 0,
            is_ordered,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            at_work: 0,
            encoded: 0,
            uncompressed: 0,
            has_ended: false,
            stage,
            statistics: promise.iter().flat_map(|_| Gauges::of_fields::<T>()).collect(),
            promise,
        }
    }

    /// Hands the arrays on.
    fn flush(&mut self, is_last: bool) -> Result<(), EncodeError> {
        let rows = self.builder.rows();
        let batch = if rows > 0 { Some(self.builder.finish()?) } else { None };
        let bytes = mem::take(&mut self.filled);
        self.waiting.push_back(Part { batch, bytes, is_last });
        self.waiting_bytes += bytes;
        (self.group_rows, self.group_bytes) = match is_last {
            true => (0, 0),
            false => (self.group_rows + rows, self.group_bytes + bytes),
        };
        Ok(())
    }

    fn is_behind(&self) -> bool {
        match self.is_ordered {
            true => self.waiting_bytes > BACKLOG_BYTES,
            // Only whole row groups can be sorted.
            false => self.waiting.iter().any(|part| part.is_last),
        }
    }

    /// What can be worked on next: batches, their bytes, and whether the row group ends with them.
    fn next_work(&mut self) -> Option<(Vec<RecordBatch>, usize, bool)> {
        let last = self.waiting.iter().position(|part| part.is_last);
        let parts = match (last, self.is_ordered) {
            (Some(last), _) => last + 1,
            (None, true) if self.waiting_bytes >= ROUND_BYTES => self.waiting.len(),
            (None, _) => 0,
        };
        if parts == 0 {
            return None;
        }
        let parts: Vec<Part> = self.waiting.drain(..parts).collect();
        let bytes = parts.iter().map(|part| part.bytes).sum();
        self.waiting_bytes -= bytes;
        self.at_work = bytes;
        let batches = parts.into_iter().filter_map(|part| part.batch).collect();
        Some((batches, bytes, last.is_some()))
    }

    /// Goes on until there is nothing to do. What is complete is appended to `output`.
    fn poll_idle(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Vec<u8>,
    ) -> Poll<Result<(), EncodeError>> {
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > STEPS_AT_ONCE {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let (next, poll) = match mem::replace(&mut self.stage, Stage::Failed(None)) {
                Stage::Idle(file, columns) => match self.next_work() {
                    None => (Stage::Idle(file, columns), Some(Poll::Ready(()))),
                    Some((batches, bytes, _)) if !self.is_ordered => {
                        let job = Job::start(bytes, move || sorted::<T>(batches));
                        (Stage::Sorting(file, job), None)
                    }
                    Some((batches, bytes, is_last)) => {
                        (self.encode(file, columns, batches, bytes, is_last)?, None)
                    }
                },
                Stage::Sorting(file, mut job) => match job.poll(cx) {
                    Poll::Pending => (Stage::Sorting(file, job), Some(Poll::Pending)),
                    Poll::Ready(batches) => {
                        let batches = batches.flatten().map_err(whole)?;
                        (self.encode(file, Vec::new(), batches, self.at_work, true)?, None)
                    }
                },
                Stage::Encoding(file, mut round) => match round.poll(cx) {
                    Poll::Pending => (Stage::Encoding(file, round), Some(Poll::Pending)),
                    Poll::Ready(columns) => {
                        (self.encoded(file, columns.map_err(whole)?, round.is_last), None)
                    }
                },
                Stage::Appending(mut job) => match job.poll(cx) {
                    Poll::Pending => (Stage::Appending(job), Some(Poll::Pending)),
                    Poll::Ready(appended) => {
                        let (file, bytes) =
                            appended.map_err(whole)?.map_err(|e| whole(e.into()))?;
                        self.uncompressed = file.uncompressed;
                        self.encoded = 0;
                        append(output, bytes);
                        (Stage::Idle(file, Vec::new()), None)
                    }
                },
                Stage::Finishing(mut job) => match job.poll(cx) {
                    Poll::Pending => (Stage::Finishing(job), Some(Poll::Pending)),
                    Poll::Ready(bytes) => {
                        append(output, bytes.map_err(whole)?.map_err(|e| whole(e.into()))?);
                        if let Some(promise) = &self.promise {
                            promise.keep(Gauges::joined(mem::take(&mut self.statistics)));
                        }
                        (Stage::Done, None)
                    }
                },
                Stage::Done => (Stage::Done, Some(Poll::Ready(()))),
                Stage::Failed(why) => {
                    let failed = || whole("the encoder has failed before".into());
                    return Poll::Ready(Err(why.unwrap_or_else(failed)));
                }
            };
            self.stage = next;
            if let Some(poll) = poll {
                return poll.map(Ok);
            }
        }
    }

    /// Starts a round, and with its first one a row group.
    fn encode(
        &mut self,
        file: Box<Output>,
        mut columns: Vec<Column>,
        batches: Vec<RecordBatch>,
        bytes: usize,
        is_last: bool,
    ) -> Result<Stage, EncodeError> {
        if columns.is_empty() {
            columns = file.columns().map_err(|e| whole(e.into()))?;
            for (column, gauges) in columns.iter_mut().zip(self.statistics.drain(..)) {
                column.statistics = Some(gauges);
            }
        }
        Ok(Stage::Encoding(file, Round::start(columns, batches, bytes, is_last)))
    }

    /// What follows when a round is done.
    fn encoded(&mut self, mut file: Box<Output>, mut columns: Vec<Column>, is_last: bool) -> Stage {
        let bytes = mem::take(&mut self.at_work);
        if !is_last {
            self.encoded = columns.iter().map(Column::memory).sum();
            return Stage::Idle(file, columns);
        }
        self.statistics = columns.iter_mut().filter_map(|it| it.statistics.take()).collect();
        self.encoded += bytes;
        Stage::Appending(Job::start(self.encoded, move || {
            let bytes = file.append(columns)?;
            Ok((file, bytes))
        }))
    }
}

fn append(output: &mut Vec<u8>, bytes: Vec<u8>) {
    match output.is_empty() {
        true => *output = bytes,
        false => output.extend_from_slice(&bytes),
    }
}

impl<T: Record> RecordEncoder<T> for Encoder<T> {
    fn push(&mut self, record: &T, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Stage::Failed(why) = &mut self.stage {
            let failed = || whole("the encoder has failed before".into());
            return Err(why.take().unwrap_or_else(failed));
        }
        self.builder.push(record)?;
        self.filled = self.builder.bytes();
        let (rows, bytes) = (self.builder.rows(), self.filled);
        if self.group_rows + rows >= self.settings.row_group_rows
            || self.group_bytes + bytes >= GROUP_BYTES
        {
            self.flush(true)
        } else if rows >= BATCH_ROWS || bytes >= BATCH_BYTES {
            self.flush(false)
        } else {
            Ok(())
        }
    }

    fn finish(&mut self, output: &mut Vec<u8>) -> Result<(), EncodeError> {
        wait(|cx| self.poll_finish(cx, output))
    }

    fn buffered(&self) -> usize {
        self.filled + self.waiting_bytes + self.at_work + self.encoded
    }

    fn uncompressed(&self) -> u64 {
        self.uncompressed
    }

    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Vec<u8>,
    ) -> Poll<Result<(), EncodeError>> {
        match self.poll_idle(cx, output) {
            Poll::Pending if !self.is_behind() => Poll::Ready(Ok(())),
            poll => poll,
        }
    }

    fn poll_finish(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Vec<u8>,
    ) -> Poll<Result<(), EncodeError>> {
        if !mem::replace(&mut self.has_ended, true)
            && (self.group_rows > 0 || self.builder.rows() > 0)
        {
            self.flush(true)?;
        }
        loop {
            ready!(self.poll_idle(cx, output))?;
            match mem::replace(&mut self.stage, Stage::Failed(None)) {
                Stage::Idle(file, _) => {
                    let bytes = usize::try_from(self.uncompressed).unwrap_or(usize::MAX);
                    self.stage = Stage::Finishing(Job::start(bytes, move || file.finish()));
                }
                other => {
                    self.stage = other;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}
