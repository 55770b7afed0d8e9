//! lode

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod ambient;
pub mod checksum;
pub mod codec;
mod commit;
pub mod compress;
#[allow(dead_code)]
mod data;
mod dataset;
mod error;
mod id;
#[allow(dead_code)]
pub mod layout;
mod limits;
#[allow(dead_code)]
pub mod manifest;
mod metadata;
pub mod partition;
mod progress;
pub mod record;
mod store;

pub use commit::CommitToken;
pub use error::{BoxError, Error, Result};
pub use id::{DatasetId, SnapshotId, WriteId};
pub use layout::{DefaultLayout, FlatLayout, HiveLayout};
pub use limits::Limits;
pub use lode_derive::{Enum, Metadata, Record};
pub use metadata::{IntoMetadata, Metadata, MetadataDraft};
pub use partition::{PartitionFilter, PartitionValue};
pub use progress::{Progress, ProgressFn};
pub use record::{Bytes, Partitioned, Record};
pub use store::{Check, Durability, Store, StoreReport};
