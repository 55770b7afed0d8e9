//! Predicates on arrays.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, RecordBatch, StringArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Fields, TimeUnit};

use super::super::footer::Footer;
use crate::error::BoxError;
use crate::predicate::{Cell, ColumnPath, Expr, Row};
use crate::record::{FieldSchema, Scalar, Type};

/// A predicate on the columns of one file.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(super) expr: Arc<Expr>,
    pub(super) columns: Vec<FilterColumn>,
}

/// A column of a predicate, as a file has it.
#[derive(Debug)]
pub(super) struct FilterColumn {
    pub(super) column: ColumnPath,
    /// `None` if the file has none, so that all values are null.
    pub(super) found: Option<FoundColumn>,
}

#[derive(Debug)]
pub(super) struct FoundColumn {
    /// The names in the file, from the root to the column.
    names: Vec<String>,
    pub(super) ty: DataType,
    /// The leaves of the file below it.
    pub(super) leaves: Vec<usize>,
    pub(super) kind: Kind,
}

/// What the values of a column are to a predicate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Bool,
    Int,
    Float,
    Text,
    Enum(&'static FieldSchema),
    Bytes,
    Date,
    Time,
    Uuid,
    /// Only whether it is null counts.
    Other,
}

impl Filter {
    /// `None` if the predicate is about something that only whole records tell: a default of a
    /// field that the file has not, or values that are widened.
    pub(crate) fn resolve(expr: &Arc<Expr>, footer: &Footer) -> Option<Self> {
        let mut wanted: Vec<&ColumnPath> = Vec::new();
        expr.columns(&mut |column| {
            if !wanted.contains(&column) {
                wanted.push(column);
            }
        });
        let columns = wanted.into_iter().map(|column| resolve(column, footer));
        Some(Self { expr: Arc::clone(expr), columns: columns.collect::<Option<_>>()? })
    }

    /// For each leaf of the file whether it is needed.
    pub(in super::super) fn leaves(&self, all: usize) -> Vec<bool> {
        let mut leaves = vec![false; all];
        let found = self.columns.iter().filter_map(|column| column.found.as_ref());
        for leaf in found.flat_map(|found| &found.leaves) {
            if let Some(leaf) = leaves.get_mut(*leaf) {
                *leaf = true;
            }
        }
        // Rows are to be counted even if there is no column to look at.
        if !leaves.contains(&true)
            && let Some(first) = leaves.first_mut()
        {
            *first = true;
        }
        leaves
    }

    /// For each row of the batch whether it passes.
    pub(super) fn test(&self, batch: &RecordBatch) -> Result<Vec<bool>, BoxError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for FilterColumn { column, found } in &self.columns {
            let cells = match found {
                Some(found) => Cells::open(found, batch)?,
                None => Cells { nulls: None, values: Values::Null },
            };
            columns.push((column, cells));
        }
        let test = |row| self.expr.eval(&At { columns: &columns, row }) == Some(true);
        Ok((0..batch.num_rows()).map(test).collect())
    }
}

fn resolve(column: &ColumnPath, footer: &Footer) -> Option<FilterColumn> {
    let none = Fields::empty();
    let (mut fields, mut names) = (&footer.fields, Vec::new());
    let mut ty = None;
    for level in &column.levels {
        let Some(field) = find(fields, level)? else {
            let is_null = level.nullable && !level.has_default;
            return is_null.then(|| FilterColumn { column: column.clone(), found: None });
        };
        names.push(field.name().clone());
        fields = match field.data_type() {
            DataType::Struct(fields) => fields,
            _ => &none,
        };
        ty = Some(field.data_type().clone());
    }
    let (ty, leaf) = (ty?, column.leaf()?);
    let kind = kind(leaf, &ty)?;
    let schema = footer.metadata.file_metadata().schema_descr();
    let is_below = |leaf: &usize| schema.column(*leaf).path().parts().starts_with(&names);
    let leaves: Vec<usize> = (0..schema.num_columns()).filter(is_below).collect();
    let found = FoundColumn { names, ty, leaves, kind };
    Some(FilterColumn { column: column.clone(), found: Some(found) })
}

/// The field that is read as `wanted`: `Some(None)` if there is none, `None` if there are several.
fn find<'a>(
    fields: &'a Fields,
    wanted: &FieldSchema,
) -> Option<Option<&'a arrow_schema::FieldRef>> {
    let names = std::iter::once(&wanted.name).chain(wanted.aliases);
    for name in names {
        let mut found = fields.iter().filter(|field| field.name() == name);
        match (found.next(), found.next()) {
            (None, _) => {}
            (Some(field), None) => return Some(Some(field)),
            (Some(_), Some(_)) => return None,
        }
    }
    Some(None)
}

fn kind(field: &'static FieldSchema, found: &DataType) -> Option<Kind> {
    let scalar = match field.ty {
        Type::Enum(_) => return (*found == DataType::Utf8).then_some(Kind::Enum(field)),
        Type::Scalar(Scalar::Json) => return Some(Kind::Other),
        Type::Scalar(scalar) => scalar,
        _ => return Some(Kind::Other),
    };
    Some(match (scalar, found) {
        (Scalar::Bool, DataType::Boolean) => Kind::Bool,
        (Scalar::Float32 | Scalar::Float64, DataType::Float32 | DataType::Float64) => Kind::Float,
        (Scalar::String, DataType::Utf8) => Kind::Text,
        (Scalar::Bytes, DataType::Binary) => Kind::Bytes,
        (Scalar::Date, DataType::Date32) => Kind::Date,
        (Scalar::Timestamp, DataType::Timestamp(..)) => Kind::Time,
        (Scalar::Uuid, DataType::FixedSizeBinary(16)) => Kind::Uuid,
        (
            Scalar::Int8
            | Scalar::Int16
            | Scalar::Int32
            | Scalar::Int64
            | Scalar::Uint8
            | Scalar::Uint16
            | Scalar::Uint32
            | Scalar::Uint64,
            found,
        ) if found.is_integer() => Kind::Int,
        _ => return None,
    })
}

/// One row of the columns of a predicate.
struct At<'a> {
    columns: &'a [(&'a ColumnPath, Cells)],
    row: usize,
}

impl Row for At<'_> {
    #[inline]
    fn cell(&self, column: &ColumnPath) -> Cell<'_> {
        match self.columns.iter().find(|(found, _)| found.path == column.path) {
            Some((_, cells)) => cells.cell(self.row),
            None => Cell::Null,
        }
    }
}

/// The values of a column.
struct Cells {
    nulls: Option<NullBuffer>,
    values: Values,
}

enum Values {
    Null,
    Bool(BooleanArray),
    Int(Vec<i128>),
    Float(Vec<f64>),
    Text(StringArray),
    Enum(StringArray, &'static FieldSchema),
    Bytes(BinaryArray),
    Date(Vec<i32>),
    /// In nanoseconds.
    Time(Vec<i128>),
    Uuid(FixedSizeBinaryArray),
    Other,
}

impl Cells {
    fn open(found: &FoundColumn, batch: &RecordBatch) -> Result<Self, BoxError> {
        let missing = || format!("column `{}` is not there", found.names.join("."));
        let mut names = found.names.iter();
        let root = names.next().and_then(|name| batch.column_by_name(name));
        let mut array = root.ok_or_else(missing)?;
        let mut nulls = array.logical_nulls();
        for name in names {
            let parent = array.as_struct_opt().ok_or_else(missing)?;
            array = parent.column_by_name(name).ok_or_else(missing)?;
            nulls = NullBuffer::union(nulls.as_ref(), array.logical_nulls().as_ref());
        }
        Ok(Self { nulls, values: values(array, found).ok_or_else(missing)? })
    }

    #[inline]
    fn cell(&self, row: usize) -> Cell<'_> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Cell::Null;
        }
        match &self.values {
            Values::Null => Cell::Null,
            Values::Bool(values) => Cell::Bool(values.value(row)),
            Values::Int(values) => values.get(row).map_or(Cell::Null, |it| Cell::Int(*it)),
            Values::Float(values) => values.get(row).map_or(Cell::Null, |it| Cell::Float(*it)),
            Values::Text(values) => Cell::Text(values.value(row)),
            Values::Enum(values, field) => Cell::Name(canonical(values.value(row), field)),
            Values::Bytes(values) => Cell::Bytes(values.value(row)),
            Values::Date(values) => values.get(row).map_or(Cell::Null, |it| Cell::Date(*it)),
            Values::Time(values) => values.get(row).map_or(Cell::Null, |it| Cell::Time(*it)),
            Values::Uuid(values) => values.value(row).try_into().map_or(Cell::Other, Cell::Uuid),
            Values::Other => Cell::Other,
        }
    }
}

/// The name that a variant is stored by, whichever of its names this is.
fn canonical<'a>(name: &'a str, field: &'static FieldSchema) -> &'a str {
    let Type::Enum(variants) = field.ty else { return name };
    let variant = variants.iter().find(|it| it.name == name || it.aliases.contains(&name));
    variant.map_or(name, |variant| variant.name)
}

fn values(array: &ArrayRef, found: &FoundColumn) -> Option<Values> {
    fn widened<P: ArrowPrimitiveType, V: From<P::Native>>(array: &ArrayRef) -> Option<Vec<V>> {
        let array = array.as_primitive_opt::<P>()?;
        Some(array.values().iter().map(|value| V::from(*value)).collect())
    }
    fn times<P: ArrowPrimitiveType<Native = i64>>(array: &ArrayRef, unit: i128) -> Option<Values> {
        let array = array.as_primitive_opt::<P>()?;
        Some(Values::Time(array.values().iter().map(|&at| i128::from(at) * unit).collect()))
    }
    Some(match found.kind {
        Kind::Other => Values::Other,
        Kind::Bool => Values::Bool(array.as_boolean_opt()?.clone()),
        Kind::Text => Values::Text(array.as_string_opt()?.clone()),
        Kind::Enum(field) => Values::Enum(array.as_string_opt()?.clone(), field),
        Kind::Bytes => Values::Bytes(array.as_binary_opt()?.clone()),
        Kind::Uuid => Values::Uuid(array.as_fixed_size_binary_opt()?.clone()),
        Kind::Date => Values::Date(widened::<Date32Type, i32>(array)?),
        Kind::Float => Values::Float(match array.data_type() {
            DataType::Float32 => widened::<Float32Type, f64>(array)?,
            _ => widened::<Float64Type, f64>(array)?,
        }),
        Kind::Int => Values::Int(match array.data_type() {
            DataType::Int8 => widened::<Int8Type, i128>(array)?,
            DataType::Int16 => widened::<Int16Type, i128>(array)?,
            DataType::Int32 => widened::<Int32Type, i128>(array)?,
            DataType::Int64 => widened::<Int64Type, i128>(array)?,
            DataType::UInt8 => widened::<UInt8Type, i128>(array)?,
            DataType::UInt16 => widened::<UInt16Type, i128>(array)?,
            DataType::UInt32 => widened::<UInt32Type, i128>(array)?,
            _ => widened::<UInt64Type, i128>(array)?,
        }),
        Kind::Time => match array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => {
                times::<TimestampSecondType>(array, 1_000_000_000)?
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                times::<TimestampMillisecondType>(array, 1_000_000)?
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                times::<TimestampMicrosecondType>(array, 1000)?
            }
            _ => times::<TimestampNanosecondType>(array, 1)?,
        },
    })
}
