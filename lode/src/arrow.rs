//! What of arrow is needed to give and take batches of records: those crates, as lode uses them
//! (feature `parquet`).

use crate::record::Record;
use crate::record::columnar::{ColumnOptions, TimeUnit, arrow_schema};

pub use arrow_array::{self as array, RecordBatch};
pub use arrow_schema::{self as schema, SchemaRef};

/// The columns that a record makes, with times in this unit: the schema of the batches that lode
/// writes to Parquet. Batches that are given to
/// [`write_record_batches`](crate::Dataset::write_record_batches) may differ from it, as it says.
///
/// ```
/// use lode::arrow::schema::DataType;
/// use lode::codec::TimeUnit;
///
/// #[derive(serde::Serialize, serde::Deserialize, lode::Record)]
/// struct Airport {
///     code: String,
///     flights: Option<i64>,
/// }
///
/// let schema = lode::arrow::schema_of::<Airport>(TimeUnit::Nanosecond);
/// assert_eq!(*schema.field(0).data_type(), DataType::Utf8);
/// assert!(schema.field(1).is_nullable());
/// ```
#[must_use]
pub fn schema_of<T: Record>(times: TimeUnit) -> SchemaRef {
    arrow_schema::<T>(&ColumnOptions { unit: times })
}
