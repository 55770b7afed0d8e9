//! The columns of a row group, encoded by several jobs at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use arrow_array::{Array, RecordBatch};
use arrow_schema::FieldRef;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::errors::ParquetError;
use parquet::schema::types::SchemaDescriptor;

use super::jobs::Job;
use crate::data::parallelism;
use crate::error::BoxError;
use crate::record::stats::Gauges;

/// A column of the record, in one row group.
pub(super) struct Column {
    /// Its place in the record.
    at: usize,
    field: FieldRef,
    /// One for each leaf below it.
    writers: Vec<ArrowColumnWriter>,
    /// What became of them, at the end of the row group.
    pub(super) chunks: Vec<ArrowColumnChunk>,
    /// How many bytes of arrays it was given: what it costs.
    bytes: usize,
    /// Of the whole file so far, if they are wanted.
    pub(super) statistics: Option<Gauges>,
}

/// A compressor that has been used holds about this much.
const COMPRESSOR_BYTES: usize = 128 << 10;

impl Column {
    /// The columns of the row group number `group`.
    pub(super) fn all(
        factory: &ArrowRowGroupWriterFactory,
        group: usize,
        fields: &[FieldRef],
        schema: &SchemaDescriptor,
    ) -> Result<Vec<Self>, ParquetError> {
        let mut writers = factory.create_column_writers(group)?.into_iter();
        let roots = (0..schema.num_columns()).map(|leaf| schema.get_column_root_idx(leaf));
        let roots: Vec<usize> = roots.collect();
        let column = |(at, field): (usize, &FieldRef)| Self {
            at,
            field: Arc::clone(field),
            writers: writers
                .by_ref()
                .take(roots.iter().filter(|&&root| root == at).count())
                .collect(),
            chunks: Vec::new(),
            bytes: 0,
            statistics: None,
        };
        Ok(fields.iter().enumerate().map(column).collect())
    }

    /// About how many bytes of memory it holds.
    pub(super) fn memory(&self) -> usize {
        self.writers.iter().map(|writer| writer.memory_size() + COMPRESSOR_BYTES).sum()
    }

    fn encode(&mut self, batches: &[RecordBatch], is_last: bool) -> Result<(), ParquetError> {
        for batch in batches {
            let array = batch.column(self.at);
            self.bytes += array.get_array_memory_size();
            if let Some(gauges) = &mut self.statistics {
                gauges.add_column(array);
            }
            for (leaf, writer) in compute_leaves(&self.field, array)?.iter().zip(&mut self.writers)
            {
                writer.write(leaf)?;
            }
        }
        if is_last {
            let writers = self.writers.drain(..);
            self.chunks = writers.map(ArrowColumnWriter::close).collect::<Result<_, _>>()?;
        }
        Ok(())
    }
}

/// All columns of some batches on their way to being encoded. If it is dropped, no further column
/// is begun.
pub(super) struct Round {
    todo: Arc<Mutex<Vec<Column>>>,
    workers: Vec<Job<Result<Vec<Column>, ParquetError>>>,
    done: Vec<Column>,
    /// Whether the row group ends with it.
    pub(super) is_last: bool,
}

impl Round {
    /// Starts to encode these batches, which hold this many bytes.
    pub(super) fn start(
        mut columns: Vec<Column>,
        batches: Vec<RecordBatch>,
        bytes: usize,
        is_last: bool,
    ) -> Self {
        // Taken from the end: the column that takes longest comes first.
        columns.sort_by_key(|column| column.bytes);
        let most = columns.len();
        let todo = Arc::new(Mutex::new(columns));
        let batches: Arc<[RecordBatch]> = batches.into();
        let worker = |_| {
            let (todo, batches) = (Arc::clone(&todo), Arc::clone(&batches));
            Job::start(bytes, move || work(&todo, &batches, is_last))
        };
        let workers = (0..parallelism().min(most).max(1)).map(worker).collect();
        Self { todo, workers, done: Vec::new(), is_last }
    }

    /// The columns, in order, when all are done.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<Column>, BoxError>> {
        while let Some(worker) = self.workers.last_mut() {
            let columns = match worker.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Ok(columns))) => columns,
                Poll::Ready(Ok(Err(error))) => return Poll::Ready(Err(error.into())),
                Poll::Ready(Err(lost)) => return Poll::Ready(Err(lost)),
            };
            self.done.extend(columns);
            self.workers.pop();
        }
        self.done.sort_by_key(|column| column.at);
        Poll::Ready(Ok(std::mem::take(&mut self.done)))
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        lock(&self.todo).clear();
    }
}

fn work(
    todo: &Mutex<Vec<Column>>,
    batches: &[RecordBatch],
    is_last: bool,
) -> Result<Vec<Column>, ParquetError> {
    let mut done = Vec::new();
    loop {
        let Some(mut column) = lock(todo).pop() else { return Ok(done) };
        column.encode(batches, is_last)?;
        done.push(column);
    }
}

fn lock(todo: &Mutex<Vec<Column>>) -> MutexGuard<'_, Vec<Column>> {
    todo.lock().unwrap_or_else(PoisonError::into_inner)
}
