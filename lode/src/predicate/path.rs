use std::fmt;
use std::marker::PhantomData;

use crate::record::MAX_DEPTH;

/// Where a column is in a record: the index of its field, and below it those of the fields of
/// nested records.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path {
    steps: [u16; MAX_DEPTH],
    len: usize,
}

impl Path {
    const ROOT: Self = Self { steps: [0; MAX_DEPTH], len: 0 };

    /// The field `index` of what is here. Schemas are not deeper than paths can be.
    const fn field(mut self, index: u16) -> Self {
        if self.len < MAX_DEPTH {
            self.steps[self.len] = index;
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

/// A place in a record, as a type.
#[doc(hidden)]
pub trait Place: 'static {
    #[doc(hidden)]
    const PATH: Steps;
}

/// A [`Path`] that nobody else looks into.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Steps(pub(crate) Path);

/// The record itself.
#[derive(Debug)]
#[doc(hidden)]
pub enum Root {}

impl Place for Root {
    const PATH: Steps = Steps(Path::ROOT);
}

/// The field `INDEX` of what is at `P`.
#[derive(Debug)]
#[doc(hidden)]
pub struct At<P, const INDEX: u16>(PhantomData<fn() -> P>);

impl<P: Place, const INDEX: u16> Place for At<P, INDEX> {
    const PATH: Steps = Steps(P::PATH.0.field(INDEX));
}
