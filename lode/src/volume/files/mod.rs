//! Volumes and files of the local disk: what is a gap in the one is a hole in the other.
//!
//! ```text
//! file ─► extents (data, not holes) ─► blocks ─► staging        import.rs, extents.rs
//! snapshot ─► runs of data ─► stream ─► temporary file ─► file  export.rs, temporary.rs
//! ```

mod blocks;
mod export;
mod extents;
mod import;
mod temporary;

use std::io;
use std::path::Path;

pub use export::Export;
pub use import::Import;

use crate::error::Error;

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { operation, path, source }
}
