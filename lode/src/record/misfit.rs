//! What of a record JSON cannot hold, or cannot give back.

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::json::{Finder, Path, Rules, Stop};
use crate::record::MAX_DEPTH;

/// How deep serde_json reads.
const READABLE: usize = 127;

/// How deep the JSON of a `#[lode(json)]` field may be: so that it can be read wherever the field
/// stands in a record. What is around it is one level of JSON for each level of types.
const MAX_LEVELS: usize = READABLE - MAX_DEPTH;

static RULES: Rules = Rules { most_levels: MAX_LEVELS, has_long_integers: true, name };

/// What keeps a record from being stored as JSON, and read again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// Where it is in the record, such as `position.lat` or `scores[2]`; of JSON that is nested too
    /// deep, the field.
    pub path: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Misfit {
    /// JSON has no such number, found at `path`.
    pub(crate) fn number(path: String) -> Self {
        Self { path, reason: "JSON has no NaN and no infinity" }
    }

    fn depth() -> Self {
        const { assert!(MAX_LEVELS == 95, "the text says it, and the documentation") };
        let reason = "its JSON is nested deeper than 95 levels, and could not be read again: store it \
                      flatter, or as a text";
        Self { path: String::new(), reason }
    }

    /// The same, in something that stands at `parent`.
    #[must_use]
    pub(crate) fn below(self, parent: &str) -> Self {
        Self { path: format!("{parent}{}", self.path), ..self }
    }
}

/// The first thing in `value` that JSON does not take: a float that is NaN or infinite, or more levels
/// than can be read again. Its path is empty for `value` itself, else such as `[2]`, `.lat` or
/// `["key"]`.
///
/// A value that cannot be serialized has none: whoever serializes it gets that error.
pub fn misfit<T: Serialize + ?Sized>(value: &T) -> Option<Misfit> {
    misfit_with(|finder| value.serialize(finder))
}

/// As [`misfit`], for a value that a function serializes (`#[serde(with = "…")]`).
pub fn misfit_with(serialize: impl FnOnce(Finder<'static>) -> Result<(), Stop>) -> Option<Misfit> {
    match serialize(RULES.finder()) {
        Err(Stop::NotFinite { path, .. }) => Some(Misfit::number(path)),
        Err(Stop::TooDeep { .. }) => Some(Misfit::depth()),
        Ok(()) | Err(Stop::TooLong { .. } | Stop::Failed { .. }) => None,
    }
}

fn name(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Field(parent, field) => format!("{}.{field}", name(parent)),
        Path::Key(parent, key) => format!("{}[{key:?}]", name(parent)),
        Path::Index(parent, index) => format!("{}[{index}]", name(parent)),
    }
}
