//! The data of a file, cut into blocks.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;

use super::extents::next_data;
use super::failed;
use crate::error::{Error, Result};
use crate::id::VolumeId;

/// What is imported of a file, in order. Its methods may block.
pub(super) struct FileBlocks {
    file: File,
    path: PathBuf,
    volume: VolumeId,
    /// The length of the volume, which the file must have.
    len: u64,
    block_bytes: u64,
    /// What is left out, in order.
    pub(super) left_out: Vec<Range<u64>>,
    /// Everything before was given, or left out.
    at: u64,
    /// The last stretch of data that was found.
    data: Range<u64>,
}

impl FileBlocks {
    pub(super) fn open(
        path: PathBuf,
        volume: VolumeId,
        len: u64,
        block_bytes: u64,
    ) -> Result<Self> {
        // Before it is opened: that of a pipe would wait for a writer.
        let meta = fs::metadata(&path).map_err(failed("open", &path))?;
        if !meta.is_file() {
            let error = match meta.is_dir() {
                true => io::ErrorKind::IsADirectory.into(),
                false => io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"),
            };
            return Err(failed("open", &path)(error));
        }
        let file = File::open(&path).map_err(failed("open", &path))?;
        let blocks =
            Self { file, path, volume, len, block_bytes, left_out: Vec::new(), at: 0, data: 0..0 };
        blocks.check_len(u64::MAX)?;
        Ok(blocks)
    }

    /// The first stretch of data that has bytes in one of `ranges`, which are in order.
    pub(super) fn first_in(&self, ranges: &[Range<u64>]) -> Result<Option<Range<u64>>> {
        let Some(last) = ranges.last() else { return Ok(None) };
        let mut at = 0;
        while let Some(data) = self.find(at)?
            && data.start < last.end
        {
            let near = ranges.partition_point(|range| range.end <= data.start);
            if ranges.get(near).is_some_and(|range| range.start < data.end) {
                return Ok(Some(data));
            }
            at = data.end;
        }
        Ok(None)
    }

    /// Whether there are no blocks from here on.
    pub(super) fn is_at_end(&mut self) -> Result<bool> {
        Ok(self.seek_data()?.is_none())
    }

    /// The next block and where it begins; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Bytes)>> {
        let Some(data) = self.seek_data()? else {
            self.check_len(u64::MAX)?;
            return Ok(None);
        };
        let cut = (data.start / self.block_bytes + 1).saturating_mul(self.block_bytes);
        let length = data.end.min(cut) - data.start;
        let bytes = self.read(data.start, length).map_err(failed("read", &self.path))?;
        if (bytes.len() as u64) < length {
            self.check_len(data.start + bytes.len() as u64)?;
        }
        self.at = data.start + length;
        Ok(Some((data.start, bytes.into())))
    }

    /// The next stretch of data that is not left out.
    fn seek_data(&mut self) -> Result<Option<Range<u64>>> {
        loop {
            if self.at >= self.data.end {
                match self.find(self.at)? {
                    Some(data) => self.data = data,
                    None => return Ok(None),
                }
            }
            let start = self.at.max(self.data.start);
            let near = self.left_out.partition_point(|range| range.end <= start);
            match self.left_out.get(near) {
                Some(left_out) if left_out.start <= start => self.at = left_out.end,
                Some(left_out) => return Ok(Some(start..self.data.end.min(left_out.start))),
                None => return Ok(Some(start..self.data.end)),
            }
        }
    }

    fn find(&self, at: u64) -> Result<Option<Range<u64>>> {
        next_data(&self.file, at, self.len).map_err(failed("read", &self.path))
    }

    fn read(&self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Refuses a file of another length than the volume's; `end` is where it was seen to end.
    fn check_len(&self, end: u64) -> Result<()> {
        let meta = self.file.metadata().map_err(failed("read", &self.path))?;
        let found = meta.len().min(end);
        match found == self.len {
            true => Ok(()),
            false => Err(Error::FileLength {
                volume: self.volume.clone(),
                path: self.path.clone(),
                expected: self.len,
                found,
            }),
        }
    }
}
