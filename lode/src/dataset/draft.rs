//! What a write is to become, on whichever parent.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::chain::DatasetChain;
use super::evolution::Evolution;
use crate::commit::{Change, History, after};
use crate::error::{Error, Result};
use crate::id::WriteId;
use crate::manifest::{Attachment, FileRef, FileStats, GcRef, Manifest, Operation, Partitioner};
use crate::metadata::Metadata;
use crate::partition::{Partition, Renames};
use crate::record::{FieldSchema, Record, RecordSchema};

/// A snapshot to be, without its parent: its data objects are stored.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) write_id: WriteId,
    pub(crate) operation: Operation,
    pub(crate) metadata: Metadata,
    /// The new data files.
    pub(crate) files: Vec<FileRef>,
    /// The snapshot's own: those of its parent are not carried over.
    pub(crate) attachments: Vec<Attachment>,
    /// What was found out about files of the parent that do not say it themselves, by path.
    pub(crate) measured: HashMap<String, FileStats>,
    pub(crate) encoding: Encoding,
    pub(crate) idempotency_key: Option<String>,
}

/// How the new files are encoded, by the names that manifests use.
#[derive(Debug, Clone, Default)]
pub struct Encoding {
    /// `None` for a blob.
    pub(crate) codec: Option<String>,
    pub(crate) compressor: String,
    pub(crate) checksum: Option<String>,
    /// The records' schema, and what it can read; `None` for a blob.
    pub(crate) evolution: Option<Evolution>,
    /// The timestamp field, if the records have one.
    pub(crate) timestamp: Option<&'static FieldSchema>,
    pub(crate) partition_keys: Option<&'static [&'static str]>,
}

/// The earliest and the latest of some timestamps.
pub(crate) type TimeRange = (DateTime<Utc>, DateTime<Utc>);

/// A manifest with this many files or fewer is built at once: it takes a few milliseconds.
const INLINE_FILES: usize = 1000;

impl Change for Draft {
    type Of = DatasetChain;

    fn write_id(&self) -> WriteId {
        self.write_id
    }

    fn operation(&self) -> Operation {
        self.operation.clone()
    }

    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    fn rebases(&self) -> bool {
        self.operation == Operation::Append
    }

    fn is_large_on(&self, parent: Option<&Manifest>) -> bool {
        parent.is_some_and(|parent| parent.files.len() > INLINE_FILES)
    }

    fn objects(&self, base: Option<GcRef>) -> Vec<(Option<GcRef>, &str)> {
        let files = self.files.iter().map(|file| file.path.as_str());
        let attachments = self.attachments.iter().map(|attachment| attachment.path.as_str());
        files.chain(attachments).map(|path| (base, path)).collect()
    }

    fn manifest(
        &self,
        history: &History<DatasetChain>,
        parent: Option<&Manifest>,
    ) -> Result<(Manifest, Vec<u8>)> {
        let manifest = self.child_of(history, parent)?;
        let body = manifest.to_json()?;
        Ok((manifest, body))
    }
}

impl Draft {
    fn child_of(
        &self,
        history: &History<DatasetChain>,
        parent: Option<&Manifest>,
    ) -> Result<Manifest> {
        let mut manifest =
            Manifest::draft(history.of.dataset.clone(), self.write_id, self.operation.clone());
        manifest.created_at = history.store.now();
        if let Some(parent) = parent {
            let key = history.manifest_key(parent.snapshot_id);
            self.encoding.check_parent(&self.operation, parent, &key)?;
            manifest.snapshot_id = parent.snapshot_id.next()?;
            manifest.parent_snapshot_id = Some(parent.snapshot_id);
            manifest.created_at = after(parent.created_at).max(manifest.created_at);
            manifest.last_gc = parent.last_gc;
        }
        manifest.metadata = self.metadata.clone();
        manifest.codec.clone_from(&self.encoding.codec);
        manifest.compressor.clone_from(&self.encoding.compressor);
        manifest.checksum_algorithm.clone_from(&self.encoding.checksum);
        manifest.idempotency_key.clone_from(&self.idempotency_key);
        let schema = self.encoding.evolution.as_ref().map(|evolution| &evolution.record);
        manifest.schemas.extend(schema.map(RecordSchema::from));
        if self.encoding.partition_keys.is_some() {
            manifest.partitioner = Partitioner::Hive;
        }
        manifest.files.clone_from(&self.files);
        manifest.attachments.clone_from(&self.attachments);
        if let Some(parent) = parent {
            self.carry(&mut manifest, parent)?;
        }
        self.add_up(&mut manifest, parent);
        manifest.finish(history.of.paths, parent)
    }

    /// Takes over the parent's files that stay; the records must be able to read them.
    fn carry(&self, manifest: &mut Manifest, parent: &Manifest) -> Result<()> {
        match self.operation {
            // Its parent was checked as a whole.
            Operation::Append => {
                manifest.carry(parent, |_| true);
            }
            Operation::ReplacePartitions => {
                let renames = self.encoding.renames();
                let touched = Touched::of(&self.files, &renames);
                let stays = |file: &&FileRef| !touched.has(file);
                if let Some(evolution) = &self.encoding.evolution {
                    evolution.check(parent, parent.files.iter().filter(stays))?;
                }
                manifest.carry(parent, |file| stays(&file));
            }
            _ => {}
        }
        for file in &mut manifest.files {
            if let Some(measured) = self.measured.get(&file.path) {
                add_stats(file, measured);
            }
        }
        Ok(())
    }

    /// Counts and times over all files.
    fn add_up(&self, manifest: &mut Manifest, parent: Option<&Manifest>) {
        if self.encoding.codec.is_none() {
            manifest.row_count = 1;
            return;
        }
        let sum = |files: &[FileRef]| {
            files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.rows().unwrap_or(0)))
        };
        let range = match (&self.operation, parent) {
            // Files of Go's do not say what they hold, but all of them stay.
            (Operation::Append, Some(parent)) => {
                manifest.row_count = parent.row_count.saturating_add(sum(&self.files));
                let old = self.range_of_parent(parent);
                old.zip(self.range_of(&self.files)).map(|(old, new)| either(old, new, union))
            }
            _ => {
                manifest.row_count = sum(&manifest.files);
                self.range_of(&manifest.files)
            }
        };
        (manifest.min_timestamp, manifest.max_timestamp) = range.flatten().unzip();
    }

    /// Between which times the records of the parent are. Its own range can be of a field that was the
    /// timestamp before: it counts for files of Go's only, for which nothing else says it.
    fn range_of_parent(&self, parent: &Manifest) -> Option<Option<TimeRange>> {
        if parent.row_count == 0 {
            return Some(None);
        }
        let says = |file: &&FileRef| {
            let column = self.encoding.timestamp;
            file.schema.is_some() || column.is_some_and(|it| recorded_range(file, it).is_some())
        };
        let known = self.range_of(parent.files.iter().filter(says))?;
        if parent.files.iter().all(|file| says(&file)) {
            return Some(known);
        }
        let own = parent.min_timestamp.zip(parent.max_timestamp)?;
        Some(either(known, Some(own), union))
    }

    /// Between which times the records of these files are, if all of the files say it.
    fn range_of<'a>(
        &self,
        files: impl IntoIterator<Item = &'a FileRef>,
    ) -> Option<Option<TimeRange>> {
        files.into_iter().try_fold(None, |range, file| {
            let found = recorded_range(file, self.encoding.timestamp?)?;
            Some(either(range, found, union))
        })
    }
}

/// Adds to what the file's reference says what was found out about it.
fn add_stats(file: &mut FileRef, found: &FileStats) {
    file.row_count = Some(found.row_count);
    if found.columns.is_empty() {
        return;
    }
    let stats = file.stats.get_or_insert_default();
    stats.row_count = found.row_count;
    stats.columns.retain(|old| found.columns.iter().all(|new| new.name != old.name));
    stats.columns.extend(found.columns.iter().cloned());
}

/// The partitions that some new files are of.
pub(crate) struct Touched<'a> {
    partitions: HashSet<Option<&'a Partition>>,
    renames: &'a Renames,
}

impl<'a> Touched<'a> {
    pub(crate) fn of(files: &'a [FileRef], renames: &'a Renames) -> Self {
        Self { partitions: files.iter().map(|file| file.partition.as_ref()).collect(), renames }
    }

    /// Whether an older file is of one of them.
    pub(crate) fn has(&self, file: &FileRef) -> bool {
        let partition = file.partition().map(|partition| self.renames.partition(partition));
        self.partitions.contains(&partition.as_deref())
    }
}

impl Encoding {
    /// What the partitions of older files are called now.
    fn renames(&self) -> Renames {
        let evolution = self.evolution.as_ref();
        evolution.map(|it| Renames::of(it.record.fields())).unwrap_or_default()
    }

    /// Makes sure that a write of this encoding can follow `parent`, whose manifest is at `path`.
    pub(crate) fn check_parent(
        &self,
        operation: &Operation,
        parent: &Manifest,
        path: &str,
    ) -> Result<()> {
        if parent.is_newer_minor() {
            return Err(Error::newer_minor(path, parent.format_version));
        }
        if parent.is_blob() != self.codec.is_none() {
            let [expected, found] = [self.codec.is_none(), parent.is_blob()].map(content_name);
            return Err(Error::ContentMismatch {
                dataset: parent.dataset_id.clone(),
                snapshot: parent.snapshot_id,
                expected,
                found,
            });
        }
        match operation {
            Operation::Append => {
                if let Some(evolution) = &self.evolution {
                    evolution.check(parent, &parent.files)?;
                }
                self.check_keys(parent)
            }
            Operation::ReplacePartitions => self.check_keys(parent),
            _ => Ok(()),
        }
    }

    /// Makes sure that these files and the parent's are partitioned alike.
    fn check_keys(&self, parent: &Manifest) -> Result<()> {
        let found = parent.partition_keys();
        let expected = self.partition_keys.unwrap_or_default();
        if !parent.files.is_empty() && found != expected {
            return Err(Error::PartitioningMismatch {
                dataset: parent.dataset_id.clone(),
                expected: expected.iter().map(|&key| key.to_owned()).collect(),
                found,
            });
        }
        Ok(())
    }
}

/// The field of a record's time, if it has one.
pub(crate) fn timestamp_of<T: Record>() -> Option<&'static FieldSchema> {
    let name = T::TIMESTAMP?;
    T::SCHEMA.fields().iter().find(|field| field.name == name)
}

/// What a manifest holds, in errors.
pub(crate) fn content_name(is_blob: bool) -> &'static str {
    if is_blob { "a blob" } else { "records" }
}

/// The time range that a file's statistics give for the field, by its name or an alias: `None` if they
/// do not say, and `Some(None)` if no row has a time.
pub(crate) fn recorded_range(file: &FileRef, field: &FieldSchema) -> Option<Option<TimeRange>> {
    let stats = file.stats.as_ref()?;
    let names = || std::iter::once(&field.name).chain(field.aliases);
    let found = stats.columns.iter().find(|found| names().any(|name| found.name == *name))?;
    let time = |value: &serde_json::Value| {
        Some(DateTime::parse_from_rfc3339(value.as_str()?).ok()?.to_utc())
    };
    match (&found.min, &found.max) {
        (Some(min), Some(max)) => Some(Some((time(min)?, time(max)?))),
        _ if found.null_count == Some(stats.row_count) => Some(None),
        _ => None,
    }
}

/// What there is of two values, made one.
fn either<V>(a: Option<V>, b: Option<V>, both: impl FnOnce(V, V) -> V) -> Option<V> {
    match (a, b) {
        (Some(a), Some(b)) => Some(both(a, b)),
        (a, b) => a.or(b),
    }
}

fn union(a: TimeRange, b: TimeRange) -> TimeRange {
    (a.0.min(b.0), a.1.max(b.1))
}
