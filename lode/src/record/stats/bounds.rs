//! What the statistics in a manifest say of a column. Nothing in them is trusted to be well-formed:
//! what does not fit is unknown.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate};
use serde_json::Value as Json;

use crate::manifest::{ColumnStats, FileStats};
use crate::predicate::{Bounds, ColumnPath, Literal, days, nanoseconds};
use crate::record::{FieldSchema, RecordField, RecordSchema, RecordType, Scalar, Type};

/// Integers above this are not all floats.
const EXACT_IN_FLOAT: i64 = 1 << 53;

/// What is known of `column` in a file with these statistics, whose records have this schema.
pub(crate) fn file_bounds(
    stats: Option<&FileStats>,
    schema: &RecordSchema,
    column: &ColumnPath,
) -> Bounds {
    if stats.is_some_and(|stats| stats.row_count == 0) {
        return Bounds::EMPTY;
    }
    let (mut fields, mut name, mut is_nullable) = (schema.fields(), String::new(), false);
    let mut leaf = None;
    for (depth, level) in column.levels.iter().enumerate() {
        let field = match find(fields, level) {
            Found::One(field) => field,
            Found::Several => return Bounds::UNKNOWN,
            // A field that the file has not is null, unless there is a default for it.
            Found::None if level.nullable && !level.has_default => return Bounds::NULL,
            Found::None => return Bounds::UNKNOWN,
        };
        is_nullable |= field.nullable;
        name = if depth == 0 { field.name.clone() } else { format!("{name}.{}", field.name) };
        fields = match (&field.ty, level.ty) {
            (RecordType::Struct(fields), Type::Struct { .. }) => fields,
            _ => &[],
        };
        leaf = Some((field, level));
    }
    let Some((field, level)) = leaf else { return Bounds::UNKNOWN };
    let mut bounds = Bounds { nulls: is_nullable, ..Bounds::UNKNOWN };
    let is_float = matches!(field.ty, RecordType::Scalar(Scalar::Float32 | Scalar::Float64));
    bounds.nans = is_float;
    if !is_same_kind(&field.ty, &level.ty) {
        return Bounds { nans: true, ..bounds };
    }
    let Some(stats) = stats else { return bounds };
    let mut found = stats.columns.iter().filter(|stats| stats.name == name);
    let (Some(known), None) = (found.next(), found.next()) else { return bounds };
    narrow(&mut bounds, known, stats.row_count, &field.ty, is_float);
    bounds
}

/// Adds what the statistics of a column say.
fn narrow(bounds: &mut Bounds, stats: &ColumnStats, rows: u64, ty: &RecordType, is_float: bool) {
    let nulls = stats.null_count;
    let nans = if is_float { stats.nan_count } else { Some(0) };
    let others = nulls.zip(nans).map(|(nulls, nans)| nulls.checked_add(nans));
    if nulls.is_some_and(|nulls| nulls > rows) || others.is_some_and(|n| n.is_none_or(|n| n > rows))
    {
        return;
    }
    bounds.nulls &= nulls != Some(0);
    bounds.nans &= nans != Some(0);
    bounds.values = others.flatten() != Some(rows);
    // Who does not count NaN may have compared with it.
    if nans.is_some() {
        let bound = |bound: &Option<Json>, exact: Option<bool>| {
            exact.and_then(|_| literal(bound.as_ref()?, ty))
        };
        bounds.min = bound(&stats.min, stats.min_exact);
        bounds.max = bound(&stats.max, stats.max_exact);
    }
}

enum Found<'a> {
    None,
    One(&'a RecordField),
    Several,
}

/// The field that a record reads as `wanted`.
fn find<'a>(fields: &'a [RecordField], wanted: &FieldSchema) -> Found<'a> {
    let is_wanted = |field: &&RecordField| {
        field.name == wanted.name || wanted.aliases.iter().any(|alias| field.name == *alias)
    };
    let mut found = fields.iter().filter(is_wanted);
    match (found.next(), found.next()) {
        (None, _) => Found::None,
        (Some(field), None) => Found::One(field),
        (Some(_), Some(_)) => Found::Several,
    }
}

/// Whether values of the one type are read as those of the other without a change of order.
fn is_same_kind(file: &RecordType, record: &Type) -> bool {
    match (file, record) {
        (RecordType::Scalar(file), Type::Scalar(record)) => kind(*file) == kind(*record),
        // A name that is read as another one has another place in the order.
        (RecordType::Enum(names), Type::Enum(variants)) => {
            names.iter().all(|name| variants.iter().any(|variant| variant.name == name))
        }
        (RecordType::List(_), Type::List(_))
        | (RecordType::Map(_), Type::Map(_))
        | (RecordType::Struct(_), Type::Struct { .. }) => true,
        _ => false,
    }
}

/// Types whose values are the same, whatever their width.
fn kind(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Int8
        | Scalar::Int16
        | Scalar::Int32
        | Scalar::Int64
        | Scalar::Uint8
        | Scalar::Uint16
        | Scalar::Uint32
        | Scalar::Uint64 => Scalar::Int64,
        // A text such as 0.1 is another number in either width.
        other => other,
    }
}

/// A value of a column of this type, as it stands in statistics; `None` if it is none.
fn literal(json: &Json, ty: &RecordType) -> Option<Literal> {
    let text = || json.as_str();
    let scalar = match ty {
        RecordType::Enum(_) => return Some(Literal::Name(text()?.to_owned())),
        RecordType::Scalar(scalar) => *scalar,
        RecordType::List(_) | RecordType::Map(_) | RecordType::Struct(_) => return None,
    };
    Some(match kind(scalar) {
        Scalar::Bool => Literal::Bool(json.as_bool()?),
        Scalar::Int64 => Literal::Int(match (json.as_i64(), json.as_u64()) {
            (Some(value), _) => value.into(),
            (_, Some(value)) => value.into(),
            _ => return None,
        }),
        Scalar::Float32 | Scalar::Float64 => Literal::Float(float(json)?),
        Scalar::String => Literal::Text(text()?.to_owned()),
        Scalar::Bytes => Literal::Bytes(STANDARD.decode(text()?).ok()?),
        Scalar::Date => Literal::Date(days(text()?.parse::<NaiveDate>().ok()?)),
        Scalar::Timestamp => {
            Literal::Time(nanoseconds(DateTime::parse_from_rfc3339(text()?).ok()?.to_utc()))
        }
        Scalar::Uuid => Literal::Uuid(uuid::Uuid::try_parse(text()?).ok()?.into_bytes()),
        _ => return None,
    })
}

fn float(json: &Json) -> Option<f64> {
    match json.as_i64() {
        Some(int) if int.abs_diff(0) > EXACT_IN_FLOAT.unsigned_abs() => None,
        None if json.is_u64() => None,
        _ => json.as_f64().filter(|value| value.is_finite()),
    }
}
