use std::fmt;

use crate::error::BoxError;

/// What is wrong with a cell, or with a column.
///
/// Small, since it is a part of every cell's result.
#[derive(Debug)]
pub struct ColumnError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    path: String,
    source: BoxError,
}

impl ColumnError {
    /// Of this very column.
    #[cold]
    pub(crate) fn new(source: impl Into<BoxError>) -> Self {
        Self(Box::new(Inner { path: String::new(), source: source.into() }))
    }

    /// The column has another type than the record's field.
    #[cold]
    pub(crate) fn mismatch(expected: &str, found: &arrow_schema::DataType) -> Self {
        Self::new(format!("expected {expected}, found {found}"))
    }

    /// Of the column in the field `name`.
    #[cold]
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        let rest = &self.0.path;
        let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
        self.0.path = format!("{name}{dot}{rest}");
        self
    }

    /// Of the cell at this index of a list.
    #[cold]
    pub(crate) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// Of the cell at this key of a map.
    #[cold]
    pub(crate) fn at_key(self, key: &str) -> Self {
        self.within(&format!("[{key:?}]"))
    }

    /// Where it is, such as `legs[2].origin`, and what it is.
    pub(crate) fn into_parts(self) -> (String, BoxError) {
        (self.0.path, self.0.source)
    }
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, source } = &*self.0;
        if path.is_empty() { source.fmt(f) } else { write!(f, "column `{path}`: {source}") }
    }
}

impl std::error::Error for ColumnError {}
