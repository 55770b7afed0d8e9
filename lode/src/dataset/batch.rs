//! A batch of records into data files.
//!
//! Every record is encoded before the first data object exists: files are filled one after the
//! other (large ones are uploaded in parts meanwhile, which nobody sees), and only then finished.

use std::collections::HashMap;

use super::attempt::Attempt;
use super::sink::{OpenFile, finish_all};
use crate::codec::RecordFormat;
use crate::error::Result;
use crate::layout::Partitioning;
use crate::manifest::FileRef;
use crate::partition::Partition;
use crate::record::Record;

/// Writes these records; the files, in the order of their parts.
pub(crate) async fn write_records<T: Record>(
    attempt: &mut Attempt,
    format: &RecordFormat<T>,
    partitioning: Option<Partitioning<T>>,
    records: &[T],
) -> Result<Vec<FileRef>> {
    let mut files = Vec::new();
    match partitioning {
        None => {
            let rows = (0_u64..).zip(records);
            encode(attempt, format, None, rows, &mut files).await?;
        }
        Some(partitioning) => {
            for (partition, rows) in divide(partitioning, records).await? {
                let rows = rows.into_iter().map(|row| (row as u64, &records[row]));
                encode(attempt, format, Some(partition), rows, &mut files).await?;
            }
        }
    }
    finish_all(files).await
}

/// Encodes the records of one partition, into as many files as they fill.
async fn encode<'a, T: Record>(
    attempt: &mut Attempt,
    format: &RecordFormat<T>,
    partition: Option<Partition>,
    rows: impl Iterator<Item = (u64, &'a T)>,
    files: &mut Vec<OpenFile<T>>,
) -> Result<()> {
    let limits = attempt.context.limits.clone();
    let mut open: Option<OpenFile<T>> = None;
    for (row, record) in rows {
        let file = match &mut open {
            Some(file) => file,
            None => open.insert(OpenFile::new(attempt, format, partition.clone())),
        };
        file.encode(record, row, limits.max_record_bytes)?;
        if file.is_full() {
            file.flush().await?;
            if file.stored_bytes() >= limits.target_file_bytes {
                files.extend(open.take());
            }
            // Encoding is work: others get their turn.
            tokio::task::yield_now().await;
        }
    }
    files.extend(open);
    Ok(())
}

/// The rows of each partition, in order of the partitions' first rows.
async fn divide<T>(
    partitioning: Partitioning<T>,
    records: &[T],
) -> Result<Vec<(Partition, Vec<usize>)>> {
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
    Ok(groups)
}
