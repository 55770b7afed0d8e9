//! Where the statistics of a file come from.

#[cfg(feature = "parquet")]
use std::sync::{Arc, Mutex, PoisonError};

use super::Gauges;
use crate::manifest::FileStats;
use crate::record::Record;

/// The statistics of a file that is being written.
pub(crate) enum Statistics {
    Unwanted,
    /// Of the records, as they are added.
    OfRecords(Gauges),
    /// Of the columns that the codec makes of them.
    #[cfg(feature = "parquet")]
    OfColumns(Promise),
}

impl Statistics {
    #[inline]
    pub(crate) fn add<T: Record>(&mut self, record: &T) {
        if let Self::OfRecords(gauges) = self {
            gauges.add(record);
        }
    }

    /// Those of the whole file, once it is encoded.
    pub(crate) fn finish(&mut self) -> Option<FileStats> {
        let gauges = match std::mem::replace(self, Self::Unwanted) {
            Self::Unwanted => None,
            Self::OfRecords(gauges) => Some(gauges),
            #[cfg(feature = "parquet")]
            Self::OfColumns(promise) => promise.take(),
        };
        gauges.map(Gauges::stats)
    }
}

/// What an encoder will know when it has finished.
#[cfg(feature = "parquet")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Promise(Arc<Mutex<Option<Gauges>>>);

#[cfg(feature = "parquet")]
impl Promise {
    pub(crate) fn keep(&self, gauges: Gauges) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(gauges);
    }

    fn take(&self) -> Option<Gauges> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
