//! What every operation on a dataset needs, whatever its record type, codec and layout.

use std::fmt;

use super::chain::DatasetChain;
use crate::checksum::Checksum;
use crate::commit::{History, OnConflict};
use crate::limits::Limits;
use crate::progress::{Meter, ProgressFn};

/// The settings of a handle that are values, and the history it is about.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) history: History<DatasetChain>,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) on_conflict: OnConflict,
    pub(crate) limits: Limits,
    pub(crate) progress: Option<ProgressFn>,
    /// Whether files are written with the statistics of all columns.
    pub(crate) statistics: bool,
}

impl Context {
    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.progress.clone())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("dataset", &self.history.of.dataset)
            .field("layout", &self.history.of.paths)
            .field("checksum", &self.checksum)
            .field("on_conflict", &self.on_conflict)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
