use std::fmt;

use crate::record::MAX_DEPTH;

/// Where a column is in a record: the index of its field, and below it those of the fields of
/// nested records.
#[derive(Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub struct Path {
    steps: [u16; MAX_DEPTH],
    len: usize,
}

impl Path {
    /// The record itself.
    pub const ROOT: Self = Self { steps: [0; MAX_DEPTH], len: 0 };

    /// The field `index` of what is here. Schemas are not deeper than paths can be.
    #[must_use]
    pub fn field(mut self, index: u16) -> Self {
        if let Some(step) = self.steps.get_mut(self.len) {
            *step = index;
            self.len += 1;
        }
        self
    }

    pub(crate) fn steps(&self) -> &[u16] {
        self.steps.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps().fmt(f)
    }
}
