//! Where a file has data.

use std::fs::File;
use std::io;
use std::ops::Range;

/// The first stretch of data at `at` or behind it, in a file of `len` bytes; the holes that the file
/// system knows of are left out.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_vendor = "apple"
))]
pub(super) fn next_data(file: &File, at: u64, len: u64) -> io::Result<Option<Range<u64>>> {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    if at >= len {
        return Ok(None);
    }
    let start = match seek(file, SeekFrom::Data(at)) {
        Ok(start) => start.max(at),
        // From here on there are only holes, or the file has become shorter.
        Err(Errno::NXIO) => return Ok(None),
        // The file system does not know.
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOTTY) => return Ok(Some(at..len)),
        Err(error) => return Err(error.into()),
    };
    if start >= len {
        return Ok(None);
    }
    match seek(file, SeekFrom::Hole(start)) {
        Ok(end) if end > start => Ok(Some(start..end.min(len))),
        _ => Ok(Some(start..len)),
    }
}

/// As if there were no holes.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_vendor = "apple"
)))]
pub(super) fn next_data(_: &File, at: u64, len: u64) -> io::Result<Option<Range<u64>>> {
    Ok((at < len).then_some(at..len))
}
