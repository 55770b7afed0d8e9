use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{RecordElement, RecordField, RecordType};

/// How one schema differs from another, field by field: never empty. It prints one line per
/// change. Cheap to clone.
///
/// ```text
/// `dep_delay`: int32 becomes nullable int32
/// `origin`: string is added
/// `position.lat`: float32 becomes float64
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDiff {
    changes: Arc<[SchemaChange]>,
}

impl SchemaDiff {
    pub(super) fn between(from: &[RecordField], to: &[RecordField]) -> Option<Self> {
        let mut changes = Vec::new();
        compare_fields("", from, to, &mut changes);
        Self::of(changes)
    }

    /// These changes; `None` if there are none.
    pub(super) fn of(changes: Vec<SchemaChange>) -> Option<Self> {
        (!changes.is_empty()).then(|| Self { changes: changes.into() })
    }

    /// The changes.
    #[must_use]
    pub fn changes(&self) -> &[SchemaChange] {
        &self.changes
    }
}

impl fmt::Display for SchemaDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, change) in self.changes.iter().enumerate() {
            f.write_str(if i > 0 { "\n" } else { "" })?;
            change.fmt(f)?;
        }
        Ok(())
    }
}

/// One change of a [`SchemaDiff`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaChange {
    /// The field, such as `position.lat`; the elements of a list or map are `scores[]`; empty for
    /// the record itself.
    pub path: String,
    /// What changes.
    pub kind: SchemaChangeKind,
}

/// What changes in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaChangeKind {
    /// There was no such field.
    Added(RecordElement),
    /// There is no such field any more.
    Removed(RecordElement),
    /// Its type changes, or whether it may be null.
    Type {
        /// What it was.
        from: RecordElement,
        /// What it becomes.
        to: RecordElement,
    },
    /// An enum gets another name.
    NameAdded(String),
    /// An enum loses a name.
    NameRemoved(String),
    /// It had this name, which is an alias now.
    Renamed(String),
    /// A name of an enum becomes an alias of another.
    NameRenamed {
        /// What it was.
        from: String,
        /// What it is.
        to: String,
    },
    /// The same fields or names, in another order.
    Reordered,
    /// There was no such field, and there must be: it is neither nullable nor has it a default.
    Required(RecordElement),
    /// There is no such field any more, and fields that are unknown are refused.
    Unknown(RecordElement),
    /// Two fields become this one, by an alias.
    Merged(String, String),
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        match &self.kind {
            SchemaChangeKind::Added(ty) => write!(f, "{ty} is added"),
            SchemaChangeKind::Removed(ty) => write!(f, "{ty} is removed"),
            SchemaChangeKind::Type { from, to } => write!(f, "{from} becomes {to}"),
            SchemaChangeKind::NameAdded(name) => write!(f, "enum name {name:?} is added"),
            SchemaChangeKind::NameRemoved(name) => write!(f, "enum name {name:?} is removed"),
            SchemaChangeKind::Renamed(from) => write!(f, "was named `{from}`"),
            SchemaChangeKind::NameRenamed { from, to } => {
                write!(f, "enum name {from:?} is now {to:?}")
            }
            SchemaChangeKind::Required(ty) => {
                write!(f, "{ty} is added, required and without a default")
            }
            SchemaChangeKind::Unknown(ty) => {
                write!(f, "{ty} is removed, and unknown fields are denied")
            }
            SchemaChangeKind::Merged(one, other) => {
                write!(f, "both `{one}` and `{other}` are read as it")
            }
            SchemaChangeKind::Reordered if self.path.is_empty() => {
                f.write_str("the fields are in another order")
            }
            SchemaChangeKind::Reordered => f.write_str("its names are in another order"),
        }
    }
}

fn compare_fields(
    path: &str,
    from: &[RecordField],
    to: &[RecordField],
    out: &mut Vec<SchemaChange>,
) {
    let by_name = |fields: &[RecordField]| -> HashMap<String, usize> {
        fields.iter().enumerate().map(|(i, field)| (field.name.clone(), i)).collect()
    };
    let (old, new) = (by_name(from), by_name(to));
    let mut kept = Vec::new();
    for field in from {
        let path = join(path, &field.name);
        match new.get(&field.name).and_then(|&i| Some((i, to.get(i)?))) {
            None => out.push(change(&path, SchemaChangeKind::Removed(element(field)))),
            Some((i, other)) => {
                kept.push(i);
                compare(&path, &element(field), &element(other), out);
            }
        }
    }
    for field in to.iter().filter(|field| !old.contains_key(&field.name)) {
        out.push(change(&join(path, &field.name), SchemaChangeKind::Added(element(field))));
    }
    if !kept.is_sorted() {
        out.push(change(path, SchemaChangeKind::Reordered));
    }
}

fn compare(path: &str, from: &RecordElement, to: &RecordElement, out: &mut Vec<SchemaChange>) {
    if from.nullable == to.nullable {
        match (&from.ty, &to.ty) {
            (RecordType::List(from), RecordType::List(to))
            | (RecordType::Map(from), RecordType::Map(to)) => {
                return compare(&format!("{path}[]"), from, to, out);
            }
            (RecordType::Struct(from), RecordType::Struct(to)) => {
                return compare_fields(path, from, to, out);
            }
            (RecordType::Enum(from), RecordType::Enum(to)) => {
                return compare_names(path, from, to, out);
            }
            _ => {}
        }
    }
    if from != to {
        out.push(change(path, SchemaChangeKind::Type { from: from.clone(), to: to.clone() }));
    }
}

fn compare_names(path: &str, from: &[String], to: &[String], out: &mut Vec<SchemaChange>) {
    let by_name = |names: &[String]| -> HashMap<String, usize> {
        names.iter().enumerate().map(|(i, name)| (name.clone(), i)).collect()
    };
    let (old, new) = (by_name(from), by_name(to));
    for name in from.iter().filter(|&name| !new.contains_key(name)) {
        out.push(change(path, SchemaChangeKind::NameRemoved(name.clone())));
    }
    for name in to.iter().filter(|&name| !old.contains_key(name)) {
        out.push(change(path, SchemaChangeKind::NameAdded(name.clone())));
    }
    if !from.iter().filter_map(|name| new.get(name)).is_sorted() {
        out.push(change(path, SchemaChangeKind::Reordered));
    }
}

pub(super) fn element(field: &RecordField) -> RecordElement {
    RecordElement { ty: field.ty.clone(), nullable: field.nullable }
}

pub(super) fn change(path: &str, kind: SchemaChangeKind) -> SchemaChange {
    SchemaChange { path: path.to_owned(), kind }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
