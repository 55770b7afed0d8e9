//! A batch of records into data files.
//!
//! Every record is encoded before the first data object exists. Files are filled one after the
//! other (large ones are uploaded in parts meanwhile, which nobody sees), and only then finished.
//! Where more of them would be open, or in memory, than the limits allow, the records that are left
//! are encoded once for nothing, to know that they can be; from then on files are finished as the
//! limits ask for it.

use std::collections::HashMap;

use super::file::{CHUNK_BYTES, Encoded, OpenFile, finish_all};
use super::order::sort;
use super::staging::Staging;
use crate::codec::{Order, RecordFormat};
use crate::error::Result;
use crate::layout::Partitioning;
use crate::manifest::FileRef;
use crate::partition::Partition;
use crate::record::Record;

/// Writes these records; the files, in the order of their parts.
pub(crate) async fn write_records<T: Record>(
    staging: &Staging,
    format: &RecordFormat<T>,
    partitioning: Option<Partitioning<T>>,
    records: &[T],
) -> Result<Vec<FileRef>> {
    let mut groups = match partitioning {
        None => vec![Group { partition: None, rows: Rows::First(records.len()) }],
        Some(partitioning) => divide(partitioning, records).await?,
    };
    if format.sorts() {
        for group in &mut groups {
            let rows = group.rows.skip(0).collect();
            group.rows = Rows::These(sort(rows, |&a, &b| records[a].compare(&records[b])).await);
        }
    }
    let mut batch = Batch {
        staging,
        format,
        records,
        filled: Vec::new(),
        held: 0,
        done: Vec::new(),
        turn: Turn::default(),
        is_checked: false,
    };
    batch.write(&groups).await?;
    batch.finish_filled().await?;
    Ok(batch.done)
}

/// A batch on its way into data files.
struct Batch<'a, T> {
    staging: &'a Staging,
    format: &'a RecordFormat<T>,
    records: &'a [T],
    /// The files that wait to be finished, …
    filled: Vec<OpenFile<T>>,
    /// … and how many bytes they held in memory at most.
    held: usize,
    done: Vec<FileRef>,
    turn: Turn,
    /// Whether it is known that every record can be encoded.
    is_checked: bool,
}

impl<T: Record> Batch<'_, T> {
    /// Encodes the records of all groups, each into as many files as it fills.
    async fn write(&mut self, groups: &[Group]) -> Result<()> {
        let limits = &self.staging.context.limits;
        let (open_files, buffered_bytes) = (limits.open_files.max(1), limits.buffered_bytes);
        for (at, group) in groups.iter().enumerate() {
            let rest = &groups[at..];
            let mut open: Option<OpenFile<T>> = None;
            for (place, row) in group.rows.skip(0).enumerate() {
                let file = match &mut open {
                    Some(file) => file,
                    None => {
                        if self.filled.len() >= open_files {
                            self.make_room(rest, place).await?;
                        }
                        let partition = group.partition.clone();
                        open.insert(OpenFile::new(
                            self.staging,
                            self.format,
                            partition,
                            Order::Sorted,
                        ))
                    }
                };
                let grown = file.encode(&self.records[row], row as u64)?;
                let is_over = self.turn.is_over(grown);
                if is_over {
                    file.ready().await?;
                }
                let is_due = file.is_full() || (is_over && file.keeps_back());
                if is_due {
                    file.flush().await?;
                }
                if is_over {
                    tokio::task::yield_now().await;
                    if !self.filled.is_empty() && self.held + file.buffered() > buffered_bytes {
                        self.make_room(rest, place + 1).await?;
                    }
                }
                if is_due && file.is_complete() {
                    self.set_aside(open.take());
                }
            }
            self.set_aside(open);
        }
        Ok(())
    }

    fn set_aside(&mut self, file: Option<OpenFile<T>>) {
        self.held += file.as_ref().map_or(0, OpenFile::buffered);
        self.filled.extend(file);
    }

    /// Finishes the files that wait, once all records are known to be fit for it: those of `groups`
    /// that have not been encoded begin with the first group's record number `place`.
    async fn make_room(&mut self, groups: &[Group], place: usize) -> Result<()> {
        if !self.is_checked {
            self.check(groups, place).await?;
            self.is_checked = true;
        }
        self.finish_filled().await
    }

    /// Encodes these records for nothing.
    async fn check(&mut self, groups: &[Group], place: usize) -> Result<()> {
        let limits = self.staging.context.limits.clone();
        let path = self.staging.context.history.of.dataset.to_string();
        for (at, group) in groups.iter().enumerate() {
            let mut trial: Option<Encoded<T>> = None;
            for row in group.rows.skip(if at == 0 { place } else { 0 }) {
                let begin =
                    || Encoded::new(path.clone(), self.format, &limits, Order::Sorted, false);
                let file = trial.get_or_insert_with(begin);
                let grown = file.push(&self.records[row], row as u64)?;
                if self.turn.is_over(grown) {
                    file.discard();
                    tokio::task::yield_now().await;
                }
                if file.is_large() {
                    file.finish().await?;
                    trial = None;
                }
            }
            if let Some(mut file) = trial {
                file.finish().await?;
            }
        }
        Ok(())
    }

    async fn finish_filled(&mut self) -> Result<()> {
        self.held = 0;
        self.done.extend(finish_all(std::mem::take(&mut self.filled)).await?);
        Ok(())
    }
}

/// Says when others get their turn: encoding is work.
#[derive(Default)]
struct Turn {
    /// Bytes encoded since the last.
    encoded: usize,
}

impl Turn {
    fn is_over(&mut self, grown: usize) -> bool {
        self.encoded += grown;
        let is_over = self.encoded >= CHUNK_BYTES;
        if is_over {
            self.encoded = 0;
        }
        is_over
    }
}

/// The records of one partition.
struct Group {
    partition: Option<Partition>,
    rows: Rows,
}

/// Some rows of a batch, by their numbers.
enum Rows {
    /// This many, from the first.
    First(usize),
    These(Vec<usize>),
}

impl Rows {
    /// All but the first `n`.
    fn skip(&self, n: usize) -> impl Iterator<Item = usize> + Send + '_ {
        (n..).map_while(|place| match self {
            Self::First(len) => (place < *len).then_some(place),
            Self::These(rows) => rows.get(place).copied(),
        })
    }
}

/// The rows of each partition, in order of the partitions' first rows.
async fn divide<T>(partitioning: Partitioning<T>, records: &[T]) -> Result<Vec<Group>> {
    /// How many records are looked at before others get their turn.
    const AT_ONCE: usize = 4096;
    let mut groups: Vec<(Partition, Vec<usize>)> = Vec::new();
    let mut index: HashMap<Vec<Option<String>>, usize> = HashMap::new();
    for (row, record) in records.iter().enumerate() {
        let values = partitioning.values(record);
        let group = match index.get(&values) {
            Some(&group) => group,
            None => {
                let entries = partitioning.keys.iter().copied().zip(values.iter().cloned());
                let partition = Partition::new(entries).map_err(|e| e.at_row(row as u64))?;
                groups.push((partition, Vec::new()));
                index.insert(values, groups.len() - 1);
                groups.len() - 1
            }
        };
        groups[group].1.push(row);
        if row % AT_ONCE == AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
    }
    let group = |(partition, rows)| Group { partition: Some(partition), rows: Rows::These(rows) };
    Ok(groups.into_iter().map(group).collect())
}
