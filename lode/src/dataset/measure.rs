//! What is known of a file's records: how many, and between which times.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;

use super::draft::{TimeRange, Touched, recorded_range, timestamp_of};
use super::formats::Formats;
use crate::error::{BoxError, Result};
use crate::manifest::{
    ColumnStats, FileRef, FileStats, Manifest, canonical, is_writable, time_json,
};
use crate::partition::Renames;
use crate::record::Record;

/// The timestamps of some records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    range: Option<TimeRange>,
    nulls: u64,
}

impl Span {
    /// Adds one; an error for a time that a manifest cannot hold.
    pub(crate) fn add(&mut self, time: Option<DateTime<Utc>>) -> Result<(), BoxError> {
        let Some(time) = time.map(canonical) else {
            self.nulls += 1;
            return Ok(());
        };
        if self.range.is_some_and(|(min, max)| min <= time && time <= max) {
            return Ok(());
        }
        if !is_writable(time) {
            return Err("a timestamp has a year from 0 to 9999 (RFC 3339)".into());
        }
        let (min, max) = self.range.unwrap_or((time, time));
        self.range = Some((time.min(min), time.max(max)));
        Ok(())
    }

    /// As the statistics of the timestamp column.
    pub(crate) fn stats(&self, column: &str, rows: u64) -> FileStats {
        let mut stats = ColumnStats { name: column.to_owned(), ..ColumnStats::default() };
        stats.null_count = Some(self.nulls);
        if let Some((min, max)) = self.range {
            (stats.min, stats.max) = (Some(time_json(min)), Some(time_json(max)));
            (stats.min_exact, stats.max_exact) = (Some(true), Some(true));
        }
        FileStats { row_count: rows, columns: vec![stats] }
    }
}

/// Reads those files of `base` that stay when the partitions of `files` are replaced, and that do
/// not say how many records they hold, or between which times (Go's do not): what their statistics
/// are, by path.
pub(super) async fn measure_kept<T: Record>(
    formats: &Formats<T>,
    base: &Manifest,
    files: &[FileRef],
) -> Result<HashMap<String, FileStats>> {
    let renames = Renames::of(T::SCHEMA.fields());
    let touched = Touched::of(files, &renames);
    let mut measured = HashMap::new();
    for file in &base.files {
        let is_known = file.rows().is_some()
            && timestamp_of::<T>().is_none_or(|column| recorded_range(file, column).is_some());
        if is_known || touched.has(file) {
            continue;
        }
        let (mut rows, mut span, mut is_writable) = (0, Span::default(), true);
        let mut chunks = formats.records(base, file)?;
        while let Some(chunk) = chunks.try_next().await? {
            rows += chunk.len() as u64;
            for record in &chunk {
                // A time out of range cannot have come from lode's writes: the range stays unknown.
                is_writable &= span.add(record.timestamp()).is_ok();
            }
        }
        let stats = match T::TIMESTAMP {
            Some(column) if is_writable => span.stats(column, rows),
            _ => FileStats { row_count: rows, columns: Vec::new() },
        };
        measured.insert(file.path.clone(), stats);
    }
    Ok(measured)
}
