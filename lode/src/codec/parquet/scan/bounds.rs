//! What the statistics of row groups and pages say of a column. What does not fit is unknown.

use arrow_schema::{DataType, TimeUnit};
use parquet::basic::{ColumnOrder, Type as Physical};

use super::super::footer::Footer;
use super::filter::{FilterColumn, FoundColumn, Kind};
use super::index::PageStats;
use crate::predicate::{Bounds, Literal};
use crate::record::Type;

/// What is known of a column in a row group.
pub(super) fn group_bounds(footer: &Footer, group: usize, column: &FilterColumn) -> Bounds {
    let Some(found) = &column.found else { return Bounds::NULL };
    let Some(leaf) = bounded_leaf(footer, found) else { return Bounds::UNKNOWN };
    let rows = footer.rows_of(group) as u64;
    let group = footer.metadata.row_groups().get(group);
    let Some(statistics) =
        group.and_then(|group| group.columns().get(leaf)).and_then(|column| column.statistics())
    else {
        return Bounds { nans: found.kind == Kind::Float, ..Bounds::UNKNOWN };
    };
    let is_sound = !statistics.is_min_max_deprecated();
    let ends = match is_sound {
        true => (statistics.min_bytes_opt(), statistics.max_bytes_opt()),
        false => (None, None),
    };
    let counts = (rows, statistics.null_count_opt(), statistics.nan_count_opt());
    bounds(footer, found, leaf, ends, counts)
}

/// What is known of a column in a page.
pub(super) fn page_bounds(
    footer: &Footer,
    column: &FilterColumn,
    page: &PageStats<'_>,
    rows: u64,
) -> Bounds {
    let Some(found) = &column.found else { return Bounds::NULL };
    let Some(leaf) = bounded_leaf(footer, found) else { return Bounds::UNKNOWN };
    if page.is_null {
        return Bounds::NULL;
    }
    bounds(footer, found, leaf, (Some(page.min), Some(page.max)), (rows, page.nulls, None))
}

/// The leaf whose statistics are those of the column.
pub(super) fn bounded_leaf(footer: &Footer, found: &FoundColumn) -> Option<usize> {
    let schema = footer.metadata.file_metadata().schema_descr();
    match (found.kind, found.leaves.as_slice()) {
        (Kind::Other, _) => None,
        (_, [leaf]) if schema.column(*leaf).max_rep_level() == 0 => Some(*leaf),
        _ => None,
    }
}

fn bounds(
    footer: &Footer,
    found: &FoundColumn,
    leaf: usize,
    (min, max): (Option<&[u8]>, Option<&[u8]>),
    (rows, nulls, nans): (u64, Option<u64>, Option<u64>),
) -> Bounds {
    let file = footer.metadata.file_metadata();
    let physical = file.schema_descr().column(leaf).physical_type();
    let is_float = found.kind == Kind::Float;
    let mut bounds = Bounds {
        nulls: nulls != Some(0),
        nans: is_float && nans != Some(0),
        values: nulls.is_none_or(|nulls| nulls < rows),
        ..Bounds::UNKNOWN
    };
    let is_ordered = matches!(file.column_order(leaf), ColumnOrder::TYPE_DEFINED_ORDER(_));
    // Others may have compared with NaN.
    let is_own = file.created_by().is_some_and(|by| by.starts_with("lode-rs "));
    if is_ordered && (!is_float || is_own || nans.is_some()) {
        let literal = |bytes: Option<&[u8]>| literal(bytes?, physical, found);
        (bounds.min, bounds.max) = (literal(min), literal(max));
    }
    bounds
}

/// A value of a column, as it stands in statistics.
fn literal(bytes: &[u8], physical: Physical, found: &FoundColumn) -> Option<Literal> {
    let int = || match physical {
        Physical::INT32 => Some(i64::from(i32::from_le_bytes(bytes.try_into().ok()?))),
        Physical::INT64 => Some(i64::from_le_bytes(bytes.try_into().ok()?)),
        _ => None,
    };
    let text = || std::str::from_utf8(bytes).ok().map(str::to_owned);
    Some(match found.kind {
        Kind::Bool => Literal::Bool(*bytes.first()? != 0),
        Kind::Int if found.ty.is_unsigned_integer() => Literal::Int(match physical {
            Physical::INT32 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
            Physical::INT64 => u64::from_le_bytes(bytes.try_into().ok()?).into(),
            _ => return None,
        }),
        Kind::Int => Literal::Int(int()?.into()),
        Kind::Float => Literal::Float(match physical {
            Physical::FLOAT => f32::from_le_bytes(bytes.try_into().ok()?).into(),
            Physical::DOUBLE => f64::from_le_bytes(bytes.try_into().ok()?),
            _ => return None,
        }),
        Kind::Text => Literal::Text(text()?),
        Kind::Bytes => Literal::Bytes(bytes.to_vec()),
        Kind::Date => Literal::Date(i32::try_from(int()?).ok()?),
        Kind::Time => {
            let unit = match found.ty {
                DataType::Timestamp(TimeUnit::Second, _) => 1_000_000_000,
                DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000,
                DataType::Timestamp(TimeUnit::Microsecond, _) => 1000,
                _ => 1,
            };
            Literal::Time(i128::from(int()?) * unit)
        }
        Kind::Uuid => Literal::Uuid(bytes.try_into().ok()?),
        Kind::Enum(field) => match field.ty {
            // Names that are read as others are in another order.
            Type::Enum(variants) if variants.iter().all(|it| it.aliases.is_empty()) => {
                Literal::Name(text()?)
            }
            _ => return None,
        },
        Kind::Other => return None,
    })
}
