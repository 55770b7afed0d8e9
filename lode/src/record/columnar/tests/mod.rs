//! Records → batch → records, whatever the records and the batch.

mod family;
#[cfg(all(feature = "jiff", feature = "uuid"))]
mod features;
mod hints;
mod lacking;
mod limits;
mod others;
mod roundtrip;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};

use super::{BatchBuilder, BatchReader, ColumnOptions, TimeUnit};
use crate::Record;
use crate::codec::EncodeError;

fn options(unit: TimeUnit) -> ColumnOptions {
    ColumnOptions { unit }
}

fn encode<T: Record>(records: &[T], unit: TimeUnit) -> Result<RecordBatch, EncodeError> {
    let mut builder = BatchBuilder::new(&options(unit));
    records.iter().try_for_each(|record| builder.push(record))?;
    builder.finish()
}

fn batch<T: Record>(records: &[T]) -> RecordBatch {
    encode(records, TimeUnit::Nanosecond).unwrap()
}

fn decode<T: Record>(batch: &RecordBatch) -> Vec<T> {
    try_decode(batch).unwrap()
}

/// The records, or where and why one is wrong.
fn try_decode<T: Record>(batch: &RecordBatch) -> Result<Vec<T>, String> {
    let reader = BatchReader::<T>::open(batch).map_err(|error| error.to_string())?;
    let mut records = Vec::new();
    let wrong = |error: super::RowError| format!("{error}: {}", error.source);
    reader.read(0..batch.num_rows(), &mut records).map_err(wrong)?;
    Ok(records)
}

/// What is wrong with a record that cannot be encoded, and where.
fn refused<T: Record>(record: &T, unit: TimeUnit) -> String {
    let error = encode(std::slice::from_ref(record), unit).unwrap_err();
    format!("{}: {}", error.field, error.source)
}

/// A batch of these columns, which may hold nulls.
fn columns(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let columns = columns.iter().map(|(name, column)| (*name, Arc::clone(column), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}
