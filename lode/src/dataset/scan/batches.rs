//! Scans as arrow's batches.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use tokio::task::spawn_blocking;

use super::execute::FileScan;
use super::{Open, Purpose, Scan, Taken};
use crate::codec::EncodeError;
use crate::data::{Surveyed, columns_of};
use crate::dataset::read::one_by_one;
use crate::error::{BoxError, Error, Result};
use crate::record::Record;
use crate::record::columnar::{BatchBuilder, BatchReader, ColumnOptions, arrow_schema};

impl<T: Record, S: Record> Scan<'_, T, S> {
    /// The records as batches of arrow, in bounded memory, some thousand records at a time. All of
    /// them have the schema of [`lode::arrow::schema_of::<S>`](crate::arrow::schema_of), with times
    /// in nanoseconds, whichever codec the files have. Of Parquet, columns that are stored with the
    /// types of that schema are passed on as they are.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use futures::TryStreamExt;
    /// use lode::{Dataset, Record, Store, codec::Parquet, metadata};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize, Record)]
    /// struct Flight { origin: String, dep_delay: Option<i32> }
    ///
    /// # let flight = |origin: &str, dep_delay| Flight { origin: origin.into(), dep_delay };
    /// let flights = Dataset::<Flight>::new(&Store::memory(), "flights")?.codec(Parquet::new());
    /// let records = [flight("JFK", Some(75)), flight("LGA", None)];
    /// let snapshot = flights.write(&records, metadata! {}).await?;
    ///
    /// let late = flights.scan(&snapshot).filter(Flight::columns().dep_delay.gt(60));
    /// let batches: Vec<_> = late.record_batches().try_collect().await?;
    /// assert_eq!(batches[0].num_rows(), 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream); [`Error::Decode`] also for a time that nanoseconds do not hold.
    pub fn record_batches(self) -> BoxStream<'static, Result<RecordBatch>> {
        let open = self.open;
        let batches = match self.choose(Purpose::Records) {
            Ok(chosen) => {
                one_by_one(chosen.files, chosen.concurrency, move |file| batches(&file, open))
            }
            Err(e) => futures::stream::once(futures::future::err(e)).boxed(),
        };
        batches
            .map_ok(|batches| futures::stream::iter(batches.into_iter().map(Ok)))
            .try_flatten()
            .try_filter(|batch| futures::future::ready(batch.num_rows() > 0))
            .boxed()
    }
}

/// The batches of one file.
fn batches<T: Record, S: Record>(
    scan: &FileScan<T>,
    open: Open<T, S>,
) -> Result<BoxStream<'static, Result<Vec<RecordBatch>>>> {
    let FileScan { formats, manifest, file, filter } = scan;
    let schema = arrow_schema::<S>(&ColumnOptions::default());
    let records = open(scan, Taken::AsTheyCome)?;
    let (snapshot, path) = (manifest.snapshot_id, file.path.clone());
    let failed = move |source| {
        // Which record of the file it is, is not known.
        Error::Decode { snapshot, path: path.clone(), line: 0, column: 0, source }
    };
    let undecodable = failed.clone();
    let through_records = move || {
        let made = records.and_then(move |records| {
            let undecodable = undecodable.clone();
            async move { spawn_blocking(move || of_records(&records)).await?.map_err(undecodable) }
        });
        Ok(made.boxed())
    };
    if !formats.codec_of(manifest, file)?.is_parquet() {
        return Ok(through_records()?.map_ok(|batch| vec![batch]).boxed());
    }
    let filter = filter.clone();
    let found = formats.surveyed(
        manifest,
        file,
        filter,
        columns_of::<S>,
        Surveyed::batches,
        through_records,
    )?;
    let arranged = found.and_then(move |batch| {
        let (schema, failed) = (Arc::clone(&schema), failed.clone());
        async move {
            let arranged = spawn_blocking(move || arrange::<S>(&schema, batch)).await?;
            arranged.map(|batch| vec![batch]).map_err(failed)
        }
    });
    Ok(arranged.boxed())
}

/// A batch with exactly the columns of the schema.
fn arrange<S: Record>(schema: &SchemaRef, batch: RecordBatch) -> Result<RecordBatch, BoxError> {
    let column = |field: &arrow_schema::FieldRef| {
        let column = batch.column_by_name(field.name())?;
        let fits = column.data_type() == field.data_type()
            && (field.is_nullable() || column.null_count() == 0);
        fits.then(|| Arc::clone(column))
    };
    if let Some(columns) = schema.fields().iter().map(column).collect() {
        return Ok(RecordBatch::try_new(Arc::clone(schema), columns)?);
    }
    let mut records: Vec<S> = Vec::new();
    BatchReader::open(&batch)?.read(0..batch.num_rows(), &mut records)?;
    of_records(&records)
}

fn of_records<S: Record>(records: &[S]) -> Result<RecordBatch, BoxError> {
    let mut builder = BatchBuilder::<S>::new(&ColumnOptions::default());
    let failed = |EncodeError { field, source }| match field.is_empty() {
        true => source,
        false => format!("field `{field}`: {source}").into(),
    };
    for record in records {
        builder.push(record).map_err(failed)?;
    }
    builder.finish().map_err(failed)
}
