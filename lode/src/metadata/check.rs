//! What metadata may hold.

use serde::Serialize;
use serde_json::Value;

use super::{MAX_DEPTH, invalid};
use crate::error::Result;
use crate::json::{Path, Rules, Stop};

pub(super) const TOO_DEEP: &str =
    "is nested deeper than 100 levels: store it flatter, or as a text";

static RULES: Rules = Rules { most_levels: MAX_DEPTH, has_long_integers: false, name };

/// `value` as JSON, checked.
pub(super) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    RULES.check(value).map_err(|stop| {
        let reason = stop.to_string();
        match stop {
            Stop::TooDeep { path } => invalid(&path, TOO_DEEP),
            Stop::NotFinite { path, .. }
            | Stop::TooLong { path, .. }
            | Stop::Failed { path, .. } => invalid(&path, reason),
        }
    })?;
    serde_json::to_value(value).map_err(|error| invalid("", error.to_string()))
}

/// Whether `value` has no more than `depth` levels of arrays and objects.
pub(super) fn is_shallow(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallow(item, depth - 1)),
        Value::Object(entries) => {
            depth > 0 && entries.values().all(|item| is_shallow(item, depth - 1))
        }
        _ => true,
    }
}

/// The path of `key` in the object at `path`.
pub(super) fn key_path(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The path `inner` within the value at `path`.
pub(super) fn join(path: &str, inner: &str) -> String {
    match inner.is_empty() || inner.starts_with('[') {
        true => format!("{path}{inner}"),
        false => key_path(path, inner),
    }
}

fn name(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Field(parent, key) | Path::Key(parent, key) => key_path(&name(parent), key),
        Path::Index(parent, index) => format!("{}[{index}]", name(parent)),
    }
}
