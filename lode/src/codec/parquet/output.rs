//! The file that row groups become.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, ArrowWriter, ArrowWriterOptions};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

use super::Settings;
use super::group::Column;
use super::properties::{properties, whole};
use crate::codec::EncodeError;
use crate::record::Record;

/// A Parquet file being written: bytes are taken out of it as they are ready.
pub(super) struct Output {
    file: SerializedFileWriter<Vec<u8>>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    groups: usize,
    /// How many bytes the pages of all row groups have, not compressed.
    pub(super) uncompressed: u64,
}

impl Output {
    pub(super) fn new<T: Record>(
        settings: &Settings,
        schema: &SchemaRef,
    ) -> Result<Self, EncodeError> {
        let failed = |error: ParquetError| whole(error.into());
        let columns = ArrowSchemaConverter::new().convert(schema).map_err(failed)?;
        let options = ArrowWriterOptions::new()
            .with_properties(properties::<T>(settings, &columns)?)
            .with_parquet_schema(columns);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options);
        let (file, factory) =
            writer.and_then(ArrowWriter::into_serialized_writer).map_err(failed)?;
        Ok(Self { file, factory, schema: Arc::clone(schema), groups: 0, uncompressed: 0 })
    }

    /// The columns of the next row group.
    pub(super) fn columns(&self) -> Result<Vec<Column>, ParquetError> {
        Column::all(&self.factory, self.groups, self.schema.fields(), self.file.schema_descr())
    }

    /// Adds a row group of these columns; the bytes that the file grows by.
    pub(super) fn append(&mut self, columns: Vec<Column>) -> Result<Vec<u8>, ParquetError> {
        let mut group = self.file.next_row_group()?;
        for chunk in columns.into_iter().flat_map(|column| column.chunks) {
            chunk.append_to_row_group(&mut group)?;
        }
        let group = group.close()?;
        self.uncompressed += u64::try_from(group.total_byte_size()).unwrap_or(0);
        self.groups += 1;
        self.file.flush()?;
        Ok(std::mem::take(self.file.inner_mut()))
    }

    /// The last bytes of the file: indexes and the footer.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, ParquetError> {
        self.file.finish()?;
        Ok(std::mem::take(self.file.inner_mut()))
    }
}
