//! The bytes of a file that are there.

use std::io::Cursor;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// Runs of a file's bytes, which are read by their places in the file.
#[derive(Debug, Clone)]
pub(crate) struct Pieces(Arc<[(u64, Bytes)]>);

impl Pieces {
    pub(super) fn one(begin: u64, bytes: Bytes) -> Self {
        Self([(begin, bytes)].into())
    }

    /// Runs of bytes, by the bytes they begin at.
    pub(crate) fn new(mut pieces: Vec<(u64, Bytes)>) -> Self {
        pieces.sort_by_key(|piece| piece.0);
        Self(pieces.into())
    }

    pub(crate) fn all(&self) -> &[(u64, Bytes)] {
        &self.0
    }

    /// The piece that holds this range, and where in it.
    fn find(&self, range: Range<u64>) -> Option<(&Bytes, Range<usize>)> {
        let before = self.0.partition_point(|piece| piece.0 <= range.start);
        // Pieces may overlap: the one that begins last need not be the one that reaches.
        self.0.get(..before)?.iter().rev().find_map(|(begin, bytes)| {
            let from = usize::try_from(range.start - begin).ok()?;
            let to = usize::try_from(range.end.checked_sub(*begin)?).ok()?;
            (from <= to && to <= bytes.len()).then_some((bytes, from..to))
        })
    }

    /// The bytes of this range.
    pub(crate) fn at(&self, range: Range<u64>) -> Option<&[u8]> {
        let (bytes, range) = self.find(range)?;
        bytes.get(range)
    }

    pub(crate) fn slice(&self, start: u64, len: u64) -> Option<Bytes> {
        let (bytes, range) = self.find(start..start.checked_add(len)?)?;
        Some(bytes.slice(range))
    }
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.0.last().map_or(0, |(begin, bytes)| begin + bytes.len() as u64)
    }
}

impl ChunkReader for Pieces {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        // A header of a page, which is in one piece with its page.
        let (bytes, range) = self.find(start..start + 1).ok_or_else(|| outside(start))?;
        Ok(Cursor::new(bytes.slice(range.start..)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.slice(start, length as u64).ok_or_else(|| outside(start))
    }
}

fn outside(start: u64) -> ParquetError {
    ParquetError::General(format!("byte {start} was not read"))
}
