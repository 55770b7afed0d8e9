//! A stream of records into data files: partitioning, rolling over, bounded memory.

use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;

use futures::TryStreamExt;
use futures::future::join_all;
use futures::stream::BoxStream;

use super::file::{CHUNK_BYTES, OpenFile, finish_all};
use super::staging::Staging;
use crate::codec::{Order, RecordFormat};
use crate::error::{BoxError, Error, Result};
use crate::layout::Partitioning;
use crate::manifest::FileRef;
use crate::partition::Partition;
use crate::record::Record;

/// An open file, with the number of the last record it got.
type Filling<T> = (OpenFile<T>, u64);

/// A stream of records on its way into data files, in bounded memory.
pub(super) struct Sink<T> {
    staging: Staging,
    format: RecordFormat<T>,
    partitioning: Option<Partitioning<T>>,
    open: HashMap<String, Filling<T>>,
    /// The key in `open` of the last record's file, with its raw values: sorted input hits it.
    last: Option<(Vec<Option<String>>, String)>,
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
        staging: Staging,
        format: RecordFormat<T>,
        partitioning: Option<Partitioning<T>>,
    ) -> Self {
        Self {
            staging,
            format,
            partitioning,
            open: HashMap::new(),
            last: None,
            done: Vec::new(),
            rows: 0,
            since_look: 0,
        }
    }

    /// Adds one record. When it returns true, [`settle`](Self::settle) is due before the next one.
    pub(super) fn push(&mut self, record: &T) -> Result<bool> {
        let name = self.file_of(record)?;
        let open_files = self.staging.context.limits.open_files.max(1);
        if !self.open.contains_key(&name) {
            let partition = match &self.last {
                Some((values, _)) => self.partition(values)?,
                None => None,
            };
            let file = OpenFile::new(&self.staging, &self.format, partition, Order::Any);
            self.open.insert(name.clone(), (file, self.rows));
        }
        let Some((file, used)) = self.open.get_mut(&name) else { return Ok(false) };
        self.since_look += file.encode(record, self.rows)?;
        *used = self.rows;
        self.rows += 1;
        Ok(file.is_full() || self.open.len() > open_files || self.since_look >= CHUNK_BYTES)
    }

    /// Hands on what is due: a full buffer, a full file, or the files that waited longest, where
    /// too many are open or too much is in memory.
    pub(super) async fn settle(&mut self) -> Result<()> {
        self.since_look = 0;
        let limits = self.staging.context.limits.clone();
        let mut full = Vec::new();
        for (name, (file, _)) in &mut self.open {
            file.ready().await?;
            if file.is_full() || file.keeps_back() {
                file.flush().await?;
                if file.is_complete() {
                    full.push(name.clone());
                }
            }
        }
        for name in full {
            self.finish(&name).await?;
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

    /// The next record of a source. What fails in the background while it has none is not kept from whoever
    /// waits for it.
    pub(super) async fn next_of(
        &mut self,
        records: &mut BoxStream<'_, Result<T, BoxError>>,
    ) -> Result<Option<T>> {
        poll_fn(|cx| {
            if let Poll::Ready(next) = records.try_poll_next_unpin(cx) {
                let row = self.rows;
                return Poll::Ready(
                    next.transpose().map_err(|source| Error::Input { row, source }),
                );
            }
            for (file, _) in self.open.values_mut() {
                if let Poll::Ready(error) = file.poll_failed(cx) {
                    return Poll::Ready(Err(error));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Stores all that is left; the files.
    pub(super) async fn finish_all(mut self) -> Result<Vec<FileRef>> {
        let open = std::mem::take(&mut self.open);
        match finish_all(open.into_values().map(|(file, _)| file).collect()).await {
            Ok(files) => {
                self.done.extend(files);
                Ok(self.done)
            }
            Err(e) => {
                self.staging.clean_up().await;
                Err(e)
            }
        }
    }

    /// Gives everything up, and removes what was stored.
    pub(super) async fn abort(self) {
        // All at once: each waits for a store that does not answer, but none for the others.
        join_all(self.open.into_values().map(|(file, _)| file.abort())).await;
        self.staging.clean_up().await;
    }

    async fn finish(&mut self, name: &str) -> Result<()> {
        if let Some((file, _)) = self.open.remove(name) {
            self.done.push(file.finish().await?);
        }
        Ok(())
    }

    fn buffered(&self) -> usize {
        self.open.values().map(|(file, _)| file.buffered()).sum()
    }

    fn longest_waiting(&self) -> Option<String> {
        let oldest = self.open.iter().min_by_key(|(_, (_, used))| *used)?;
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
