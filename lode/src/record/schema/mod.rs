//! Record schemas: the constant that the derive makes, and the owned form that manifests hold.

mod compat;
mod diff;
mod owned;
mod parse;
#[cfg(any(feature = "bincode", feature = "postcard"))]
mod shape;
#[cfg(test)]
mod tests;

use std::fmt;

#[cfg(feature = "testing")]
pub(crate) use compat::changes;
pub(crate) use compat::readable;
pub use diff::{SchemaChange, SchemaChangeKind, SchemaDiff};
pub use owned::{RecordElement, RecordField, RecordSchema, RecordType};
#[cfg(any(feature = "bincode", feature = "postcard"))]
pub(crate) use shape::shape;

/// How deep types may be nested in each other, so that reading a schema needs bounded stack, and
/// any schema that can be written can be read (`serde_json` stops at 128 levels of JSON, of which
/// a struct takes three).
pub(crate) const MAX_DEPTH: usize = 32;

/// The schema of a record type, as a constant: what `#[derive(Record)]` makes of a struct.
///
/// Names are those in the stored data (after `#[serde(rename)]`). The owned form, which manifests
/// hold, is [`RecordSchema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    name: &'static str,
    fields: &'static [FieldSchema],
    denies_unknown_fields: bool,
}

impl Schema {
    /// A schema of these fields.
    ///
    /// # Panics
    /// If types are nested more than 32 deep; in a constant that is an error of the compiler.
    #[must_use]
    pub const fn new(name: &'static str, fields: &'static [FieldSchema]) -> Self {
        assert!(
            struct_depth(fields) <= MAX_DEPTH,
            "the types of a record's fields are nested more than 32 deep"
        );
        Self { name, fields, denies_unknown_fields: false }
    }

    /// The same schema, of a record that refuses fields it has not
    /// (`#[serde(deny_unknown_fields)]`).
    #[must_use]
    pub const fn deny_unknown_fields(self) -> Self {
        Self { denies_unknown_fields: true, ..self }
    }

    /// The record's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its fields, in declared order.
    #[must_use]
    pub const fn fields(&self) -> &'static [FieldSchema] {
        self.fields
    }

    /// Whether stored data with other fields are refused. Not stored.
    #[must_use]
    pub const fn denies_unknown_fields(&self) -> bool {
        self.denies_unknown_fields
    }
}

/// One field of a [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSchema {
    /// The name in the stored data.
    pub name: &'static str,
    /// The type of its values.
    pub ty: Type,
    /// Whether it may be null.
    pub nullable: bool,
    /// Other names that it is read by (`#[serde(alias)]`). Not stored.
    pub aliases: &'static [&'static str],
    /// Whether it has a value where the stored data lack it (`#[serde(default)]`). Not stored.
    pub has_default: bool,
}

impl FieldSchema {
    /// A field of this name and type, with no aliases and no default.
    #[must_use]
    pub const fn new(name: &'static str, ty: Type, nullable: bool) -> Self {
        Self { name, ty, nullable, aliases: &[], has_default: false }
    }
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A single value.
    Scalar(Scalar),
    /// A list of elements.
    List(&'static Element),
    /// A list of exactly so many elements. Its length is not stored in a schema: it is a list there.
    Array(&'static Element, usize),
    /// A map from strings to elements.
    Map(&'static Element),
    /// A nested record.
    Struct {
        /// Its fields, in declared order.
        fields: &'static [FieldSchema],
        /// Whether stored data with other fields are refused (`#[serde(deny_unknown_fields)]`).
        /// Not stored.
        denies_unknown_fields: bool,
    },
    /// One of these names.
    Enum(&'static [VariantSchema]),
}

/// One name of an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VariantSchema {
    /// The name in the stored data.
    pub name: &'static str,
    /// Other names that it is read by (`#[serde(alias)]`). Not stored.
    pub aliases: &'static [&'static str],
}

impl VariantSchema {
    /// A name without aliases.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, aliases: &[] }
    }
}

/// The elements of a list, or the values of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// The type of the element.
    pub ty: Type,
    /// Whether an element may be null.
    pub nullable: bool,
}

const fn struct_depth(fields: &[FieldSchema]) -> usize {
    let mut deepest = 0;
    let mut i = 0;
    while i < fields.len() {
        let depth = depth(&fields[i].ty);
        if depth > deepest {
            deepest = depth;
        }
        i += 1;
    }
    deepest
}

const fn depth(ty: &Type) -> usize {
    match ty {
        Type::Scalar(_) | Type::Enum(_) => 1,
        Type::List(element) | Type::Array(element, _) | Type::Map(element) => {
            1 + depth(&element.ty)
        }
        Type::Struct { fields, .. } => 1 + struct_depth(fields),
    }
}

/// The types that hold a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Scalar {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
    String,
    /// Bytes; base64 in JSON.
    Bytes,
    /// A calendar day.
    Date,
    /// A moment, in UTC.
    Timestamp,
    Uuid,
    /// Whatever `#[lode(json)]` stores.
    Json,
}

impl Scalar {
    const ALL: [Self; 17] = [
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Float32,
        Self::Float64,
        Self::String,
        Self::Bytes,
        Self::Date,
        Self::Timestamp,
        Self::Uuid,
        Self::Json,
    ];

    /// The name in a stored schema, such as `int32`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::Json => "json",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scalar| scalar.name() == name)
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
