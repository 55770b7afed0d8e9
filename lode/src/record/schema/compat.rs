//! Which stored records a record type can read.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};

use super::diff::{change, element, join};
use super::{
    Element, FieldSchema, RecordElement, RecordField, RecordSchema, RecordType, Scalar, Schema,
    SchemaChange, SchemaChangeKind, SchemaDiff, Type, VariantSchema,
};

/// Whether records of the schema `file` can be read as those of `record`, and nothing of them is
/// changed by it; else the differences that stand in the way, and only these.
///
/// What can be made up for: fields that the record has not (unless it denies unknown ones), another
/// order, fields that the file has not (nullable ones and those with a default), other names (by
/// aliases), wider integers and floats, null where there was none, and further names of an enum.
pub(crate) fn readable(file: &RecordSchema, record: &Schema) -> Result<(), SchemaDiff> {
    let mut refused = Vec::new();
    let wanted =
        Wanted { fields: record.fields, denies_unknown_fields: record.denies_unknown_fields };
    check_fields("", &file.fields, wanted, &mut refused);
    SchemaDiff::of(refused).map_or(Ok(()), Err)
}

/// The fields that a record or nested record has.
#[derive(Clone, Copy)]
struct Wanted {
    fields: &'static [FieldSchema],
    denies_unknown_fields: bool,
}

fn check_fields(path: &str, stored: &[RecordField], wanted: Wanted, out: &mut Vec<SchemaChange>) {
    let mut places = HashMap::new();
    for (place, field) in wanted.fields.iter().enumerate() {
        for name in std::iter::once(&field.name).chain(field.aliases) {
            places.entry(*name).or_insert(place);
        }
    }
    let mut found = HashMap::new();
    for field in stored {
        let place = places.get(field.name.as_str()).copied();
        match place.and_then(|place| Some((found.entry(place), wanted.fields.get(place)?))) {
            Some((Entry::Vacant(vacant), wanted)) => {
                vacant.insert(&field.name);
                let to = Element { ty: wanted.ty, nullable: wanted.nullable };
                check(&join(path, wanted.name), &element(field), &to, out);
            }
            Some((Entry::Occupied(other), wanted)) => {
                let kind = SchemaChangeKind::Merged((*other.get()).clone(), field.name.clone());
                out.push(change(&join(path, wanted.name), kind));
            }
            None if wanted.denies_unknown_fields => {
                let kind = SchemaChangeKind::Unknown(element(field));
                out.push(change(&join(path, &field.name), kind));
            }
            None => {}
        }
    }
    for (place, field) in wanted.fields.iter().enumerate() {
        if !field.nullable && !field.has_default && !found.contains_key(&place) {
            let ty = RecordElement { ty: RecordType::from(&field.ty), nullable: false };
            out.push(change(&join(path, field.name), SchemaChangeKind::Required(ty)));
        }
    }
}

fn check(path: &str, from: &RecordElement, to: &Element, out: &mut Vec<SchemaChange>) {
    let before = out.len();
    let is_of_kind = match (&from.ty, &to.ty) {
        (RecordType::Scalar(from), Type::Scalar(to)) => from == to || is_wider(*from, *to),
        (RecordType::List(from), Type::List(to) | Type::Array(to, _))
        | (RecordType::Map(from), Type::Map(to)) => {
            check(&format!("{path}[]"), from, to, out);
            true
        }
        (RecordType::Struct(from), &Type::Struct { fields, denies_unknown_fields }) => {
            check_fields(path, from, Wanted { fields, denies_unknown_fields }, out);
            true
        }
        (RecordType::Enum(from), Type::Enum(to)) => {
            check_names(path, from, to, out);
            true
        }
        _ => false,
    };
    if !is_of_kind || (from.nullable && !to.nullable) {
        let kind = SchemaChangeKind::Type { from: from.clone(), to: RecordElement::from(to) };
        // Before what is wrong inside of it.
        out.insert(before, change(path, kind));
    }
}

fn check_names(
    path: &str,
    stored: &[String],
    wanted: &[VariantSchema],
    out: &mut Vec<SchemaChange>,
) {
    let known: HashSet<&str> = wanted
        .iter()
        .flat_map(|variant| std::iter::once(&variant.name).chain(variant.aliases))
        .copied()
        .collect();
    for name in stored.iter().filter(|name| !known.contains(name.as_str())) {
        out.push(change(path, SchemaChangeKind::NameRemoved(name.clone())));
    }
}

/// Whether `to` holds every number that `from` holds, exactly, and more.
fn is_wider(from: Scalar, to: Scalar) -> bool {
    match (integer(from), integer(to)) {
        (Some((from_signed, from_bits)), Some((to_signed, to_bits))) => {
            to_bits > from_bits && (to_signed || !from_signed)
        }
        _ => (from, to) == (Scalar::Float32, Scalar::Float64),
    }
}

/// Whether it is signed, and how many bits it has.
fn integer(scalar: Scalar) -> Option<(bool, u32)> {
    Some(match scalar {
        Scalar::Int8 => (true, 8),
        Scalar::Int16 => (true, 16),
        Scalar::Int32 => (true, 32),
        Scalar::Int64 => (true, 64),
        Scalar::Uint8 => (false, 8),
        Scalar::Uint16 => (false, 16),
        Scalar::Uint32 => (false, 32),
        Scalar::Uint64 => (false, 64),
        _ => return None,
    })
}
