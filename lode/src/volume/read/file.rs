//! Bytes of a local file, on a thread that may block.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;

use super::fetch::Expected;
use crate::data::Spares;
use crate::error::{Error, Result};

/// The bytes are read and hashed in steps that stay in a core's cache.
const STEP: usize = 512 << 10;

/// What to read of which file: all in one job.
pub(super) struct FileRead {
    pub(super) path: PathBuf,
    pub(super) key: String,
    pub(super) range: Range<u64>,
    /// The size that the file must have.
    pub(super) size: u64,
    pub(super) expected: Option<Expected>,
    pub(super) spares: Option<Spares>,
}

impl FileRead {
    /// As [`read`], of a file that is to be opened, and must have its size.
    pub(super) fn run(self) -> Result<Bytes> {
        let Self { path, key, range, size, expected, spares } = self;
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?, file)));
        let found = opened.and_then(|found| match found.0.is_dir() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(found),
        });
        let (meta, file) = found.map_err(|error| {
            let source = match error.kind() {
                io::ErrorKind::NotFound => object_store::Error::NotFound {
                    path: path.to_string_lossy().into_owned(),
                    source: error.into(),
                },
                _ => local(error),
            };
            Error::storage("get", &*key)(source)
        })?;
        match meta.len() == size {
            true => read(file, range, expected, &key, spares),
            false => Err(Error::of_size(&key, size, meta.len())),
        }
    }
}

/// The bytes of a range that the file was seen to have, verified if something is `expected` of them.
pub(super) fn read(
    mut file: File,
    range: Range<u64>,
    expected: Option<Expected>,
    key: &str,
    spares: Option<Spares>,
) -> Result<Bytes> {
    let failed = |error| Error::storage("read", key)(local(error));
    let length = range.end - range.start;
    // As long as what was in it, so that nothing has to be cleared to be read into.
    let mut buffer = spares.map(|spares| spares.take_fitting(length)).unwrap_or_default();
    let too_large = || Error::too_large(key, "the block", isize::MAX as u64, None);
    let room = usize::try_from(length).map_err(|_| too_large())?;
    let missing = room.saturating_sub(buffer.len());
    buffer.try_reserve_exact(missing).map_err(|_| too_large())?;
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    }
    let mut hasher = expected.as_ref().map(Expected::hasher);
    buffer.truncate(room);
    let mut filled = 0;
    while filled < room {
        let end = room.min(filled + STEP);
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        let step = &mut buffer[filled..end];
        let read = match file.read(step) {
            Ok(0) => {
                let reason = format!("it ended {} bytes before its size", room - filled);
                return Err(Error::corrupt(key, reason));
            }
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        if let Some(hasher) = &mut hasher {
            hasher.update(&step[..read]);
        }
        filled += read;
    }
    if let (Some(expected), Some(hasher)) = (expected, hasher) {
        expected.check(hasher, key)?;
    }
    Ok(buffer.into())
}

fn local(error: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFileSystem", source: error.into() }
}
