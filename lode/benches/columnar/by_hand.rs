//! What a user writes without lode: a builder for each column, and a loop.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::properties::WriterProperties;
use arrow_array::builder::{
    Float64Builder, Int32Builder, StringBuilder, TimestampNanosecondBuilder, UInt8Builder,
    UInt32Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, TimestampNanosecondType, UInt8Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use chrono::DateTime;

use crate::flight::Flight;

pub(crate) const BATCH: usize = 8192;

pub(crate) fn schema() -> Arc<Schema> {
    let time = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let fields = [
        ("year", DataType::Int32, false),
        ("month", DataType::UInt8, false),
        ("day", DataType::UInt8, false),
        ("dep_time", DataType::Int32, true),
        ("sched_dep_time", DataType::Int32, false),
        ("dep_delay", DataType::Int32, true),
        ("arr_time", DataType::Int32, true),
        ("sched_arr_time", DataType::Int32, false),
        ("arr_delay", DataType::Int32, true),
        ("carrier", DataType::Utf8, false),
        ("flight", DataType::UInt32, false),
        ("tailnum", DataType::Utf8, true),
        ("origin", DataType::Utf8, false),
        ("dest", DataType::Utf8, false),
        ("air_time", DataType::Float64, true),
        ("distance", DataType::Float64, false),
        ("hour", DataType::UInt8, false),
        ("minute", DataType::UInt8, false),
        ("time_hour", time, false),
    ];
    let fields = fields.map(|(name, ty, nullable)| Field::new(name, ty, nullable));
    Arc::new(Schema::new(fields.to_vec()))
}

/// The settings that lode has where none are said.
pub(crate) fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
        .set_max_row_group_row_count(Some(128 << 10))
        .set_data_page_row_count_limit(8 << 10)
        .build()
}

pub(crate) fn write(flights: &[Flight]) -> Vec<u8> {
    let schema = schema();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties())).unwrap();
    for flights in flights.chunks(BATCH) {
        writer.write(&batch(&schema, flights)).unwrap();
    }
    writer.into_inner().unwrap()
}

fn batch(schema: &Arc<Schema>, flights: &[Flight]) -> RecordBatch {
    let mut year = Int32Builder::with_capacity(BATCH);
    let mut month = UInt8Builder::with_capacity(BATCH);
    let mut day = UInt8Builder::with_capacity(BATCH);
    let mut dep_time = Int32Builder::with_capacity(BATCH);
    let mut sched_dep_time = Int32Builder::with_capacity(BATCH);
    let mut dep_delay = Int32Builder::with_capacity(BATCH);
    let mut arr_time = Int32Builder::with_capacity(BATCH);
    let mut sched_arr_time = Int32Builder::with_capacity(BATCH);
    let mut arr_delay = Int32Builder::with_capacity(BATCH);
    let mut carrier = StringBuilder::with_capacity(BATCH, BATCH * 2);
    let mut flight = UInt32Builder::with_capacity(BATCH);
    let mut tailnum = StringBuilder::with_capacity(BATCH, BATCH * 6);
    let mut origin = StringBuilder::with_capacity(BATCH, BATCH * 3);
    let mut dest = StringBuilder::with_capacity(BATCH, BATCH * 3);
    let mut air_time = Float64Builder::with_capacity(BATCH);
    let mut distance = Float64Builder::with_capacity(BATCH);
    let mut hour = UInt8Builder::with_capacity(BATCH);
    let mut minute = UInt8Builder::with_capacity(BATCH);
    let mut time_hour = TimestampNanosecondBuilder::with_capacity(BATCH).with_timezone("UTC");
    for it in flights {
        year.append_value(it.year);
        month.append_value(it.month);
        day.append_value(it.day);
        dep_time.append_option(it.dep_time);
        sched_dep_time.append_value(it.sched_dep_time);
        dep_delay.append_option(it.dep_delay);
        arr_time.append_option(it.arr_time);
        sched_arr_time.append_value(it.sched_arr_time);
        arr_delay.append_option(it.arr_delay);
        carrier.append_value(&it.carrier);
        flight.append_value(it.flight);
        tailnum.append_option(it.tailnum.as_deref());
        origin.append_value(&it.origin);
        dest.append_value(&it.dest);
        air_time.append_option(it.air_time);
        distance.append_value(it.distance);
        hour.append_value(it.hour);
        minute.append_value(it.minute);
        time_hour.append_value(it.time_hour.timestamp_nanos_opt().unwrap());
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(year.finish()),
        Arc::new(month.finish()),
        Arc::new(day.finish()),
        Arc::new(dep_time.finish()),
        Arc::new(sched_dep_time.finish()),
        Arc::new(dep_delay.finish()),
        Arc::new(arr_time.finish()),
        Arc::new(sched_arr_time.finish()),
        Arc::new(arr_delay.finish()),
        Arc::new(carrier.finish()),
        Arc::new(flight.finish()),
        Arc::new(tailnum.finish()),
        Arc::new(origin.finish()),
        Arc::new(dest.finish()),
        Arc::new(air_time.finish()),
        Arc::new(distance.finish()),
        Arc::new(hour.finish()),
        Arc::new(minute.finish()),
        Arc::new(time_hour.finish()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

pub(crate) fn read(file: &Bytes) -> Vec<Flight> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let reader = builder.with_batch_size(BATCH).build().unwrap();
    let mut flights = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let int = |name: &str| column(name).as_primitive::<Int32Type>();
        let byte = |name: &str| column(name).as_primitive::<UInt8Type>();
        let float = |name: &str| column(name).as_primitive::<Float64Type>();
        let text = |name: &str| column(name).as_string::<i32>();
        let (year, month, day) = (int("year"), byte("month"), byte("day"));
        let (dep_time, sched_dep_time) = (int("dep_time"), int("sched_dep_time"));
        let (dep_delay, arr_time) = (int("dep_delay"), int("arr_time"));
        let (sched_arr_time, arr_delay) = (int("sched_arr_time"), int("arr_delay"));
        let (carrier, tailnum) = (text("carrier"), text("tailnum"));
        let flight = column("flight").as_primitive::<UInt32Type>();
        let (origin, dest) = (text("origin"), text("dest"));
        let (air_time, distance) = (float("air_time"), float("distance"));
        let (hour, minute) = (byte("hour"), byte("minute"));
        let time_hour = column("time_hour").as_primitive::<TimestampNanosecondType>();
        flights.reserve(batch.num_rows());
        for row in 0..batch.num_rows() {
            flights.push(Flight {
                year: year.value(row),
                month: month.value(row),
                day: day.value(row),
                dep_time: dep_time.is_valid(row).then(|| dep_time.value(row)),
                sched_dep_time: sched_dep_time.value(row),
                dep_delay: dep_delay.is_valid(row).then(|| dep_delay.value(row)),
                arr_time: arr_time.is_valid(row).then(|| arr_time.value(row)),
                sched_arr_time: sched_arr_time.value(row),
                arr_delay: arr_delay.is_valid(row).then(|| arr_delay.value(row)),
                carrier: carrier.value(row).to_owned(),
                flight: flight.value(row),
                tailnum: tailnum.is_valid(row).then(|| tailnum.value(row).to_owned()),
                origin: origin.value(row).to_owned(),
                dest: dest.value(row).to_owned(),
                air_time: air_time.is_valid(row).then(|| air_time.value(row)),
                distance: distance.value(row),
                hour: hour.value(row),
                minute: minute.value(row),
                time_hour: DateTime::from_timestamp_nanos(time_hour.value(row)),
            });
        }
    }
    flights
}
