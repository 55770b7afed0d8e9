//! Writing records that come as batches of arrow.

use std::ops::Range;

use arrow_array::RecordBatch;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use super::Dataset;
use super::source::IntoRecords;
use super::stream::{RecordContent, StreamWrite};
use crate::codec::StreamingCodec;
use crate::error::{BoxError, Result};
use crate::layout::Layout;
use crate::metadata::IntoMetadata;
use crate::record::Record;
use crate::record::columnar::BatchReader;

/// How many records of a batch are held at once.
const ROWS: usize = 1024;

impl<T, C, L> Dataset<T, C, L> {
    /// Writes a snapshot that is exactly the rows of `source`: an iterator or a stream, of batches of
    /// arrow or of results of them. They are written as records are, so by any codec and in any
    /// layout; memory stays bounded by the batches and as for
    /// [`stream_write_records`](Self::stream_write_records).
    ///
    /// The columns of every batch are found by the names of the record's fields, else by their
    /// aliases, in any order. A column may be of a narrower type than its field (an `int8` for an
    /// `i64`, a `float32` for an `f64`), a time of any unit; texts and lists may be of any form that
    /// arrow has, and have a dictionary. A column that is missing takes the field's default, or is
    /// null for an `Option`. Columns that the record has not are left out.
    /// [`arrow::schema_of`](crate::arrow::schema_of) makes the schema of a record.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// use lode::arrow::array::{Int64Array, RecordBatch, StringArray};
    /// # use lode::{Dataset, Record, Store, metadata};
    /// # #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Record)]
    /// # struct Airport { code: String, flights: Option<i64> }
    /// let batch = RecordBatch::try_from_iter([
    ///     ("flights", Arc::new(Int64Array::from(vec![Some(111_279), None])) as _),
    ///     ("code", Arc::new(StringArray::from(vec!["JFK", "LEX"])) as _),
    /// ])?;
    /// let airports = Dataset::<Airport>::new(&Store::memory(), "airports")?;
    /// let snapshot = airports.write_record_batches([batch], metadata! {}).await?;
    /// let expected = Airport { code: "LEX".into(), flights: None };
    /// assert_eq!(airports.read(&snapshot).await?[1], expected);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As for [`stream_write_records`](Self::stream_write_records).
    /// [`Error::Input`](crate::Error::Input) if the columns of a batch do not fit the record, or a
    /// row is not one: it names the batch (from 0), and the column with both types, or the row in
    /// the batch and the field.
    pub fn write_record_batches<'a, S, Kind>(
        &'a self,
        source: S,
        metadata: impl IntoMetadata,
    ) -> StreamWrite<'a, T, L>
    where
        T: RecordContent,
        C: StreamingCodec<T>,
        L: Layout<T>,
        S: IntoRecords<'a, RecordBatch, Kind>,
    {
        self.stream_write_records(records(source.into_records()), metadata)
    }
}

fn records<'a, T: Record>(
    batches: BoxStream<'a, Result<RecordBatch, BoxError>>,
) -> BoxStream<'a, Result<T, BoxError>> {
    let records = batches.enumerate().map(|(index, batch)| {
        let reader = batch.and_then(|batch| {
            let reader = BatchReader::<T>::open(&batch);
            let reader = reader.map_err(|error| format!("batch {index}: {error}"))?;
            let ready = Vec::new().into_iter();
            Ok(Rows { reader, rows: 0..batch.num_rows(), index, ready, failed: None })
        });
        reader.map(stream::iter)
    });
    records.try_flatten().boxed()
}

/// The rows of a batch as records.
struct Rows<T: Record> {
    reader: BatchReader<T>,
    /// Those that are not read yet.
    rows: Range<usize>,
    index: usize,
    ready: std::vec::IntoIter<T>,
    /// What comes after those.
    failed: Option<BoxError>,
}

impl<T: Record> Iterator for Rows<T> {
    type Item = Result<T, BoxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.as_slice().is_empty() && self.failed.is_none() {
            let end = self.rows.end.min(self.rows.start + ROWS);
            let mut records = Vec::new();
            let read = self.reader.read(self.rows.start..end, &mut records);
            self.rows.start = end;
            if let Err(error) = read {
                self.rows.start = self.rows.end;
                let text = format!("batch {}, {error}: {}", self.index, error.source);
                self.failed = Some(text.into());
            }
            self.ready = records.into_iter();
        }
        let record = self.ready.next().map(Ok);
        record.or_else(|| self.failed.take().map(Err))
    }
}
