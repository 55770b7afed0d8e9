use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeBinaryArray};
use arrow_schema::{ArrowError, DataType};
use uuid::Uuid;

use super::bytes::BytesReader;
use super::validity::Validity;
use super::{ColumnBuilder, ColumnError, ColumnOptions, ColumnReader, Columnar, Push, Read};

const WIDTH: i32 = 16;

impl Columnar for Uuid {
    type Builder = UuidBuilder;
    type Reader = UuidReader;

    const EXTENSION: Option<&'static str> = Some("arrow.uuid");

    fn data_type(_: &ColumnOptions) -> DataType {
        DataType::FixedSizeBinary(WIDTH)
    }
}

pub struct UuidBuilder {
    values: Vec<[u8; 16]>,
    validity: Validity,
}

impl ColumnBuilder for UuidBuilder {
    fn new(_: &ColumnOptions) -> Self {
        Self { values: Vec::new(), validity: Validity::default() }
    }

    #[inline]
    fn push_null(&mut self) -> usize {
        self.validity.push_null(self.values.len());
        self.values.push([0; 16]);
        size_of::<Uuid>()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let next = Vec::with_capacity(self.values.len());
        let values = std::mem::replace(&mut self.values, next).into_flattened();
        let array = FixedSizeBinaryArray::try_new(WIDTH, values.into(), self.validity.finish())?;
        Ok(Arc::new(array))
    }
}

impl Push<Uuid> for UuidBuilder {
    #[inline]
    fn push(&mut self, cell: &Uuid) -> Result<usize, ColumnError> {
        self.values.push(cell.into_bytes());
        self.validity.push_valid();
        Ok(size_of::<Uuid>())
    }
}

pub struct UuidReader(BytesReader);

impl ColumnReader for UuidReader {
    fn open(column: &ArrayRef) -> Result<Self, ColumnError> {
        match column.data_type() {
            DataType::FixedSizeBinary(width) if *width != WIDTH => {
                Err(ColumnError::mismatch("16 bytes", column.data_type()))
            }
            _ => BytesReader::open(column).map(Self),
        }
    }
}

impl Read<Uuid> for UuidReader {
    #[inline]
    fn read(&self, row: usize) -> Result<Uuid, ColumnError> {
        let bytes = self.0.bytes(row)?;
        Uuid::from_slice(bytes).map_err(|_| {
            ColumnError::new(format!("a UUID has 16 bytes, and this has {}", bytes.len()))
        })
    }
}
