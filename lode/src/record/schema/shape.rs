//! What codecs that store no names of fields have to know of a record.

use std::fmt::Write as _;

use twox_hash::XxHash3_128;

use super::{FieldSchema, RecordSchema, Scalar, Schema, Type};

/// What identifies how a record is stored without names: the schema's fingerprint, and which of its
/// lists are arrays, of what lengths. It never changes for a record that does not change: files have
/// it.
pub(crate) fn shape(schema: &Schema) -> [u8; 16] {
    let mut text = RecordSchema::from(schema).fingerprint();
    lists_of_fields(schema.fields, &mut text);
    XxHash3_128::oneshot(text.as_bytes()).to_le_bytes()
}

fn lists_of_fields(fields: &[FieldSchema], text: &mut String) {
    fields.iter().for_each(|field| lists(&field.ty, text));
}

/// Writes one item for each list, in the order in which they are declared.
fn lists(ty: &Type, text: &mut String) {
    match ty {
        Type::Scalar(_) | Type::Enum(_) => {}
        Type::Struct { fields, .. } => lists_of_fields(fields, text),
        Type::Map(element) => lists(&element.ty, text),
        Type::List(element) => {
            text.push_str(" list");
            lists(&element.ty, text);
        }
        Type::Array(element, len) => {
            // Writing to a string cannot fail.
            let _ = write!(text, " array {len}");
            lists(&element.ty, text);
        }
    }
}

impl Schema {
    /// Whether `#[lode(json)]` is on a field of it, however deep.
    pub(crate) const fn has_json(&self) -> bool {
        any_has_json(self.fields)
    }

    /// Whether there is an array in it that can have no element.
    pub(crate) const fn has_empty_array(&self) -> bool {
        any_has_empty_array(self.fields)
    }
}

const fn any_has_json(fields: &[FieldSchema]) -> bool {
    let mut i = 0;
    while i < fields.len() {
        if is_json(&fields[i].ty) {
            return true;
        }
        i += 1;
    }
    false
}

const fn is_json(ty: &Type) -> bool {
    match ty {
        Type::Scalar(scalar) => matches!(scalar, Scalar::Json),
        Type::Enum(_) => false,
        Type::List(element) | Type::Map(element) | Type::Array(element, _) => is_json(&element.ty),
        Type::Struct { fields, .. } => any_has_json(fields),
    }
}

const fn any_has_empty_array(fields: &[FieldSchema]) -> bool {
    let mut i = 0;
    while i < fields.len() {
        if is_empty_array(&fields[i].ty) {
            return true;
        }
        i += 1;
    }
    false
}

const fn is_empty_array(ty: &Type) -> bool {
    match ty {
        Type::Scalar(_) | Type::Enum(_) => false,
        Type::List(element) | Type::Map(element) => is_empty_array(&element.ty),
        Type::Array(element, len) => *len == 0 || is_empty_array(&element.ty),
        Type::Struct { fields, .. } => any_has_empty_array(fields),
    }
}
