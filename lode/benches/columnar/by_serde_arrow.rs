//! The same files through serde and arrow, by the crate `serde_arrow`.

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_schema::FieldRef;
use bytes::Bytes;

use crate::by_hand::{BATCH, properties, schema};
use crate::flight::Flight;

pub(crate) fn write(flights: &[Flight]) -> Vec<u8> {
    let schema = schema();
    let fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties())).unwrap();
    for flights in flights.chunks(BATCH) {
        writer.write(&serde_arrow::to_record_batch(&fields, &flights).unwrap()).unwrap();
    }
    writer.into_inner().unwrap()
}

pub(crate) fn read(file: &Bytes) -> Vec<Flight> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let reader = builder.with_batch_size(BATCH).build().unwrap();
    let mut flights = Vec::new();
    for batch in reader {
        let mut part: Vec<Flight> = serde_arrow::from_record_batch(&batch.unwrap()).unwrap();
        flights.append(&mut part);
    }
    flights
}
