//! What a call is about.

use crate::commit::History;
use crate::dataset::DatasetChain;
use crate::volume::VolumeChain;

/// The history of a dataset or of a volume.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    Dataset(History<DatasetChain>),
    Volume(History<VolumeChain>),
}

/// Runs a function that is generic over [`Kind`](super::kind::Kind) on either.
macro_rules! on {
    ($subject:expr, $history:ident => $call:expr) => {
        match $subject {
            $crate::health::subject::Subject::Dataset($history) => $call,
            $crate::health::subject::Subject::Volume($history) => $call,
        }
    };
}

pub(super) use on;
