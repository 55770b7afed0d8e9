//! Scanning a Parquet file: what is not wanted of it is not read.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::future::join;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::task::spawn_blocking;

use crate::codec::DecodeError;
use crate::codec::parquet::{
    Filter, Footer, FooterError, Pieces, Projection, Selected, SelectedBatches, Step, Survey,
};
use crate::data::collect_columns::{Decode, gather, make_room};
use crate::data::failure::Failure;
use crate::data::parallelism;
use crate::data::read_columns::{build, undecodable};
use crate::data::row_groups::end_of;
use crate::data::source::FileToRead;
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::predicate::Expr;
use crate::record::Record;
use crate::store::Store;

/// Bytes between two ranges that are read as well, since a request costs more.
const GAP: u64 = 16 << 10;

/// How many ranges are read at once.
const REQUESTS: usize = 16;

/// A Parquet file of a snapshot, and which of its records are wanted.
pub(crate) struct ColumnScan {
    pub(crate) file: FileToRead,
    pub(crate) snapshot: SnapshotId,
    /// How many records it has, if the manifest says so.
    pub(crate) rows: Option<u64>,
    pub(crate) filter: Option<Arc<Expr>>,
    pub(crate) columns: ColumnsOf,
}

/// Which columns are to be read of the rows that pass.
pub(crate) type ColumnsOf = fn(&Footer, Option<&Filter>) -> Result<Projection, FooterError>;

/// Those of a record's fields.
pub(crate) fn columns_of<S: Record>(
    footer: &Footer,
    _: Option<&Filter>,
) -> Result<Projection, FooterError> {
    footer.columns_of::<S>()
}

/// The same, to make records of.
pub(crate) fn columns_of_records<S: Record>(
    footer: &Footer,
    _: Option<&Filter>,
) -> Result<Projection, FooterError> {
    footer.columns_of_records::<S>()
}

/// The same, of two records.
pub(crate) fn columns_of_both<T: Record, S: Record>(
    footer: &Footer,
    _: Option<&Filter>,
) -> Result<Projection, FooterError> {
    footer.columns_of_both::<T, S>()
}

/// What is known of a file before its pages are read.
pub(crate) struct Surveyed {
    store: Store,
    file: FileToRead,
    snapshot: SnapshotId,
    survey: Arc<Survey>,
    steps: Vec<Step>,
    /// Its last bytes.
    end: Pieces,
}

impl ColumnScan {
    /// Reads the footer, the indexes of the columns, and Bloom filters that may help; `None` if it
    /// takes whole records to tell which of them are wanted.
    pub(crate) async fn open(self, store: &Store) -> Result<Option<Surveyed>> {
        let Self { file, snapshot, rows, filter, columns } = self;
        if file.compressor.name() != "noop" {
            return Ok(None);
        }
        let invalid =
            |reason: crate::error::BoxError| undecodable(reason).into_error(&file.key, snapshot);
        let (footer, begin, end) = match end_of(store, &file).await? {
            Ok(found) => found,
            Err(reason) => return Err(invalid(reason.into())),
        };
        file.meter.bytes(end.len() as u64);
        if let Some(rows) = rows.filter(|&rows| rows != footer.rows()) {
            let reason = format!("it holds {} records, not {rows}", footer.rows());
            return Err(Error::corrupt(&*file.key, reason));
        }
        let footer: Arc<Footer> = Arc::new(footer);
        let filter = match filter {
            None => None,
            Some(filter) => match Filter::resolve(&filter, &footer) {
                Some(filter) => Some(filter),
                None => return Ok(None),
            },
        };
        let columns = columns(&footer, filter.as_ref()).map_err(|e| invalid(e.into()))?;
        let survey = Survey::new(footer, filter, columns, &file.limits);
        let survey = survey.map_err(|e| invalid(e.into()))?;
        let end = Pieces::new(vec![(begin, end)]);
        let indexes = match survey.indexes() {
            Some(range) => fetch(store, &file, vec![range], &end).await?,
            None => Pieces::new(Vec::new()),
        };
        let surveyed = spawn_blocking(move || {
            let survey = survey.with_indexes(indexes);
            let steps = survey.steps();
            (survey, steps)
        });
        let (mut survey, mut steps) = surveyed.await?;
        let blooms = survey.blooms(&steps);
        if !blooms.is_empty() {
            let pieces = fetch(store, &file, blooms, &end).await?;
            let surveyed = spawn_blocking(move || {
                let survey = survey.with_blooms(&steps, &pieces);
                let steps = survey.steps();
                (survey, steps)
            });
            (survey, steps) = surveyed.await?;
        }
        let survey = Arc::new(survey);
        Ok(Some(Surveyed { store: store.clone(), file, snapshot, survey, steps, end }))
    }
}

impl Surveyed {
    /// The records that are wanted, some thousand at a time, in order.
    pub(crate) fn records<S: Record>(self) -> BoxStream<'static, Result<Vec<S>>> {
        let (key, snapshot, meter) =
            (self.file.key.clone(), self.snapshot, self.file.meter.clone());
        let built = self.batches().map(|batch| async move {
            let batch = batch?;
            spawn_blocking(move || build(&batch)).await.map_err(Error::from)
        });
        let records = built.buffered(parallelism() + 1).map(move |built: Result<_>| {
            let records: Vec<S> =
                built?.map_err(|error| unfit(&error).into_error(&key, snapshot))?;
            meter.records(records.len() as u64);
            Ok(records)
        });
        records.try_filter(|records| futures::future::ready(!records.is_empty())).boxed()
    }

    /// All records that are wanted, at once.
    pub(crate) fn all<S: Record>(self) -> BoxStream<'static, Result<Vec<S>>> {
        stream::once(self.collect()).boxed()
    }

    async fn collect<S: Record>(self) -> Result<Vec<S>> {
        let (key, snapshot, meter) =
            (self.file.key.clone(), self.snapshot, self.file.meter.clone());
        let mut records = Vec::new();
        make_room(&mut records, self.steps.iter().map(Step::passing).sum());
        let mut opened = self.opened();
        let mut next = opened.next().await;
        while let Some(batches) = next {
            let batches = batches?;
            let rows = batches.rows();
            // The next row group is read meanwhile.
            let (gathered, following) =
                join(gather(batches, rows, records, meter.clone()), opened.next()).await;
            let gathered = gathered?;
            if let Some(failure) = gathered.failure {
                let failure = match failure {
                    // Which row of the file it is, is not known.
                    Failure::Decode(error) if error.line > 0 => unfit(&error),
                    failure => failure,
                };
                return Err(failure.into_error(&key, snapshot));
            }
            (records, next) = (gathered.records, following);
        }
        meter.file();
        Ok(records)
    }

    /// How many there are, row group by row group. Only what tells which records pass is decoded.
    pub(crate) fn counts(self) -> BoxStream<'static, Result<u64>> {
        let Self { store, file, snapshot, survey, steps, end } = self;
        let meter = file.meter.clone();
        let file = Arc::new(file);
        let counts = stream::iter(steps).map(move |step| {
            let (store, file) = (store.clone(), Arc::clone(&file));
            let (survey, end) = (Arc::clone(&survey), end.clone());
            async move {
                let (selected, _) = test_step(&store, &file, snapshot, &survey, step, end).await?;
                Ok(selected.map_or(0, |selected| selected.count()))
            }
        });
        let done = stream::once(async move {
            meter.file();
            Ok(0)
        });
        // One row group is read ahead.
        counts.buffered(2).chain(done).boxed()
    }

    /// What decodes the rows that are wanted, row group by row group; one of them is read ahead.
    fn opened(self) -> BoxStream<'static, Result<SelectedBatches>> {
        let Self { store, file, snapshot, survey, steps, end } = self;
        let file = Arc::new(file);
        let opened = stream::iter(steps).map(move |step| {
            let (store, file) = (store.clone(), Arc::clone(&file));
            let (survey, end) = (Arc::clone(&survey), end.clone());
            async move { open_step(&store, &file, snapshot, survey, step, end).await }
        });
        opened.buffered(2).try_filter_map(|opened| async { Ok(opened) }).boxed()
    }

    /// As arrays.
    pub(crate) fn batches(self) -> BoxStream<'static, Result<RecordBatch>> {
        let (key, snapshot, meter) =
            (self.file.key.clone(), self.snapshot, self.file.meter.clone());
        let batches = self.opened().map_ok(move |batches| {
            let key = key.clone();
            stream::try_unfold(Some(Box::new(batches)), move |batches| {
                let key = key.clone();
                async move {
                    let Some(mut batches) = batches else { return Ok(None) };
                    let decoded =
                        spawn_blocking(move || batches.next().map(|next| (next, batches)));
                    match decoded.await? {
                        Ok((Some(batch), batches)) => Ok(Some((batch, Some(batches)))),
                        Ok((None, _)) => Ok(None),
                        Err(source) => Err(undecodable(source).into_error(&key, snapshot)),
                    }
                }
            })
        });
        let done = stream::once(async move {
            meter.file();
            Ok(None)
        });
        batches.try_flatten().map_ok(Some).chain(done).try_filter_map(|it| async { Ok(it) }).boxed()
    }
}

impl Decode for SelectedBatches {
    fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        SelectedBatches::next(self).map_err(undecodable)
    }
}

/// A record that passed, and is none of the type that is wanted.
fn unfit(error: &DecodeError) -> Failure {
    undecodable(format!("a record that passed: {}", error.source).into())
}

/// Finds the rows of a step that pass, and reads what they are decoded from.
async fn open_step(
    store: &Store,
    file: &FileToRead,
    snapshot: SnapshotId,
    survey: Arc<Survey>,
    step: Step,
    end: Pieces,
) -> Result<Option<SelectedBatches>> {
    let (selected, asked) = test_step(store, file, snapshot, &survey, step, end).await?;
    let Some(selected) = selected else { return Ok(None) };
    let pieces = fetch(store, file, survey.bytes_to_open(&selected), &asked).await?;
    let opened = spawn_blocking(move || survey.open(selected, &pieces)).await?;
    opened.map(Some).map_err(|source| undecodable(source).into_error(&file.key, snapshot))
}

/// Finds the rows of a step that pass, if any does; and what was read for it.
async fn test_step(
    store: &Store,
    file: &FileToRead,
    snapshot: SnapshotId,
    survey: &Arc<Survey>,
    step: Step,
    end: Pieces,
) -> Result<(Option<Selected>, Pieces)> {
    let asked = match step.all {
        true => end,
        false => fetch(store, file, survey.bytes_to_test(&step), &end).await?,
    };
    let (tester, pieces) = (Arc::clone(survey), asked.clone());
    let tested = spawn_blocking(move || tester.test(step, &pieces)).await?;
    let selected = tested.map_err(|source| undecodable(source).into_error(&file.key, snapshot))?;
    Ok((selected, asked))
}

/// What is there, and these bytes.
async fn fetch(
    store: &Store,
    file: &FileToRead,
    wanted: Vec<Range<u64>>,
    there: &Pieces,
) -> Result<Pieces> {
    let missing = wanted.into_iter().filter(|it| there.at(it.clone()).is_none()).collect();
    let mut pieces = Vec::new();
    let mut kept: Vec<(u64, Bytes)> = there.all().to_vec();
    let ranges = coalesce(missing);
    if ranges.is_empty() {
        return Ok(there.clone());
    }
    // `get_ranges` would read up to a mebibyte between two ranges.
    let gets =
        ranges.iter().cloned().map(|range| store.get_range(&file.key, file.size_bytes, range));
    let got: Vec<Bytes> = stream::iter(gets).buffered(REQUESTS).try_collect().await?;
    for (range, bytes) in ranges.into_iter().zip(got) {
        file.meter.bytes(bytes.len() as u64);
        // What was there already, and lies in it, is not kept twice.
        kept.retain(|(begin, old)| {
            !(range.start <= *begin && begin + old.len() as u64 <= range.end)
        });
        pieces.push((range.start, bytes));
    }
    kept.extend(pieces);
    Ok(Pieces::new(kept))
}

/// The same ranges, fewer, in order.
fn coalesce(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| range.start);
    let mut fewer: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match fewer.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => {
                last.end = last.end.max(range.end);
            }
            _ => fewer.push(range),
        }
    }
    fewer
}
