//! Sorting the rows of a row group whose records came in any order.

use std::cmp::Ordering;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;

use crate::error::BoxError;
use crate::record::Record;
use crate::record::columnar::BatchReader;

/// These rows in the order of [`Record::compare`]; equal ones keep theirs.
pub(super) fn sorted<T: Record>(batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, BoxError> {
    let Some(schema) = batches.first().map(RecordBatch::schema) else { return Ok(batches) };
    let mut records = Vec::new();
    for batch in &batches {
        BatchReader::<T>::open(batch)?.read(0..batch.num_rows(), &mut records)?;
    }
    if records.is_sorted_by(|a, b| a.compare(b) != Ordering::Greater) {
        return Ok(batches);
    }
    let mut order: Vec<u32> = (0..u32::try_from(records.len())?).collect();
    order.sort_by(|&a, &b| records[a as usize].compare(&records[b as usize]));
    drop(records);
    let all = concat_batches(&schema, &batches)?;
    drop(batches);
    Ok(vec![take_record_batch(&all, &UInt32Array::from(order))?])
}
