use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Date64Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;
use chrono::{Datelike, NaiveDate};

use super::number::{NumberBuilder, cell};
use super::{ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read, plain};

const MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// What chrono numbers 1970-01-01 as.
const EPOCH: i32 = 719_163;

/// Reads days, counted from 1970-01-01.
pub struct DateReader(ScalarBuffer<i32>);

impl ColumnReader for DateReader {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let column = plain(column)?;
        if let Some(array) = column.as_primitive_opt::<Date32Type>() {
            return Ok(Self(array.values().clone()));
        }
        if let Some(array) = column.as_primitive_opt::<Date64Type>() {
            let day = |&time: &i64| i32::try_from(time.div_euclid(MILLISECONDS));
            // No calendar has the last day.
            let days = array.values().iter().map(|time| day(time).unwrap_or(i32::MAX));
            return Ok(Self(days.collect()));
        }
        Err(ColumnError::mismatch("Date32", column.data_type()))
    }
}

#[cold]
fn out_of_range(days: i32) -> ColumnError {
    ColumnError::new(format!("a date {days} days from 1970 is out of range"))
}

impl Columnar for NaiveDate {
    type Builder = NumberBuilder<Date32Type>;
    type Reader = DateReader;

    fn data_type(_: &ColumnOptions) -> DataType {
        DataType::Date32
    }
}

impl Push<NaiveDate> for NumberBuilder<Date32Type> {
    #[inline]
    fn push(&mut self, cell: &NaiveDate) -> Result<usize, ColumnError> {
        Ok(self.push_value(cell.num_days_from_ce() - EPOCH))
    }
}

impl Read<NaiveDate> for DateReader {
    #[inline]
    fn read(&self, row: usize) -> Result<NaiveDate, ColumnError> {
        let days = cell(&self.0, row)?;
        days.checked_add(EPOCH)
            .and_then(NaiveDate::from_num_days_from_ce_opt)
            .ok_or_else(|| out_of_range(days))
    }
}

#[cfg(feature = "jiff")]
mod of_jiff {
    use jiff::civil::Date;
    use jiff::{ToSpan, Unit};

    use super::*;

    const EPOCH: Date = jiff::civil::date(1970, 1, 1);

    impl Columnar for Date {
        type Builder = NumberBuilder<Date32Type>;
        type Reader = DateReader;

        fn data_type(_: &ColumnOptions) -> DataType {
            DataType::Date32
        }
    }

    impl Push<Date> for NumberBuilder<Date32Type> {
        fn push(&mut self, cell: &Date) -> Result<usize, ColumnError> {
            let days = EPOCH.until((Unit::Day, *cell)).map_err(ColumnError::new)?.get_days();
            Ok(self.push_value(days))
        }
    }

    impl Read<Date> for DateReader {
        fn read(&self, row: usize) -> Result<Date, ColumnError> {
            let days = cell(&self.0, row)?;
            let span = 0.days().try_days(days);
            span.and_then(|span| EPOCH.checked_add(span)).map_err(|_| out_of_range(days))
        }
    }
}
