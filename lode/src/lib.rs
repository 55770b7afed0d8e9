//! lode

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod ambient;
pub mod checksum;
pub mod codec;
mod commit;
pub mod compress;
mod data;
mod dataset;
mod error;
mod id;
pub mod layout;
mod limits;
pub mod manifest;
mod metadata;
pub mod partition;
mod progress;
pub mod record;
mod store;

pub use checksum::Checksum;
pub use codec::{Blob, Codec, Content};
pub use commit::{CommitToken, OnConflict, Retry};
pub use dataset::{
    Added, Append, BlobContent, BlobWriter, Catalog, Dataset, HivePartitioned, IntoRecords,
    OpenWriter, Read, RecordContent, RecordStream, RecordWriter, Snapshot, StreamBlob, StreamWrite,
    Write,
};
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
