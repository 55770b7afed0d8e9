use proptest::prelude::*;

use super::family::{Top, records};
use super::{BatchBuilder, BatchReader, TimeUnit, batch, decode, encode, options};
use crate::Record;
use crate::record::stats::Gauges;

/// What times are counted in, and records that this holds.
fn any_records() -> impl Strategy<Value = (TimeUnit, Vec<Top>)> {
    prop_oneof![Just(TimeUnit::Nanosecond), Just(TimeUnit::Microsecond)]
        .prop_flat_map(|unit| (Just(unit), records(unit)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_come_back_bit_for_bit((unit, records) in any_records()) {
        let batch = encode(&records, unit).unwrap();
        prop_assert_eq!(batch.num_rows(), records.len());
        prop_assert_eq!(decode::<Top>(&batch), records);
    }

    #[test]
    fn statistics_of_columns_are_those_of_the_records(
        (unit, records) in any_records(),
        at in 0_usize..5,
    ) {
        let mut of_records = Gauges::of::<Top>();
        records.iter().for_each(|record| of_records.add(record));
        let mut of_columns = Gauges::of_fields::<Top>();
        let batch = encode(&records, unit).unwrap();
        let at = at.min(records.len());
        for batch in [batch.slice(0, at), batch.slice(at, records.len() - at)] {
            for (gauges, column) in of_columns.iter_mut().zip(batch.columns()) {
                gauges.add_column(column);
            }
        }
        prop_assert_eq!(Gauges::joined(of_columns).stats(), of_records.stats());
    }

    #[test]
    fn a_slice_of_a_batch_is_a_slice_of_the_records(
        records in records(TimeUnit::Nanosecond),
        from in 0_usize..5,
        length in 0_usize..5,
    ) {
        let from = from.min(records.len());
        let length = length.min(records.len() - from);
        let slice = batch(&records).slice(from, length);
        prop_assert_eq!(decode::<Top>(&slice), &records[from..from + length]);
    }

    #[test]
    fn a_builder_makes_one_batch_after_the_other(
        one in records(TimeUnit::Nanosecond),
        other in records(TimeUnit::Nanosecond),
    ) {
        let mut builder = BatchBuilder::new(&options(TimeUnit::Nanosecond));
        for records in [&one, &other] {
            for (i, record) in records.iter().enumerate() {
                prop_assert_eq!(builder.rows(), i);
                builder.push(record).unwrap();
            }
            prop_assert_eq!(decode::<Top>(&builder.finish().unwrap()), &records[..]);
        }
        prop_assert_eq!(builder.rows(), 0);
        prop_assert_eq!(decode::<Top>(&builder.finish().unwrap()), vec![]);
    }

    #[test]
    fn batches_say_what_the_schema_says(records in records(TimeUnit::Microsecond)) {
        let batch = encode(&records, TimeUnit::Microsecond).unwrap();
        let schema = super::super::arrow_schema::<Top>(&options(TimeUnit::Microsecond));
        prop_assert_eq!(batch.schema(), schema);
        let names: Vec<_> = Top::SCHEMA.fields().iter().map(|field| field.name).collect();
        let schema = batch.schema();
        let found: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        prop_assert_eq!(found, names);
    }
}

#[test]
fn records_are_read_from_any_rows() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Record)]
    #[lode(crate = crate)]
    struct Row {
        id: u8,
    }
    let rows: Vec<_> = (0..4).map(|id| Row { id }).collect();
    let reader = BatchReader::<Row>::open(&batch(&rows)).unwrap();
    let mut found = Vec::new();
    reader.read(2..4, &mut found).unwrap();
    reader.read(0..1, &mut found).unwrap();
    assert_eq!(found, [Row { id: 2 }, Row { id: 3 }, Row { id: 0 }]);
    let error = reader.read(3..5, &mut found).unwrap_err();
    assert_eq!(error.source.to_string(), "there are only 4 rows");
}
