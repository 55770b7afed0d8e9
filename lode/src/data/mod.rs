//! Data objects: how their bytes are stored and read back, checked.
//!
//! ```text
//! write:  chunks ─► members, compressed on the blocking pool ─► in order ─► hash
//!                                                                      └─► one put, or parts
//! read:   stored bytes ─► hash ─► decompress ─► runs of whole records ─► decoded in parallel
//! ```
//!
//! The executor's threads only move handles of bytes about. Everything that takes time is a job of
//! the blocking pool that does a bounded piece of work and hands its state on to the next, so that
//! a file whose reader has gone away, or is slow, holds no thread. Where all records of a file are
//! wanted at once, there is no slow reader: a few jobs keep theirs until they are done
//! (`collect_columns`).

#[cfg(feature = "parquet")]
mod collect_columns;
mod examine;
mod failure;
mod input;
mod members;
mod read_bytes;
#[cfg(feature = "parquet")]
mod read_columns;
mod read_records;
#[cfg(feature = "parquet")]
mod row_groups;
#[cfg(feature = "parquet")]
mod scan_columns;
mod source;
mod spare;
mod upload;
mod writer;

#[cfg(test)]
mod tests;

#[cfg(feature = "parquet")]
pub(crate) use collect_columns::collect_columns;
pub(crate) use examine::examine;
pub use input::BlockData;
pub(crate) use input::Source;
pub(crate) use read_bytes::{bytes, read_all};
#[cfg(feature = "parquet")]
pub(crate) use read_columns::{Columns, build, columns, made_of_columns};
pub(crate) use read_records::records;
#[cfg(feature = "parquet")]
pub(crate) use scan_columns::{
    ColumnScan, ColumnsOf, Surveyed, columns_of, columns_of_both, columns_of_records,
};
pub(crate) use source::FileToRead;
pub(crate) use spare::Spares;
pub(crate) use writer::{FileOptions, FileWriter};

/// Work on this many bytes or fewer is done at once, where handing it to another thread would cost
/// more than doing it.
pub(crate) const INLINE_BYTES: usize = 16 << 10;

/// How many jobs of one file run at once.
pub(crate) fn parallelism() -> usize {
    static CORES: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(16))
}
