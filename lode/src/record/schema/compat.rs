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
    SchemaDiff::of(changes(file, record).refused).map_or(Ok(()), Err)
}

/// All that is different between the schema `file` and `record`.
pub(crate) fn changes(file: &RecordSchema, record: &Schema) -> Changes {
    let mut changes = Changes::default();
    let denies_unknown_fields = record.denies_unknown_fields;
    let wanted = Wanted { fields: record.fields, denies_unknown_fields };
    changes.fields("", &file.fields, wanted);
    changes
}

/// Differences of two schemas.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// What keeps records of the one from being read as those of the other.
    pub(crate) refused: Vec<SchemaChange>,
    /// What can be made up for.
    pub(crate) allowed: Vec<SchemaChange>,
}

/// The fields that a record or nested record has.
#[derive(Clone, Copy)]
struct Wanted {
    fields: &'static [FieldSchema],
    denies_unknown_fields: bool,
}

impl Wanted {
    /// The places of the fields by their names and aliases.
    fn places(self) -> HashMap<&'static str, usize> {
        let names = |field: &'static FieldSchema| std::iter::once(&field.name).chain(field.aliases);
        let fields = self.fields.iter().enumerate();
        fields.flat_map(|(place, field)| names(field).map(move |name| (*name, place))).collect()
    }
}

impl Changes {
    fn refuse(&mut self, path: &str, kind: SchemaChangeKind) {
        self.refused.push(change(path, kind));
    }

    fn allow(&mut self, path: &str, kind: SchemaChangeKind) {
        self.allowed.push(change(path, kind));
    }

    fn fields(&mut self, path: &str, stored: &[RecordField], wanted: Wanted) {
        let places = wanted.places();
        // The names of the fields that were found, by their places, …
        let mut found = HashMap::new();
        // … and their places in the order in which they are stored.
        let mut order = Vec::new();
        for field in stored {
            let at = join(path, &field.name);
            let place = places.get(field.name.as_str()).copied();
            match place.and_then(|place| Some((place, wanted.fields.get(place)?))) {
                Some((place, wanted)) => {
                    let at = join(path, wanted.name);
                    match found.entry(place) {
                        Entry::Occupied(other) => {
                            let other: &&String = other.get();
                            let kind =
                                SchemaChangeKind::Merged((*other).clone(), field.name.clone());
                            self.refuse(&at, kind);
                        }
                        Entry::Vacant(vacant) => {
                            vacant.insert(&field.name);
                            order.push(place);
                            if field.name != wanted.name {
                                self.allow(&at, SchemaChangeKind::Renamed(field.name.clone()));
                            }
                            let to = Element { ty: wanted.ty, nullable: wanted.nullable };
                            self.element(&at, &element(field), &to);
                        }
                    }
                }
                None if wanted.denies_unknown_fields => {
                    self.refuse(&at, SchemaChangeKind::Unknown(element(field)));
                }
                None => self.allow(&at, SchemaChangeKind::Removed(element(field))),
            }
        }
        for (place, field) in wanted.fields.iter().enumerate() {
            if found.contains_key(&place) {
                continue;
            }
            let at = join(path, field.name);
            let ty = RecordElement { ty: RecordType::from(&field.ty), nullable: field.nullable };
            match field.nullable || field.has_default {
                true => self.allow(&at, SchemaChangeKind::Added(ty)),
                false => self.refuse(&at, SchemaChangeKind::Required(ty)),
            }
        }
        if !order.is_sorted() {
            self.allow(path, SchemaChangeKind::Reordered);
        }
    }

    fn element(&mut self, path: &str, from: &RecordElement, to: &Element) {
        let is_required_now = from.nullable && !to.nullable;
        let is_same = from.nullable == to.nullable;
        let kind = || SchemaChangeKind::Type { from: from.clone(), to: RecordElement::from(to) };
        match fit(&from.ty, &to.ty) {
            Fit::No => return self.refuse(path, kind()),
            _ if is_required_now => self.refuse(path, kind()),
            Fit::Same if is_same => {}
            Fit::Same | Fit::Wider => self.allow(path, kind()),
        }
        match (&from.ty, &to.ty) {
            (RecordType::List(from), Type::List(to) | Type::Array(to, _))
            | (RecordType::Map(from), Type::Map(to)) => {
                self.element(&format!("{path}[]"), from, to);
            }
            (RecordType::Struct(from), &Type::Struct { fields, denies_unknown_fields }) => {
                self.fields(path, from, Wanted { fields, denies_unknown_fields });
            }
            (RecordType::Enum(from), Type::Enum(to)) => self.names(path, from, to),
            _ => {}
        }
    }

    fn names(&mut self, path: &str, stored: &[String], wanted: &[VariantSchema]) {
        let mut places = HashMap::new();
        for (place, variant) in wanted.iter().enumerate() {
            for name in std::iter::once(&variant.name).chain(variant.aliases) {
                places.insert(*name, (place, variant.name));
            }
        }
        let mut order = Vec::new();
        for name in stored {
            match places.get(name.as_str()) {
                None => self.refuse(path, SchemaChangeKind::NameRemoved(name.clone())),
                Some((place, to)) => {
                    order.push(*place);
                    if name != to {
                        let (from, to) = (name.clone(), (*to).to_owned());
                        self.allow(path, SchemaChangeKind::NameRenamed { from, to });
                    }
                }
            }
        }
        let kept: HashSet<usize> = order.iter().copied().collect();
        for (place, variant) in wanted.iter().enumerate() {
            if !kept.contains(&place) {
                self.allow(path, SchemaChangeKind::NameAdded(variant.name.to_owned()));
            }
        }
        if !order.is_sorted() {
            self.allow(path, SchemaChangeKind::Reordered);
        }
    }
}

/// How values of one type can be read as another, whatever is inside of them.
enum Fit {
    Same,
    Wider,
    No,
}

fn fit(from: &RecordType, to: &Type) -> Fit {
    match (from, to) {
        (RecordType::Scalar(from), Type::Scalar(to)) if from == to => Fit::Same,
        (RecordType::Scalar(from), Type::Scalar(to)) if is_wider(*from, *to) => Fit::Wider,
        (RecordType::List(_), Type::List(_) | Type::Array(..))
        | (RecordType::Map(_), Type::Map(_))
        | (RecordType::Struct(_), Type::Struct { .. })
        | (RecordType::Enum(_), Type::Enum(_)) => Fit::Same,
        _ => Fit::No,
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
