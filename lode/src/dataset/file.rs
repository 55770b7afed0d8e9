//! One data file of records: encoding them, and storing what they become.

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::measure::Span;
use super::staging::Staging;
use crate::codec::{EncodeError, Order, RecordEncoder, RecordFormat};
use crate::data::{FileWriter, Spares};
use crate::error::{Error, Result};
use crate::limits::{Limits, setting};
use crate::manifest::{FileRef, FileStats};
use crate::partition::Partition;
use crate::progress::Meter;
use crate::record::Record;
use crate::record::stats::Statistics;

/// Encoded records are handed on in chunks of this many bytes: it takes a few milliseconds to encode
/// that much, and it makes a good unit to compress.
pub(super) const CHUNK_BYTES: usize = 512 << 10;

/// How many files are finished at once.
const FINISHING: usize = 16;

/// One data file being filled with records.
pub(super) struct OpenFile<T> {
    partition: Option<Partition>,
    key: String,
    encoded: Encoded<T>,
    spares: Spares,
    writer: FileWriter,
    target_bytes: u64,
    meter: Meter,
    /// How many records the meter was told of.
    told: u64,
}

impl<T: Record> OpenFile<T> {
    pub(super) fn new(
        staging: &Staging,
        format: &RecordFormat<T>,
        partition: Option<Partition>,
        order: Order,
    ) -> Self {
        let (key, writer) = staging.file(partition.as_ref());
        let limits = &staging.context.limits;
        Self {
            partition,
            encoded: Encoded::new(key.clone(), format, limits, order, staging.context.statistics),
            key,
            spares: staging.spares.clone(),
            writer,
            target_bytes: limits.target_file_bytes,
            meter: staging.meter.clone(),
            told: 0,
        }
    }

    /// Encodes one record, and says by how many bytes what is held grew. `row` is its number in the
    /// whole write.
    pub(super) fn encode(&mut self, record: &T, row: u64) -> Result<usize> {
        self.encoded.push(record, row)
    }

    /// Whether the buffer is to be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.encoded.buffer.len() >= CHUNK_BYTES || self.encoded.is_large()
    }

    /// Whether the encoder keeps records back, and what it has handed out should be handed on as it
    /// comes.
    pub(super) fn keeps_back(&self) -> bool {
        self.encoded.encoder.buffered() > 0
    }

    /// Whether the next record belongs into a file of its own; to be asked after a flush.
    pub(super) fn is_complete(&self) -> bool {
        self.writer.stored_bytes() >= self.target_bytes || self.encoded.is_large()
    }

    /// Waits while the encoder has too much to do.
    pub(super) async fn ready(&mut self) -> Result<()> {
        self.encoded.ready().await
    }

    /// Hands the buffer on.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if !self.encoded.buffer.is_empty() {
            // A file that fills one chunk will fill more: growing each from nothing would copy it
            // several times.
            let next = match self.is_full() {
                true => self.spares.take_with(CHUNK_BYTES + CHUNK_BYTES / 16),
                false => Vec::new(),
            };
            self.writer.write(self.encoded.take(next)).await?;
        }
        self.meter.records(self.encoded.rows - self.told);
        self.told = self.encoded.rows;
        Ok(())
    }

    /// Waits for what fails in the background; for ever, if nothing does.
    pub(super) fn poll_failed(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        self.writer.poll_failed(cx)
    }

    /// How many bytes it holds in memory.
    pub(super) fn buffered(&self) -> usize {
        self.encoded.held + self.writer.buffered_bytes()
    }

    /// Stores the file; its reference, as the manifest will have it.
    pub(super) async fn finish(mut self) -> Result<FileRef> {
        self.encoded.finish().await?;
        self.flush().await?;
        let written = self.writer.finish().await?;
        let stats = self.encoded.stats();
        let rows = self.encoded.rows;
        let mut file = FileRef::new(self.key, written.size_bytes);
        file.checksum = written.checksum;
        file.row_count = Some(rows);
        file.schema = Some(0);
        file.partition = self.partition;
        file.stats = stats;
        Ok(file)
    }

    pub(super) async fn abort(self) {
        self.writer.abort().await;
    }
}

/// Finishes these files, several at once. If one fails the others are given up.
pub(super) async fn finish_all<T: Record>(files: Vec<OpenFile<T>>) -> Result<Vec<FileRef>> {
    futures::stream::iter(files).map(OpenFile::finish).buffered(FINISHING).try_collect().await
}

/// The records of one file, encoded one after the other.
pub(super) struct Encoded<T> {
    /// What errors call the file.
    path: String,
    format: RecordFormat<T>,
    encoder: Box<dyn RecordEncoder<T>>,
    buffer: Vec<u8>,
    /// How many bytes were taken out of the buffer.
    taken: u64,
    /// How many bytes are in memory.
    held: usize,
    max_record_bytes: Option<u64>,
    max_bytes: Option<u64>,
    rows: u64,
    /// The number of the last record in the whole write.
    last: u64,
    span: Span,
    statistics: Statistics,
}

impl<T: Record> Encoded<T> {
    pub(super) fn new(
        path: String,
        format: &RecordFormat<T>,
        limits: &Limits,
        order: Order,
        wants_statistics: bool,
    ) -> Self {
        let (encoder, statistics) = format.encoder(order, wants_statistics);
        Self {
            path,
            format: format.clone(),
            encoder,
            buffer: Vec::new(),
            taken: 0,
            held: 0,
            max_record_bytes: limits.max_record_bytes,
            max_bytes: limits.max_decoded_bytes,
            rows: 0,
            last: 0,
            span: Span::default(),
            statistics,
        }
    }

    /// What the manifest says of the columns.
    fn stats(&mut self) -> Option<FileStats> {
        let times = T::TIMESTAMP.map(|column| self.span.stats(column, self.rows));
        let Some(mut stats) = self.statistics.finish() else { return times };
        for times in times.into_iter().flat_map(|times| times.columns) {
            match stats.columns.iter_mut().find(|column| column.name == times.name) {
                Some(column) => *column = times,
                None => stats.columns.push(times),
            }
        }
        Some(stats)
    }

    /// Adds one record, and says by how many bytes what is held grew.
    pub(super) fn push(&mut self, record: &T, row: u64) -> Result<usize> {
        let before = self.held;
        self.encoder.push(record, &mut self.buffer).map_err(|e| Error::Encode {
            row,
            field: e.field,
            source: e.source,
        })?;
        self.count();
        let grown = self.held.saturating_sub(before);
        self.within_record(grown as u64)?;
        self.within_file()?;
        self.rows += 1;
        self.last = row;
        self.statistics.add(record);
        if let Some(column) = T::TIMESTAMP {
            self.span.add(record.timestamp()).map_err(|source| Error::Encode {
                row,
                field: column.to_owned(),
                source,
            })?;
        }
        Ok(grown)
    }

    /// Waits while the encoder has too much to do.
    pub(super) async fn ready(&mut self) -> Result<()> {
        let ready = poll_fn(|cx| {
            let ready = self.encoder.poll_ready(cx, &mut self.buffer);
            self.count();
            ready
        })
        .await;
        self.judge(ready)
    }

    /// Adds what ends the file.
    pub(super) async fn finish(&mut self) -> Result<()> {
        let finished = poll_fn(|cx| {
            let finished = self.encoder.poll_finish(cx, &mut self.buffer);
            self.count();
            finished
        })
        .await;
        self.judge(finished)
    }

    /// What was encoded of the records so far, which could be any of them if it failed.
    fn judge(&self, encoded: Result<(), EncodeError>) -> Result<()> {
        encoded.map_err(|e| Error::Encode { row: self.last, field: e.field, source: e.source })?;
        self.within_file()
    }

    /// Whether it has half of the bytes that a file may have: a record's size is known only when it
    /// is in the file, so that much is left for the next one.
    pub(super) fn is_large(&self) -> bool {
        self.max_bytes.is_some_and(|limit| self.bytes() >= limit.div_ceil(2))
    }

    /// What the buffer holds; `next` is the buffer from now on.
    fn take(&mut self, next: Vec<u8>) -> Bytes {
        self.taken += self.buffer.len() as u64;
        let buffer = std::mem::replace(&mut self.buffer, next);
        self.count();
        buffer.into()
    }

    /// Throws away what is held.
    pub(super) fn discard(&mut self) {
        self.taken += self.held as u64;
        self.buffer.clear();
        if self.encoder.buffered() > 0 {
            (self.encoder, _) = self.format.encoder(Order::Sorted, false);
        }
        self.count();
    }

    /// Sees what is held, after whatever may have changed it.
    fn count(&mut self) {
        self.held = self.buffer.len() + self.encoder.buffered();
    }

    /// How many bytes the file has so far.
    fn bytes(&self) -> u64 {
        self.taken.max(self.encoder.uncompressed()) + self.held as u64
    }

    fn within_file(&self) -> Result<()> {
        match self.max_bytes {
            Some(limit) if self.bytes() > limit => {
                let what = "the decompressed file";
                Err(Error::too_large(&*self.path, what, limit, setting::DECODED))
            }
            _ => Ok(()),
        }
    }

    fn within_record(&self, bytes: u64) -> Result<()> {
        match self.max_record_bytes {
            Some(limit) if bytes > limit => {
                Err(Error::too_large(&*self.path, "an encoded record", limit, setting::RECORD))
            }
            _ => Ok(()),
        }
    }
}
