//! Bytes of a local file, on a thread that may block.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;

use super::fetch::{Expected, short};
use crate::error::{Error, Result};

/// The bytes are hashed in steps that stay in the processor's cache.
const STEP: u64 = 256 << 10;

/// The bytes of a range that the file was seen to have, verified if something is `expected` of them.
/// `buffer` is empty, and has room or not.
pub(super) fn read(
    mut file: File,
    range: Range<u64>,
    expected: Option<Expected>,
    key: &str,
    mut buffer: Vec<u8>,
) -> Result<Bytes> {
    let failed = |error: io::Error| {
        let source =
            object_store::Error::Generic { store: "LocalFileSystem", source: error.into() };
        Error::storage("read", key)(source)
    };
    let length = range.end - range.start;
    let room = usize::try_from(length).ok();
    if room.is_none_or(|room| buffer.try_reserve_exact(room).is_err()) {
        let limit = isize::MAX as u64;
        return Err(Error::LimitExceeded { path: key.to_owned(), what: "the block", limit });
    }
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    }
    let mut hasher = expected.as_ref().map(Expected::hasher);
    while (buffer.len() as u64) < length {
        let before = buffer.len();
        let left = length - before as u64;
        // `read_to_end` of a `Take` fills spare room without clearing it first.
        let read = (&file).take(left.min(STEP)).read_to_end(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Err(short(key, left));
        }
        if let Some(hasher) = &mut hasher {
            hasher.update(&buffer[before..]);
        }
    }
    if let (Some(expected), Some(hasher)) = (expected, hasher) {
        expected.check(hasher, key)?;
    }
    Ok(buffer.into())
}
