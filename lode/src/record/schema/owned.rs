use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use twox_hash::XxHash3_128;

use super::{Element, FieldSchema, Scalar, Schema, SchemaDiff, Type};
use crate::record::Record;

/// The schema of a record type, as manifests hold it.
///
/// It is read and written by serde in the form of `FORMAT.md`. Reading validates: names are unique
/// and not empty, and nesting is bounded.
///
/// ```
/// use lode::record::RecordSchema;
///
/// let json = r#"{"name":"Point","fields":[{"name":"x","type":"float64","nullable":false}]}"#;
/// let schema: RecordSchema = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&schema)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSchema {
    pub(super) name: String,
    pub(super) fields: Vec<RecordField>,
}

impl RecordSchema {
    /// The schema of `T`.
    #[must_use]
    pub fn of<T: Record>() -> Self {
        Self::from(&T::SCHEMA)
    }

    /// The record's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its fields, in declared order.
    #[must_use]
    pub fn fields(&self) -> &[RecordField] {
        &self.fields
    }

    /// How many fields and names it has, with those of its structs and enums.
    pub(crate) fn count(&self) -> usize {
        fn of(fields: &[RecordField]) -> usize {
            fields.iter().map(|field| 1 + within(&field.ty)).sum()
        }
        fn within(ty: &RecordType) -> usize {
            match ty {
                RecordType::Scalar(_) => 0,
                RecordType::List(element) | RecordType::Map(element) => within(&element.ty),
                RecordType::Struct(fields) => of(fields),
                RecordType::Enum(names) => names.len(),
            }
        }
        of(&self.fields)
    }

    /// What identifies the shape of the stored data: the xxh3-128 hash, as 32 lower-case hex
    /// digits, of the `fields` as JSON without white space. The record's name has no part in it.
    /// Two schemas have the same fingerprint exactly if they have no [`diff`](Self::diff).
    ///
    /// It is stable: it never changes with the version of lode, the platform or the features.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", self.hash())
    }

    pub(crate) fn hash(&self) -> u128 {
        let mut json = String::new();
        write_fields(&self.fields, &mut json);
        XxHash3_128::oneshot(json.as_bytes())
    }

    /// What changes from this schema to `other`, field by field; `None` if nothing does. The names
    /// of the records are not compared.
    #[must_use]
    pub fn diff(&self, other: &Self) -> Option<SchemaDiff> {
        SchemaDiff::between(&self.fields, &other.fields)
    }
}

/// One field of a [`RecordSchema`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordField {
    /// The name in the stored data.
    pub name: String,
    /// The type of its values.
    pub ty: RecordType,
    /// Whether it may be null.
    pub nullable: bool,
}

/// The elements of a list, or the values of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordElement {
    /// The type of the element.
    pub ty: RecordType,
    /// Whether an element may be null.
    pub nullable: bool,
}

/// The type of a field's values. It prints as words: `list of nullable int32`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordType {
    /// A single value.
    Scalar(Scalar),
    /// A list of elements.
    List(Box<RecordElement>),
    /// A map from strings to elements.
    Map(Box<RecordElement>),
    /// A nested record.
    Struct(Vec<RecordField>),
    /// One of these names.
    Enum(Vec<String>),
}

impl From<&Schema> for RecordSchema {
    fn from(schema: &Schema) -> Self {
        Self { name: schema.name.to_owned(), fields: own_fields(schema.fields) }
    }
}

fn own_fields(fields: &[FieldSchema]) -> Vec<RecordField> {
    let own = |field: &FieldSchema| RecordField {
        name: field.name.to_owned(),
        ty: RecordType::from(&field.ty),
        nullable: field.nullable,
    };
    fields.iter().map(own).collect()
}

impl From<&Type> for RecordType {
    fn from(ty: &Type) -> Self {
        match ty {
            Type::Scalar(scalar) => Self::Scalar(*scalar),
            Type::List(element) | Type::Array(element, _) => {
                Self::List(Box::new(RecordElement::from(*element)))
            }
            Type::Map(element) => Self::Map(Box::new(RecordElement::from(*element))),
            Type::Struct { fields, .. } => Self::Struct(own_fields(fields)),
            Type::Enum(names) => {
                Self::Enum(names.iter().map(|variant| variant.name.to_owned()).collect())
            }
        }
    }
}

impl From<&Element> for RecordElement {
    fn from(element: &Element) -> Self {
        Self { ty: RecordType::from(&element.ty), nullable: element.nullable }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => scalar.fmt(f),
            Self::List(element) => write!(f, "list of {element}"),
            Self::Map(element) => write!(f, "map of {element}"),
            Self::Struct(fields) => {
                let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
                write!(f, "struct {{{}}}", names.join(", "))
            }
            Self::Enum(names) => write!(f, "enum {{{}}}", names.join(", ")),
        }
    }
}

impl fmt::Display for RecordElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.nullable { "nullable " } else { "" })?;
        self.ty.fmt(f)
    }
}

impl Serialize for RecordSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut schema = serializer.serialize_struct("RecordSchema", 2)?;
        schema.serialize_field("name", &self.name)?;
        schema.serialize_field("fields", &self.fields)?;
        schema.end()
    }
}

impl Serialize for RecordField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut field = serializer.serialize_struct("RecordField", 3)?;
        field.serialize_field("name", &self.name)?;
        field.serialize_field("type", &self.ty)?;
        field.serialize_field("nullable", &self.nullable)?;
        field.end()
    }
}

impl Serialize for RecordType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = "RecordType";
        match self {
            Self::Scalar(scalar) => serializer.serialize_str(scalar.name()),
            Self::List(element) => serializer.serialize_newtype_variant(name, 0, "list", element),
            Self::Map(element) => serializer.serialize_newtype_variant(name, 1, "map", element),
            Self::Struct(fields) => serializer.serialize_newtype_variant(name, 2, "struct", fields),
            Self::Enum(names) => serializer.serialize_newtype_variant(name, 3, "enum", names),
        }
    }
}

impl Serialize for RecordElement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.nullable {
            serializer.serialize_newtype_variant("RecordElement", 0, "nullable", &self.ty)
        } else {
            self.ty.serialize(serializer)
        }
    }
}

// The canonical JSON, written by hand: it must not depend on the features of `serde_json`, and
// cannot fail.
fn write_fields(fields: &[RecordField], json: &mut String) {
    write_array(fields, json, |field, json| {
        json.push_str(r#"{"name":"#);
        write_text(&field.name, json);
        json.push_str(r#","type":"#);
        write_type(&field.ty, json);
        json.push_str(r#","nullable":"#);
        json.push_str(if field.nullable { "true}" } else { "false}" });
    });
}

fn write_type(ty: &RecordType, json: &mut String) {
    match ty {
        RecordType::Scalar(scalar) => write_text(scalar.name(), json),
        RecordType::List(element) => {
            write_tagged("list", json, |json| write_element(element, json));
        }
        RecordType::Map(element) => {
            write_tagged("map", json, |json| write_element(element, json));
        }
        RecordType::Struct(fields) => {
            write_tagged("struct", json, |json| write_fields(fields, json));
        }
        RecordType::Enum(names) => write_tagged("enum", json, |json| {
            write_array(names, json, |name, json| write_text(name, json));
        }),
    }
}

fn write_element(element: &RecordElement, json: &mut String) {
    if element.nullable {
        write_tagged("nullable", json, |json| write_type(&element.ty, json));
    } else {
        write_type(&element.ty, json);
    }
}

fn write_tagged(tag: &str, json: &mut String, content: impl FnOnce(&mut String)) {
    json.push('{');
    write_text(tag, json);
    json.push(':');
    content(json);
    json.push('}');
}

fn write_array<T>(items: &[T], json: &mut String, mut write: impl FnMut(&T, &mut String)) {
    json.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        write(item, json);
    }
    json.push(']');
}

fn write_text(text: &str, json: &mut String) {
    json.push_str(&serde_json::Value::from(text).to_string());
}
