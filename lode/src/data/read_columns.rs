//! Reading a Parquet file as records: row groups into arrays, arrays into records in parallel, in
//! order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::codec::DecodeError;
use crate::codec::parquet::{Batches, Footer, FooterError, Projection, Rows};
use crate::data::failure::Failure;
use crate::data::parallelism;
use crate::data::row_groups::{Cutter, Opened, RowGroup};
use crate::data::scan_columns::{ColumnsOf, columns_of_records};
use crate::data::source::{FileToRead, Receiving};
use crate::error::{BoxError, Error, Result};
use crate::id::SnapshotId;
use crate::limits::{Limits, setting};
use crate::record::Record;
use crate::store::Store;

/// A Parquet file of a snapshot.
pub(crate) struct Columns {
    pub(crate) file: FileToRead,
    pub(crate) snapshot: SnapshotId,
    /// How many records it has, if the manifest says so.
    pub(crate) rows: Option<u64>,
}

/// What is made of a batch: records, if not of all its rows.
pub(crate) type Make<T> = Arc<dyn Fn(&RecordBatch) -> Result<Vec<T>, DecodeError> + Send + Sync>;

/// The file's records, some thousand at a time, in order.
///
/// As of [`records`](super::records), the checksum is known at the end only.
pub(crate) fn columns<T: Record>(
    store: &Store,
    columns: Columns,
) -> BoxStream<'static, Result<Vec<T>>> {
    made_of_columns(store, columns, columns_of_records::<T>, Arc::new(build))
}

/// As [`columns`], whatever is made of these columns.
pub(crate) fn made_of_columns<T: Send + 'static>(
    store: &Store,
    columns: Columns,
    wanted: ColumnsOf,
    make: Make<T>,
) -> BoxStream<'static, Result<Vec<T>>> {
    let store = store.clone();
    let batches = async move {
        let (key, meter) = (columns.file.key.clone(), columns.file.meter.clone());
        let snapshot = columns.snapshot;
        let reading = match ColumnFile::open(&store, columns, wanted).await {
            Err(failure) => return stream::iter([Err(failure.into_error(&key, snapshot))]).boxed(),
            Ok(file) => Reading::new(file, make),
        };
        let next = move |reading: Option<Reading<T>>| {
            let (key, meter) = (key.clone(), meter.clone());
            async move {
                let mut reading = reading?;
                let item = match reading.next().await? {
                    Ok(records) => {
                        meter.records(records.len() as u64);
                        Ok(records)
                    }
                    Err(failure) => Err(failure.into_error(&key, snapshot)),
                };
                let rest = item.is_ok().then_some(reading);
                Some((item, rest))
            }
        };
        stream::unfold(Some(reading), next).boxed()
    };
    stream::once(batches).flatten().boxed()
}

impl Failure {
    pub(super) fn into_error(self, key: &str, snapshot: SnapshotId) -> Error {
        let DecodeError { line, column, source } = match self {
            Self::Store(error) => return error,
            Self::Decode(error) => error,
        };
        match source.downcast_ref() {
            Some(&FooterError::TooLarge { what, limit, setting }) => {
                Error::too_large(key, what, limit, setting)
            }
            _ => Error::Decode { snapshot, path: key.to_owned(), line, column, source },
        }
    }
}

/// A file whose footer was read.
pub(super) struct ColumnFile {
    pub(super) footer: Arc<Footer>,
    pub(super) columns: Arc<Projection>,
    pub(super) limits: Limits,
    pub(super) cutter: Box<Cutter>,
    pub(super) receiving: Option<Receiving>,
}

/// A file that is being read.
///
/// ```text
/// cutting ─► groups ─► decoding ─► building, building, … ─► records
/// ```
struct Reading<T> {
    make: Make<T>,
    footer: Arc<Footer>,
    columns: Arc<Projection>,
    limits: Limits,
    /// What cuts the next row group, unless it is at work.
    cutter: Option<Box<Cutter>>,
    cutting: Option<JoinHandle<Cut>>,
    /// Read, not yet decoded.
    group: Option<RowGroup>,
    /// The row group being decoded, unless a job has it.
    batches: Option<Box<Batches>>,
    decoding: Option<JoinHandle<Decoded<T>>>,
    building: VecDeque<Building<T>>,
    /// Why nothing more is decoded.
    failure: Option<Failure>,
    /// How many rows were decoded, …
    decoded: u64,
    /// … and made into what is returned.
    returned: u64,
    _receiving: Option<Receiving>,
}

/// A row group, unless there was none left, and what cuts the next one.
type Cut = (Result<Option<RowGroup>>, Box<Cutter>);

/// The job that makes a batch into records, and the number of its rows.
type Building<T> = (JoinHandle<Result<Vec<T>, DecodeError>>, u64);

/// The batches that one job has decoded, and what decodes the next ones: nothing at the end of a row
/// group.
type Decoded<T> = (Vec<Building<T>>, Result<Option<Box<Batches>>, BoxError>);

/// A job decodes this many batches: each is some thousand rows, of some milliseconds.
const AHEAD: usize = 4;

impl ColumnFile {
    /// Reads the footer, and checks that the file has what is wanted of it.
    pub(super) async fn open(
        store: &Store,
        columns: Columns,
        wanted: ColumnsOf,
    ) -> Result<Self, Failure> {
        let Columns { file, rows, .. } = columns;
        let (key, limits) = (file.key.clone(), file.limits.clone());
        let (cutter, receiving) = match Cutter::open(store, file).await? {
            Opened::File(cutter, receiving) => (cutter, receiving),
            Opened::Invalid(reason) => return Err(undecodable(reason.into())),
        };
        let footer = Arc::clone(&cutter.footer);
        if let Some(rows) = rows.filter(|&rows| rows != footer.rows()) {
            let reason = format!("it holds {} records, not {rows}", footer.rows());
            return Err(Error::corrupt(key, reason).into());
        }
        if let Some(limit) = limits.max_decoded_bytes.filter(|&most| footer.uncompressed() > most) {
            let what = "the decompressed file";
            return Err(Error::too_large(key, what, limit, setting::DECODED).into());
        }
        let columns = match wanted(&footer, None) {
            Ok(columns) => Arc::new(columns),
            Err(reason) => return Err(undecodable(reason.into())),
        };
        Ok(Self { footer, columns, limits, cutter, receiving })
    }
}

impl<T: Send + 'static> Reading<T> {
    fn new(file: ColumnFile, make: Make<T>) -> Self {
        let ColumnFile { footer, columns, limits, cutter, receiving } = file;
        Self {
            make,
            footer,
            columns,
            limits,
            cutter: Some(cutter),
            cutting: None,
            group: None,
            batches: None,
            decoding: None,
            building: VecDeque::new(),
            failure: None,
            decoded: 0,
            returned: 0,
            _receiving: receiving,
        }
    }

    async fn next(&mut self) -> Option<Result<Vec<T>, Failure>> {
        loop {
            let built = match poll_fn(|cx| self.poll(cx)).await {
                Some(built) => built,
                None => return self.verdict().await.map(Err),
            };
            match built {
                Ok(records) if records.is_empty() => {}
                Ok(records) => return Some(Ok(records)),
                Err(Failure::Decode(error)) => {
                    let line = self.returned.saturating_add(error.line);
                    let failure = Failure::Decode(DecodeError { line, ..error });
                    self.failure = Some(failure.or_damage(self.failure.take()));
                    return self.verdict().await.map(Err);
                }
                Err(failure) => return Some(Err(failure)),
            }
        }
    }

    /// The next records, while the jobs are kept busy; `None` if there are none, or no more after a
    /// failure.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<T>, Failure>>> {
        loop {
            let has_cut = self.poll_cut(cx);
            let has_decoded = self.poll_decoded(cx);
            if let Some((building, rows)) = self.building.front_mut() {
                let rows = *rows;
                if let Poll::Ready(built) = building.poll_unpin(cx) {
                    self.building.pop_front();
                    return Poll::Ready(Some(match built {
                        Ok(Ok(records)) => {
                            self.returned += rows;
                            Ok(records)
                        }
                        Ok(Err(error)) => Err(Failure::Decode(error)),
                        Err(lost) => Err(Failure::Store(lost.into())),
                    }));
                }
            } else if self.failure.is_some() || self.has_ended() {
                return Poll::Ready(None);
            }
            if !has_cut && !has_decoded {
                return Poll::Pending;
            }
        }
    }

    fn has_ended(&self) -> bool {
        let idle = self.cutting.is_none() && self.decoding.is_none() && self.group.is_none();
        idle && self.batches.is_none() && self.cutter.as_ref().is_none_or(|it| it.has_ended())
    }

    /// Reads one row group ahead.
    fn poll_cut(&mut self, cx: &mut Context<'_>) -> bool {
        if self.failure.is_some() || self.group.is_some() {
            return false;
        }
        let cut = if let Some(cutting) = &mut self.cutting {
            let Poll::Ready(cut) = cutting.poll_unpin(cx) else { return false };
            self.cutting = None;
            match cut {
                Ok((cut, cutter)) => {
                    self.cutter = Some(cutter);
                    cut
                }
                Err(lost) => Err(lost.into()),
            }
        } else {
            let Some(mut cutter) = self.cutter.take_if(|cutter| !cutter.has_ended()) else {
                return false;
            };
            if !cutter.is_in_memory() {
                self.cutting = Some(spawn_blocking(move || (cutter.cut(), cutter)));
                return true;
            }
            let cut = cutter.cut();
            self.cutter = Some(cutter);
            cut
        };
        match cut {
            Ok(group) => self.group = group,
            Err(error) => self.failure = Some(error.into()),
        }
        true
    }

    /// Decodes the next batch, if there is room for it.
    fn poll_decoded(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(decoding) = &mut self.decoding {
            let Poll::Ready(decoded) = decoding.poll_unpin(cx) else { return false };
            self.decoding = None;
            match decoded {
                Ok((building, rest)) => {
                    self.decoded += building.iter().map(|(_, rows)| rows).sum::<u64>();
                    self.building.extend(building);
                    match rest {
                        Ok(batches) => self.batches = batches,
                        Err(source) => {
                            let line = self.decoded.saturating_add(1);
                            let failure = Failure::Decode(DecodeError { line, column: 0, source });
                            self.failure = Some(failure.or_damage(self.failure.take()));
                        }
                    }
                }
                Err(lost) => {
                    let failure = Failure::Store(lost.into());
                    self.failure = Some(failure.or_damage(self.failure.take()));
                }
            }
            return true;
        }
        if self.failure.is_some() || self.building.len() > parallelism() {
            return false;
        }
        let (footer, columns) = (Arc::clone(&self.footer), Arc::clone(&self.columns));
        let (limits, make) = (self.limits.clone(), Arc::clone(&self.make));
        let job = match (self.batches.take(), &mut self.group) {
            (Some(batches), _) => spawn_blocking(move || decode(batches, &make)),
            (None, group) => {
                let Some(RowGroup { group, begin, bytes }) = group.take() else { return false };
                spawn_blocking(move || {
                    match Batches::open(&footer, &columns, group, begin, bytes, &limits) {
                        Ok(batches) => decode(Box::new(batches), &make),
                        Err(error) => (Vec::new(), Err(error)),
                    }
                })
            }
        };
        self.decoding = Some(job);
        true
    }

    /// What a failure means: damage, if the stored bytes are not what the manifest says. It is the same
    /// however much was read ahead.
    async fn verdict(&mut self) -> Option<Failure> {
        let failure = self.failure.take()?;
        if let Failure::Store(_) = failure {
            return Some(failure);
        }
        let (cut, cutter) = match self.cutting.take() {
            Some(cutting) => match cutting.await {
                Ok((cut, cutter)) => (cut.err(), Some(cutter)),
                Err(_) => (None, None),
            },
            None => (None, self.cutter.take()),
        };
        match (failure.or_damage(cut), cutter) {
            (failure @ Failure::Decode(_), Some(cutter)) => {
                let rest = spawn_blocking(move || cutter.verify_rest()).await;
                let damage = rest.ok().and_then(Result::err);
                Some(failure.or_damage(damage))
            }
            (failure, _) => Some(failure),
        }
    }
}

/// Something is wrong with the file, and no row of it is to blame.
pub(super) fn undecodable(source: BoxError) -> Failure {
    Failure::Decode(DecodeError { line: 0, column: 0, source })
}

/// Decodes some batches; each is made into records by a job of its own, from now on.
fn decode<T: Send + 'static>(mut batches: Box<Batches>, make: &Make<T>) -> Decoded<T> {
    let mut building = Vec::new();
    while building.len() < AHEAD {
        match batches.next() {
            Ok(Some(batch)) => {
                let (rows, make) = (batch.num_rows() as u64, Arc::clone(make));
                building.push((spawn_blocking(move || make(&batch)), rows));
            }
            Ok(None) => return (building, Ok(None)),
            Err(error) => return (building, Err(error)),
        }
    }
    (building, Ok(Some(batches)))
}

pub(crate) fn build<T: Record>(batch: &RecordBatch) -> Result<Vec<T>, DecodeError> {
    match Rows::open(batch) {
        Ok(rows) => rows.read(),
        Err(source) => Err(DecodeError { line: 1, column: 0, source }),
    }
}
