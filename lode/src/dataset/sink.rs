//! Records into data files: encoding, partitioning, rolling over.

use std::collections::HashMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::attempt::Attempt;
use super::measure::Span;
use crate::codec::{RecordEncoder, RecordFormat};
use crate::data::FileWriter;
use crate::error::{Error, Result};
use crate::layout::Partitioning;
use crate::manifest::FileRef;
use crate::partition::Partition;
use crate::progress::Meter;
use crate::record::Record;

/// Encoded records are handed on in chunks of this many bytes: it takes a few milliseconds to encode
/// that much, and it makes a good unit to compress.
pub(super) const CHUNK_BYTES: usize = 512 << 10;

/// How many files are finished at once.
pub(super) const FINISHING: usize = 16;

/// One data file being filled with records.
pub(super) struct OpenFile<T> {
    partition: Option<Partition>,
    key: String,
    encoder: Box<dyn RecordEncoder<T>>,
    buffer: Vec<u8>,
    writer: FileWriter,
    meter: Meter,
    rows: u64,
    /// How many of them the meter was told of.
    told: u64,
    span: Span,
    /// When it last got a record, by the sink's count of records.
    used: u64,
}

impl<T: Record> OpenFile<T> {
    pub(super) fn new(
        attempt: &mut Attempt,
        format: &RecordFormat<T>,
        partition: Option<Partition>,
    ) -> Self {
        let (key, writer) = attempt.file(partition.as_ref());
        Self {
            partition,
            key,
            encoder: format.encoder(),
            buffer: Vec::new(),
            writer,
            meter: attempt.meter.clone(),
            rows: 0,
            told: 0,
            span: Span::default(),
            used: 0,
        }
    }

    /// Encodes one record into the buffer. `row` is its number in the whole write.
    pub(super) fn encode(&mut self, record: &T, row: u64, limit: Option<u64>) -> Result<()> {
        let before = self.buffer.len();
        self.encoder.push(record, &mut self.buffer).map_err(|e| Error::Encode {
            row,
            field: e.field,
            source: e.source,
        })?;
        if let Some(limit) = limit
            && (self.buffer.len() - before) as u64 > limit
        {
            let path = self.key.clone();
            return Err(Error::LimitExceeded { path, what: "an encoded record", limit });
        }
        self.rows += 1;
        if let Some(column) = T::TIMESTAMP {
            self.span.add(record.timestamp()).map_err(|source| Error::Encode {
                row,
                field: column.to_owned(),
                source,
            })?;
        }
        Ok(())
    }

    /// The stored size so far.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.writer.stored_bytes()
    }

    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= CHUNK_BYTES
    }

    /// Hands the buffer on.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            // A file that fills one chunk will fill more: growing each from nothing would copy it
            // several times.
            let next = if self.is_full() { CHUNK_BYTES + CHUNK_BYTES / 16 } else { 0 };
            let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(next));
            self.writer.write(Bytes::from(chunk)).await?;
        }
        self.meter.records(self.rows - self.told);
        self.told = self.rows;
        Ok(())
    }

    /// How many bytes it holds in memory.
    fn buffered(&self) -> usize {
        self.buffer.len() + self.writer.buffered_bytes()
    }

    /// Stores the file; its reference, as the manifest will have it.
    pub(super) async fn finish(mut self) -> Result<FileRef> {
        self.encoder.finish(&mut self.buffer).map_err(|e| Error::Encode {
            row: self.rows,
            field: e.field,
            source: e.source,
        })?;
        self.flush().await?;
        let written = self.writer.finish().await?;
        let mut file = FileRef::new(self.key, written.size_bytes);
        file.checksum = written.checksum;
        file.row_count = Some(self.rows);
        file.schema = Some(0);
        file.partition = self.partition;
        file.stats = T::TIMESTAMP.map(|column| self.span.stats(column, self.rows));
        Ok(file)
    }

    pub(super) async fn abort(self) {
        self.writer.abort().await;
    }
}

/// A stream of records on its way into data files, in bounded memory.
pub(super) struct Sink<T> {
    pub(super) attempt: Attempt,
    format: RecordFormat<T>,
    partitioning: Option<Partitioning<T>>,
    open: HashMap<String, OpenFile<T>>,
    /// The key in `open` of the last record's file, with its raw values: sorted input hits it.
    last: Option<(Vec<Option<String>>, String)>,
    full: Option<String>,
    done: Vec<FileRef>,
    rows: u64,
    /// Bytes encoded since the last look at the memory held.
    since_look: usize,
}

impl<T> Sink<T> {
    /// How many records it has taken.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

impl<T: Record> Sink<T> {
    pub(super) fn new(
        attempt: Attempt,
        format: RecordFormat<T>,
        partitioning: Option<Partitioning<T>>,
    ) -> Self {
        Self {
            attempt,
            format,
            partitioning,
            open: HashMap::new(),
            last: None,
            full: None,
            done: Vec::new(),
            rows: 0,
            since_look: 0,
        }
    }

    /// Adds one record. When it returns true, [`settle`](Self::settle) is due before the next one.
    pub(super) fn push(&mut self, record: &T) -> Result<bool> {
        let name = self.file_of(record)?;
        let limits = &self.attempt.context.limits;
        let (limit, open_files) = (limits.max_record_bytes, limits.open_files.max(1));
        if !self.open.contains_key(&name) {
            let partition = match &self.last {
                Some((values, _)) => self.partition(values)?,
                None => None,
            };
            let file = OpenFile::new(&mut self.attempt, &self.format, partition);
            self.open.insert(name.clone(), file);
        }
        let Some(file) = self.open.get_mut(&name) else { return Ok(false) };
        let before = file.buffer.len();
        file.encode(record, self.rows, limit)?;
        file.used = self.rows;
        self.since_look += file.buffer.len().saturating_sub(before);
        self.rows += 1;
        let is_full = file.is_full();
        if is_full {
            self.full = Some(name);
        }
        Ok(is_full || self.open.len() > open_files || self.since_look >= CHUNK_BYTES)
    }

    /// Hands on what is due: a full buffer, a full file, or the files that waited longest, where
    /// too many are open or too much is in memory.
    pub(super) async fn settle(&mut self) -> Result<()> {
        self.since_look = 0;
        let limits = self.attempt.context.limits.clone();
        if let Some(name) = self.full.take()
            && let Some(file) = self.open.get_mut(&name)
        {
            file.flush().await?;
            if file.stored_bytes() >= limits.target_file_bytes {
                self.finish(&name).await?;
            }
        }
        while self.open.len() > limits.open_files.max(1)
            || (self.open.len() > 1 && self.buffered() > limits.buffered_bytes)
        {
            let Some(oldest) = self.longest_waiting() else { break };
            self.finish(&oldest).await?;
        }
        // Encoding is work: others get their turn.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Stores all that is left; the files, and the attempt to commit them with.
    pub(super) async fn finish_all(mut self) -> Result<(Attempt, Vec<FileRef>)> {
        let open = std::mem::take(&mut self.open);
        match finish_all(open.into_values().collect()).await {
            Ok(files) => {
                self.done.extend(files);
                Ok((self.attempt, self.done))
            }
            Err(e) => {
                self.attempt.clean_up().await;
                Err(e)
            }
        }
    }

    /// Gives everything up, and removes what was stored.
    pub(super) async fn abort(self) {
        for file in self.open.into_values() {
            file.abort().await;
        }
        self.attempt.clean_up().await;
    }

    async fn finish(&mut self, name: &str) -> Result<()> {
        if let Some(file) = self.open.remove(name) {
            self.done.push(file.finish().await?);
        }
        Ok(())
    }

    fn buffered(&self) -> usize {
        self.open.values().map(OpenFile::buffered).sum()
    }

    fn longest_waiting(&self) -> Option<String> {
        let oldest = self.open.iter().min_by_key(|(_, file)| file.used)?;
        Some(oldest.0.clone())
    }

    /// The name in `open` of the file that `record` belongs to.
    fn file_of(&mut self, record: &T) -> Result<String> {
        let Some(partitioning) = self.partitioning else { return Ok(String::new()) };
        let same = self.last.as_ref().is_some_and(|(values, _)| {
            values
                .iter()
                .enumerate()
                .all(|(i, value)| (partitioning.value)(record, i).as_deref() == value.as_deref())
        });
        if !same {
            let values = partitioning.values(record);
            let name = match self.partition(&values)? {
                Some(partition) => partition.to_string(),
                None => String::new(),
            };
            self.last = Some((values, name));
        }
        Ok(self.last.as_ref().map(|(_, name)| name.clone()).unwrap_or_default())
    }

    fn partition(&self, values: &[Option<String>]) -> Result<Option<Partition>> {
        let Some(partitioning) = self.partitioning else { return Ok(None) };
        let entries = partitioning.keys.iter().copied().zip(values.iter().cloned());
        Partition::new(entries).map(Some).map_err(|e| e.at_row(self.rows))
    }
}

/// Finishes these files, several at once. If one fails the others are given up.
pub(super) async fn finish_all<T: Record>(files: Vec<OpenFile<T>>) -> Result<Vec<FileRef>> {
    futures::stream::iter(files).map(OpenFile::finish).buffered(FINISHING).try_collect().await
}
