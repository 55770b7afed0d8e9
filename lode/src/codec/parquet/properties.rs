//! What the columns of a record are written with.

use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};

use super::Settings;
use crate::codec::EncodeError;
use crate::error::BoxError;
use crate::record::{Record, RecordSchema};

/// The key, in a footer, of the fingerprint of the record's schema.
pub(super) const FINGERPRINT_KEY: &str = "lode.schema";

/// The key of the schema itself, as JSON.
pub(super) const SCHEMA_KEY: &str = "lode.schema.json";

/// Bounds of texts are cut to this many bytes.
const BOUND_BYTES: usize = 64;

/// The most bytes of a dictionary: a scan reads all of it, however few rows it wants.
const DICTIONARY_BYTES: usize = 128 << 10;

/// How often a Bloom filter says 'perhaps' of a value that is not there.
const FALSE_POSITIVES: f64 = 0.01;

pub(super) fn properties<T: Record>(
    settings: &Settings,
    schema: &SchemaDescriptor,
) -> Result<WriterProperties, EncodeError> {
    let record = RecordSchema::of::<T>();
    let json = serde_json::to_string(&record).map_err(|e| whole(e.into()))?;
    let mut builder = WriterProperties::builder()
        .set_created_by(format!("lode-rs {}", env!("CARGO_PKG_VERSION")))
        .set_compression(settings.compression.to_parquet())
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(settings.page_rows)
        // The limit is looked at once per so many rows.
        .set_write_batch_size(settings.page_rows.min(1024))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(BOUND_BYTES))
        .set_column_index_truncate_length(Some(BOUND_BYTES))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(FINGERPRINT_KEY.to_owned(), record.fingerprint()),
            KeyValue::new(SCHEMA_KEY.to_owned(), json),
        ]))
        .set_sorting_columns(sorting_columns(T::SORT, schema));
    for name in T::BLOOM {
        for column in leaves(schema, name) {
            builder = builder
                .set_column_bloom_filter_enabled(column.clone(), true)
                .set_column_bloom_filter_fpp(column.clone(), FALSE_POSITIVES)
                .set_column_bloom_filter_max_ndv(column, settings.row_group_rows as u64);
        }
    }
    for (name, &enabled) in &settings.dictionary {
        let columns = leaves(schema, name);
        if columns.is_empty() {
            let source = "the record has no such column to set the dictionary of".into();
            return Err(EncodeError { field: name.clone(), source });
        }
        for column in columns {
            builder = builder.set_column_dictionary_enabled(column, enabled);
        }
    }
    Ok(builder.build())
}

/// The order of the rows in each row group.
fn sorting_columns(sort: &[&str], schema: &SchemaDescriptor) -> Option<Vec<SortingColumn>> {
    let place = |name: &&str| {
        let at = schema
            .columns()
            .iter()
            .position(|column| column.path().parts() == [name.to_string()])?;
        let column_idx = i32::try_from(at).ok()?;
        Some(SortingColumn { column_idx, descending: false, nulls_first: true })
    };
    let columns: Vec<_> = sort.iter().map_while(place).collect();
    (!columns.is_empty()).then_some(columns)
}

/// The columns at this path, or below it.
fn leaves(schema: &SchemaDescriptor, name: &str) -> Vec<ColumnPath> {
    let below = |path: &str| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let columns = schema.columns().iter().map(|column| column.path());
    columns.filter(|path| below(&path.string())).cloned().collect()
}

pub(super) fn whole(source: BoxError) -> EncodeError {
    EncodeError { field: String::new(), source }
}
