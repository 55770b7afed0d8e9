use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType, TimeUnit as ArrowUnit};
use chrono::{DateTime, Utc};

use super::number::cell;
use super::validity::Validity;
use super::{
    ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read, TimeUnit, plain,
};

const ZONE: &str = "UTC";
const NANOSECONDS: u32 = 1_000_000_000;

fn data_type(options: &ColumnOptions) -> DataType {
    let unit = match options.unit {
        TimeUnit::Nanosecond => ArrowUnit::Nanosecond,
        TimeUnit::Microsecond => ArrowUnit::Microsecond,
    };
    DataType::Timestamp(unit, Some(ZONE.into()))
}

/// Gathers times in UTC.
pub struct TimestampBuilder {
    unit: TimeUnit,
    values: Vec<i64>,
    validity: Validity,
}

impl TimestampBuilder {
    /// Adds a time, if the unit holds it exactly; `nanoseconds` are those after the second.
    #[inline]
    fn push_time(
        &mut self,
        seconds: i64,
        nanoseconds: u32,
        text: impl FnOnce() -> String,
    ) -> Result<usize, ColumnError> {
        let Some(value) = self.count(seconds, nanoseconds) else {
            return Err(inexact(self.unit, &text()));
        };
        self.values.push(value);
        self.validity.push_valid();
        Ok(size_of::<i64>())
    }

    #[inline]
    fn count(&self, seconds: i64, nanoseconds: u32) -> Option<i64> {
        // A leap second has no number of its own.
        if nanoseconds >= NANOSECONDS {
            return None;
        }
        let (per_second, rest) = match self.unit {
            TimeUnit::Nanosecond => (i64::from(NANOSECONDS), nanoseconds),
            TimeUnit::Microsecond if nanoseconds.is_multiple_of(1000) => {
                (1_000_000, nanoseconds / 1000)
            }
            TimeUnit::Microsecond => return None,
        };
        if let Some(value) =
            seconds.checked_mul(per_second).and_then(|value| value.checked_add(i64::from(rest)))
        {
            return Some(value);
        }
        // The first second of the range begins before it.
        let value = i128::from(seconds) * i128::from(per_second) + i128::from(rest);
        i64::try_from(value).ok()
    }
}

#[cold]
fn inexact(unit: TimeUnit, text: &str) -> ColumnError {
    ColumnError::new(match unit {
        TimeUnit::Nanosecond => format!(
            "{text} cannot be held as a 64-bit count of nanoseconds: \
             see `Parquet::timestamps` for microseconds"
        ),
        TimeUnit::Microsecond => format!(
            "{text} cannot be held exactly as a 64-bit count of microseconds: \
             see `Parquet::timestamps` for nanoseconds"
        ),
    })
}

impl ColumnBuilder for TimestampBuilder {
    fn new(options: &ColumnOptions) -> Self {
        Self { unit: options.unit, values: Vec::new(), validity: Validity::default() }
    }

    #[inline]
    fn push_null(&mut self) -> usize {
        self.validity.push_null(self.values.len());
        self.values.push(0);
        size_of::<i64>()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let next = Vec::with_capacity(self.values.len());
        let values = ScalarBuffer::from(std::mem::replace(&mut self.values, next));
        let nulls = self.validity.finish();
        Ok(match self.unit {
            TimeUnit::Nanosecond => Arc::new(
                PrimitiveArray::<TimestampNanosecondType>::try_new(values, nulls)?
                    .with_timezone(ZONE),
            ),
            TimeUnit::Microsecond => Arc::new(
                PrimitiveArray::<TimestampMicrosecondType>::try_new(values, nulls)?
                    .with_timezone(ZONE),
            ),
        })
    }
}

/// Reads times, whatever they are counted in.
pub struct TimestampReader {
    values: ScalarBuffer<i64>,
    /// How many there are in a second.
    per_second: i64,
}

impl TimestampReader {
    /// The time in seconds, and nanoseconds after it.
    #[inline]
    fn time(&self, row: usize) -> Result<(i64, u32), ColumnError> {
        let value = cell(&self.values, row)?;
        // Divisions by constants are several times faster.
        let (seconds, rest) = match self.per_second {
            1_000_000_000 => (value.div_euclid(1_000_000_000), value.rem_euclid(1_000_000_000)),
            1_000_000 => (value.div_euclid(1_000_000), value.rem_euclid(1_000_000) * 1000),
            1000 => (value.div_euclid(1000), value.rem_euclid(1000) * 1_000_000),
            _ => (value, 0),
        };
        Ok((seconds, rest as u32))
    }
}

impl ColumnReader for TimestampReader {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        let column = plain(column)?;
        let DataType::Timestamp(unit, _) = column.data_type() else {
            return Err(ColumnError::mismatch("Timestamp", column.data_type()));
        };
        let (values, per_second) = match unit {
            ArrowUnit::Nanosecond => {
                (column.as_primitive::<TimestampNanosecondType>().values(), 1_000_000_000)
            }
            ArrowUnit::Microsecond => {
                (column.as_primitive::<TimestampMicrosecondType>().values(), 1_000_000)
            }
            ArrowUnit::Millisecond => {
                (column.as_primitive::<TimestampMillisecondType>().values(), 1000)
            }
            ArrowUnit::Second => (column.as_primitive::<TimestampSecondType>().values(), 1),
        };
        Ok(Self { values: values.clone(), per_second })
    }
}

#[cold]
fn out_of_range(seconds: i64) -> ColumnError {
    ColumnError::new(format!("a time {seconds} seconds from 1970 is out of range"))
}

impl Columnar for DateTime<Utc> {
    type Builder = TimestampBuilder;
    type Reader = TimestampReader;

    fn data_type(options: &ColumnOptions) -> DataType {
        data_type(options)
    }
}

impl Push<DateTime<Utc>> for TimestampBuilder {
    #[inline]
    fn push(&mut self, cell: &DateTime<Utc>) -> Result<usize, ColumnError> {
        self.push_time(cell.timestamp(), cell.timestamp_subsec_nanos(), || cell.to_rfc3339())
    }
}

impl Read<DateTime<Utc>> for TimestampReader {
    #[inline]
    fn read(&self, row: usize) -> Result<DateTime<Utc>, ColumnError> {
        let (seconds, nanoseconds) = self.time(row)?;
        DateTime::from_timestamp(seconds, nanoseconds).ok_or_else(|| out_of_range(seconds))
    }
}

#[cfg(feature = "jiff")]
mod of_jiff {
    use jiff::Timestamp;

    use super::*;

    impl Columnar for Timestamp {
        type Builder = TimestampBuilder;
        type Reader = TimestampReader;

        fn data_type(options: &ColumnOptions) -> DataType {
            data_type(options)
        }
    }

    impl Push<Timestamp> for TimestampBuilder {
        #[inline]
        fn push(&mut self, cell: &Timestamp) -> Result<usize, ColumnError> {
            // Before 1970 both parts are negative.
            let nanoseconds = cell.subsec_nanosecond();
            let (seconds, nanoseconds) = match u32::try_from(nanoseconds) {
                Ok(nanoseconds) => (cell.as_second(), nanoseconds),
                Err(_) => (cell.as_second() - 1, NANOSECONDS - nanoseconds.unsigned_abs()),
            };
            self.push_time(seconds, nanoseconds, || cell.to_string())
        }
    }

    impl Read<Timestamp> for TimestampReader {
        #[inline]
        fn read(&self, row: usize) -> Result<Timestamp, ColumnError> {
            let (seconds, nanoseconds) = self.time(row)?;
            Timestamp::new(seconds, nanoseconds.cast_signed()).map_err(|_| out_of_range(seconds))
        }
    }
}
