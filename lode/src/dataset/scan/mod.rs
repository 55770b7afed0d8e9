//! Scans: the records of a snapshot that a predicate is true for, by reading as little as possible.
//!
//! ```text
//! snapshot ── prune.rs ──► files ── execute.rs ──► records
//!             partitions,           what is left is decoded and filtered
//!             statistics
//! ```

#[cfg(feature = "parquet")]
mod batches;
mod execute;
mod partition;
mod plan;
mod prune;
mod select;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use tracing::Instrument;

pub use plan::{PlannedFile, ScanPlan, SkippedBy, SkippedFile};

use self::execute::FileScan;
use self::prune::{Pruner, Verdict};
use super::formats::{Formats, Taken, all_chunks};
use super::read::{HasRecords, RecordStream, all_of, check_keys, one_by_one};
use super::{Dataset, Snapshot};
use crate::codec::Codec;
use crate::error::Result;
use crate::manifest::{FileRef, Manifest};
use crate::partition::{PartitionFilter, PartitionValue, Renames};
use crate::predicate::{Expr, Predicate};
use crate::record::Record;

/// A scan that begins when it is collected, streamed or counted: see [`Dataset::scan`].
#[must_use = "a scan does nothing until it is collected, streamed or counted"]
pub struct Scan<'a, T, S = T> {
    formats: Formats<T>,
    snapshot: &'a Snapshot<T>,
    filter: Option<Expr>,
    partitions: PartitionFilter,
    renames: Renames,
    // Functions, so that the methods need no bounds: what is missing is reported once, at `scan`.
    check: fn(&Formats<T>, &Manifest, &[FileRef]) -> Result<()>,
    open: Open<T, S>,
    counts: Counts<T>,
}

/// Reads what a scan wants of one file.
type Open<T, S> = fn(&FileScan<T>, Taken) -> Result<BoxStream<'static, Result<Vec<S>>>>;

/// Counts what a scan wants of one file, part by part.
type Counts<T> = fn(&FileScan<T>) -> Result<BoxStream<'static, Result<u64>>>;

impl<T, C, L> Dataset<T, C, L> {
    /// A scan of a snapshot: those of its records that a predicate is true for, or some fields of
    /// them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Dataset, Record, Store, metadata};
    ///
    /// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Record)]
    /// struct Flight { origin: String, dest: String, dep_delay: Option<i32> }
    ///
    /// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Record)]
    /// struct Route { origin: String, dest: String }
    ///
    /// # let flight = |origin: &str, dep_delay| Flight { origin: origin.into(), dest: "SFO".into(), dep_delay };
    /// let flights = Dataset::<Flight>::new(&Store::memory(), "flights")?;
    /// let records = [flight("JFK", Some(75)), flight("LGA", Some(90)), flight("JFK", None)];
    /// let snapshot = flights.write(&records, metadata! {}).await?;
    ///
    /// let late = Flight::columns().dep_delay.gt(60);
    /// let from_jfk = Flight::columns().origin.eq("JFK");
    /// let scan = flights.scan(&snapshot).filter(late).filter(from_jfk).select::<Route>();
    /// assert_eq!(scan.collect().await?, [Route { origin: "JFK".into(), dest: "SFO".into() }]);
    /// # Ok(()) }
    /// ```
    ///
    /// What is read is chosen by the partitions of the files and by their statistics, then record by
    /// record: the result is always that of filtering all records. [`Scan::plan`] says what would
    /// be read.
    ///
    /// # Errors
    /// When it is collected, streamed or counted, those of [`read`](Self::read), for the files that
    /// are read. [`Error::SchemaMismatch`](crate::Error::SchemaMismatch), before the first file is
    /// read, also if the selected record has a field that a file lacks and that has no default.
    pub fn scan<'a>(&self, snapshot: &'a Snapshot<T>) -> Scan<'a, T>
    where
        T: HasRecords,
        C: Codec<T>,
    {
        Scan {
            formats: self.formats(),
            snapshot,
            filter: None,
            partitions: PartitionFilter::new(),
            renames: Renames::of(T::SCHEMA.fields()),
            check: Formats::check,
            open: execute::whole,
            counts: execute::counts,
        }
    }
}

impl<'a, T, S> Scan<'a, T, S> {
    /// Only records for which `predicate` is true. Given again, both must be true.
    pub fn filter(mut self, predicate: Predicate<T>) -> Self {
        let predicate = predicate.into_expr();
        self.filter = Some(match self.filter.take() {
            Some(filter) => filter.and(predicate),
            None => predicate,
        });
        self
    }

    /// Only files of partitions where `key` has `value`, as for [`Read::partition`](crate::Read::partition).
    /// A predicate on the columns that the partitions are made of chooses among them as well.
    pub fn partition(mut self, key: &str, value: impl Into<PartitionValue>) -> Self {
        self.partitions = self.partitions.with(key, value);
        self
    }

    /// Only files of partitions that `filter` matches.
    pub fn partitions(mut self, filter: PartitionFilter) -> Self {
        self.partitions = filter;
        self
    }

    /// The records as records of type `P`, with a part of the fields of `T`. They are found by their
    /// names, and no others are decoded where the codec allows it. Predicates stay those of `T`.
    ///
    /// What `P` is made of is what the file holds, and not what `T` makes of it: a field that the file
    /// lacks has the default of `P`, and an alias of `T` means nothing. Only codecs of your own, and
    /// those that store no names, make whole records `T` first.
    pub fn select<P>(self) -> Scan<'a, T, P>
    where
        T: Record,
        P: Record,
    {
        let Self { formats, snapshot, filter, partitions, renames, counts, .. } = self;
        Scan {
            formats,
            snapshot,
            filter,
            partitions,
            renames,
            check: select::check::<T, P>,
            open: execute::selected::<T, P>,
            counts,
        }
    }

    /// What would be read, and what not, and why. No I/O: all of it is in the manifest.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// # use lode::{Dataset, Record, Store, metadata};
    /// # #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// # struct Reading { month: u8 }
    /// # let readings = Dataset::<Reading>::new(&Store::memory(), "readings")?;
    /// readings.append(&[Reading { month: 1 }], metadata! {}).await?;
    /// let snapshot = readings.append(&[Reading { month: 2 }], metadata! {}).await?;
    ///
    /// let plan = readings.scan(&snapshot).filter(Reading::columns().month.eq(2)).plan()?;
    /// assert_eq!((plan.read.len(), plan.skipped.len()), (1, 1));
    /// assert_eq!(plan.skipped[0].reason, "its statistics rule out month = 2");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::SnapshotNotFound`](crate::Error::SnapshotNotFound) for a snapshot of another
    /// dataset, [`Error::UnknownPartitionKey`](crate::Error::UnknownPartitionKey).
    pub fn plan(&self) -> Result<ScanPlan> {
        let manifest = self.manifest()?;
        let pruner = self.pruner(manifest);
        let verdicts = manifest.files.iter().map(|file| (file, pruner.verdict(file)));
        Ok(ScanPlan::new(manifest, self.filter.as_ref(), verdicts))
    }

    fn manifest(&self) -> Result<&Arc<Manifest>> {
        let manifest = self.snapshot.shared();
        self.formats.context.history.owns(manifest)?;
        check_keys(&self.partitions, manifest)?;
        Ok(manifest)
    }

    fn pruner<'s>(&'s self, manifest: &'s Manifest) -> Pruner<'s> {
        Pruner {
            manifest,
            partitions: self.renames.filter(&self.partitions),
            renames: &self.renames,
            filter: self.filter.as_ref(),
        }
    }
}

impl<T: Send + 'static, S: Send + 'static> Scan<'_, T, S> {
    /// The records as they come, in bounded memory, in the order of [`RecordStream`]. What is wrong
    /// with a file as a whole is said after its last record.
    pub fn stream(self) -> RecordStream<S> {
        let open = self.open;
        RecordStream::new(match self.choose(Purpose::Records) {
            Ok(chosen) => one_by_one(chosen.files, chosen.concurrency, move |file| {
                open(&file, Taken::AsTheyCome)
            }),
            Err(e) => futures::stream::once(futures::future::err(e)).boxed(),
        })
    }

    /// All of the records. Every file that is read whole is verified before anything is returned;
    /// of a Parquet file of which only a part is read, the checksum cannot be known.
    pub fn collect(self) -> BoxFuture<'static, Result<Vec<S>>> {
        let (span, open) = (self.span(), self.open);
        let chosen = self.choose(Purpose::Records);
        let collected = async move {
            let chosen = chosen?;
            all_of(chosen.files, chosen.concurrency, |file| all_chunks(open(&file, Taken::AtOnce)))
                .await
        };
        collected.instrument(span).boxed()
    }

    /// How many records there are. A file is not read if the manifest says how many records it has,
    /// and that the predicate is true for all of them; of a Parquet file, only the columns of the predicate
    /// are.
    pub fn count(self) -> BoxFuture<'static, Result<u64>> {
        let (span, counts) = (self.span(), self.counts);
        let chosen = self.choose(Purpose::Count);
        let counted = async move {
            let Chosen { files, mut known, concurrency } = chosen?;
            let mut parts = futures::stream::iter(files)
                .map(|file| async move {
                    counts(&file)?.try_fold(0, |a, b| async move { Ok(a + b) }).await
                })
                .buffered(concurrency.max(1));
            while let Some(part) = parts.try_next().await? {
                known += part;
            }
            Ok(known)
        };
        counted.instrument(span).boxed()
    }

    /// The files to read.
    fn choose(&self, purpose: Purpose) -> Result<Chosen<T>> {
        let manifest = self.manifest()?;
        let filter = self.filter.clone().map(Arc::new);
        let (mut wanted, mut filters, mut known) = (Vec::new(), Vec::new(), 0_u64);
        let pruner = self.pruner(manifest);
        for file in &manifest.files {
            let Verdict::Read { all } = pruner.verdict(file) else { continue };
            match (purpose, file.rows()) {
                (Purpose::Count, Some(rows)) if all => known = known.saturating_add(rows),
                _ => {
                    wanted.push(file.clone());
                    filters.push(filter.clone().filter(|_| !all));
                }
            }
        }
        (self.check)(&self.formats, manifest, &wanted)?;
        let files = wanted.into_iter().zip(filters).map(|(file, filter)| FileScan {
            formats: self.formats.clone(),
            manifest: Arc::clone(manifest),
            file,
            filter,
        });
        let concurrency = self.formats.context.limits.read_concurrency;
        Ok(Chosen { files: files.collect(), known, concurrency })
    }

    fn span(&self) -> tracing::Span {
        tracing::info_span!(
            "lode.scan",
            dataset = %self.formats.dataset(),
            snapshot = %self.snapshot.id(),
        )
    }
}

#[derive(Debug, Clone, Copy)]
enum Purpose {
    Records,
    Count,
}

struct Chosen<T> {
    files: Vec<FileScan<T>>,
    /// How many records there are in files that need not be read.
    known: u64,
    concurrency: usize,
}

impl<T, S> fmt::Debug for Scan<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("dataset", self.formats.dataset())
            .field("snapshot", &self.snapshot.id())
            .field("filter", &self.filter.as_ref().map(Expr::to_string))
            .finish_non_exhaustive()
    }
}
