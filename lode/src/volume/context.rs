//! What every handle on a volume has, whatever its state.

use std::fmt;

use crate::commit::{History, OnConflict};
use crate::progress::{Meter, ProgressFn};

use super::chain::VolumeChain;
use super::limits::VolumeLimits;

/// The settings of a handle, and the history it is about.
#[derive(Clone)]
pub struct Context {
    pub(crate) history: History<VolumeChain>,
    pub(crate) on_conflict: OnConflict,
    pub(crate) limits: VolumeLimits,
    pub(crate) progress: Option<ProgressFn>,
}

impl Context {
    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.progress.clone())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("volume", &self.history.of.volume)
            .field("on_conflict", &self.on_conflict)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
