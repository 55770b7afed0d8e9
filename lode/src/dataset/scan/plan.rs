use std::fmt;

use serde::Serialize;

use super::prune::Verdict;
use crate::id::{DatasetId, SnapshotId};
use crate::manifest::{FileRef, Manifest};
use crate::predicate::Expr;

/// What a scan would read: see [`Scan::plan`](super::Scan::plan). It prints in lines, and is data
/// for `serde`.
///
/// Codecs with columns read less than the whole of a file: sizes are those of the files.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ScanPlan {
    /// The dataset.
    pub dataset: DatasetId,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The predicate, in words; `None` if there is none.
    pub filter: Option<String>,
    /// The files that would be read.
    pub read: Vec<PlannedFile>,
    /// The files that would not.
    pub skipped: Vec<SkippedFile>,
    /// How many bytes the files to read have in all, as stored.
    pub read_bytes: u64,
    /// How many bytes the others have.
    pub skipped_bytes: u64,
    /// How many records the files to read have; `None` if one does not say it (Go Lode's files).
    pub read_rows: Option<u64>,
}

/// A file that would be read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PlannedFile {
    /// Its key, relative to the store's root.
    pub path: String,
    /// Its size as stored.
    pub size_bytes: u64,
    /// The number of its records, if it is known.
    pub rows: Option<u64>,
    /// Whether the manifest says that the predicate is true for all of its records.
    pub all: bool,
}

/// A file that would not be read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SkippedFile {
    /// Its key, relative to the store's root.
    pub path: String,
    /// Its size as stored.
    pub size_bytes: u64,
    /// The number of its records, if it is known.
    pub rows: Option<u64>,
    /// What says so.
    pub by: SkippedBy,
    /// Why, in words: `its statistics rule out dep_delay > 60`.
    pub reason: String,
}

/// What says that a file has no record that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkippedBy {
    /// The partition it is in.
    Partition,
    /// The statistics in the manifest.
    Statistics,
}

impl ScanPlan {
    pub(super) fn new<'a>(
        manifest: &Manifest,
        filter: Option<&Expr>,
        verdicts: impl Iterator<Item = (&'a FileRef, Verdict)>,
    ) -> Self {
        let mut plan = Self {
            dataset: manifest.dataset_id.clone(),
            snapshot: manifest.snapshot_id,
            filter: filter.map(Expr::to_string),
            read: Vec::new(),
            skipped: Vec::new(),
            read_bytes: 0,
            skipped_bytes: 0,
            read_rows: Some(0),
        };
        for (file, verdict) in verdicts {
            let (path, size_bytes, rows) = (file.path.clone(), file.size_bytes, file.rows());
            match verdict {
                Verdict::Read { all } => {
                    plan.read_bytes = plan.read_bytes.saturating_add(size_bytes);
                    plan.read_rows = plan.read_rows.zip(rows).map(|(a, b)| a.saturating_add(b));
                    plan.read.push(PlannedFile { path, size_bytes, rows, all });
                }
                Verdict::Skip { by, reason } => {
                    plan.skipped_bytes = plan.skipped_bytes.saturating_add(size_bytes);
                    plan.skipped.push(SkippedFile { path, size_bytes, rows, by, reason });
                }
            }
        }
        plan
    }
}

impl fmt::Display for ScanPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scan of `{}`, snapshot {}", self.dataset, self.snapshot)?;
        if let Some(filter) = &self.filter {
            write!(f, ": {filter}")?;
        }
        let files = self.read.len() + self.skipped.len();
        let bytes = self.read_bytes.saturating_add(self.skipped_bytes);
        write!(f, "\nreads {} of {files} files, ", self.read.len())?;
        write!(f, "{} of {bytes} bytes", self.read_bytes)?;
        for file in &self.read {
            write!(f, "\nread {} ({} bytes{})", file.path, file.size_bytes, Rows(file.rows))?;
        }
        for file in &self.skipped {
            write!(f, "\nskip {} ({} bytes{}): ", file.path, file.size_bytes, Rows(file.rows))?;
            f.write_str(&file.reason)?;
        }
        Ok(())
    }
}

struct Rows(Option<u64>);

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rows) => write!(f, ", {rows} records"),
            None => Ok(()),
        }
    }
}
