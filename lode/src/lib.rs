//! lode

pub mod ambient;
pub mod checksum;
pub mod codec;
mod commit;
pub mod compress;
#[allow(dead_code)]
mod data;
#[doc(hidden)]
pub use data::bench as __bench;
mod dataset;
mod error;
mod id;
mod layout;
mod limits;
mod manifest;
mod metadata;
mod partition;
mod progress;
pub mod record;
mod store;

pub use commit::CommitToken;
pub use error::{BoxError, Error, Result};
pub use id::{DatasetId, SnapshotId, WriteId};
pub use limits::Limits;
pub use progress::{Progress, ProgressFn};
pub use record::{Partitioned, Record};
pub use store::{Check, Durability, Store, StoreReport};
