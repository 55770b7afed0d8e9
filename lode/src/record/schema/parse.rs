use std::collections::HashSet;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{MAX_DEPTH, RecordElement, RecordField, RecordSchema, RecordType, Scalar};

impl<'de> Deserialize<'de> for RecordSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SchemaVisitor)
    }
}

struct SchemaVisitor;

impl<'de> Visitor<'de> for SchemaVisitor {
    type Value = RecordSchema;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record schema")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RecordSchema, A::Error> {
        let (mut name, mut fields) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => set(&mut name, "name", map.next_value()?)?,
                "fields" => set(&mut fields, "fields", map.next_value_seed(Fields(MAX_DEPTH))?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let name = named(name.ok_or_else(|| A::Error::missing_field("name"))?)?;
        let fields = fields.ok_or_else(|| A::Error::missing_field("fields"))?;
        Ok(RecordSchema { name, fields })
    }
}

/// The fields of a record or struct, with the levels that may still be nested.
#[derive(Clone, Copy)]
struct Fields(usize);

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Vec<RecordField>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<RecordField>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut names) = (Vec::new(), HashSet::new());
        while let Some(field) = seq.next_element_seed(Field(self.0))? {
            unique(&mut names, &field.name, "field")?;
            fields.push(field);
        }
        Ok(fields)
    }
}

#[derive(Clone, Copy)]
struct Field(usize);

impl<'de> DeserializeSeed<'de> for Field {
    type Value = RecordField;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RecordField, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Field {
    type Value = RecordField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field with its name, type and nullability")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RecordField, A::Error> {
        let (mut name, mut ty, mut nullable) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => set(&mut name, "name", map.next_value()?)?,
                "type" => set(&mut ty, "type", map.next_value_seed(Type::of_field(self.0))?)?,
                "nullable" => set(&mut nullable, "nullable", map.next_value()?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(RecordField {
            name: named(name.ok_or_else(|| A::Error::missing_field("name"))?)?,
            ty: ty.ok_or_else(|| A::Error::missing_field("type"))?.ty,
            nullable: nullable.ok_or_else(|| A::Error::missing_field("nullable"))?,
        })
    }
}

#[derive(Clone, Copy)]
struct Type {
    depth: usize,
    may_be_nullable: bool,
}

impl Type {
    fn of_field(depth: usize) -> Self {
        Self { depth, may_be_nullable: false }
    }

    fn of_element(depth: usize) -> Self {
        Self { depth, may_be_nullable: true }
    }
}

impl<'de> DeserializeSeed<'de> for Type {
    type Value = RecordElement;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RecordElement, D::Error> {
        if self.depth == 0 {
            return Err(D::Error::custom(format_args!(
                "types are nested more than {MAX_DEPTH} deep"
            )));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Type {
    type Value = RecordElement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<RecordElement, E> {
        let scalar = Scalar::from_name(name)
            .ok_or_else(|| E::custom(format_args!("unknown type {name:?}")))?;
        Ok(RecordElement { ty: RecordType::Scalar(scalar), nullable: false })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RecordElement, A::Error> {
        let Some(tag) = map.next_key::<String>()? else {
            return Err(A::Error::custom("a type has one key"));
        };
        let inner = self.depth - 1;
        let ty = match tag.as_str() {
            "list" => RecordType::List(Box::new(map.next_value_seed(Self::of_element(inner))?)),
            "map" => RecordType::Map(Box::new(map.next_value_seed(Self::of_element(inner))?)),
            "struct" => RecordType::Struct(map.next_value_seed(Fields(inner))?),
            "enum" => RecordType::Enum(map.next_value_seed(Names)?),
            "nullable" if self.may_be_nullable => {
                map.next_value_seed(Self::of_field(self.depth))?.ty
            }
            _ => return Err(A::Error::custom(format_args!("unknown type {tag:?}"))),
        };
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("a type has one key"));
        }
        Ok(RecordElement { ty, nullable: tag == "nullable" })
    }
}

/// The names of an enum.
struct Names;

impl<'de> DeserializeSeed<'de> for Names {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Names {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
        let (mut names, mut seen) = (Vec::new(), HashSet::new());
        while let Some(name) = seq.next_element::<String>()? {
            let name = named(name)?;
            unique(&mut seen, &name, "enum name")?;
            names.push(name);
        }
        if names.is_empty() {
            return Err(A::Error::custom("an enum has at least one name"));
        }
        Ok(names)
    }
}

fn set<T, E: Error>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(key)),
    }
}

fn named<E: Error>(name: String) -> Result<String, E> {
    if name.is_empty() { Err(E::custom("a name is empty")) } else { Ok(name) }
}

fn unique<E: Error>(seen: &mut HashSet<String>, name: &str, what: &str) -> Result<(), E> {
    if seen.insert(name.to_owned()) {
        Ok(())
    } else {
        Err(E::custom(format_args!("two of the {what}s are named {name:?}")))
    }
}
