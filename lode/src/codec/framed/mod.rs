//! Records that do not say where they end, one after the other: each in a frame.
//!
//! ```text
//! file:   header, frame, frame, …
//! header: ff ff ff ff, the 16 bytes of the record's shape
//! frame:  the record's length (32 bits, little-endian), the record
//! ```

#[cfg(test)]
mod tests;
mod texts;

use crate::codec::{DecodeError, EncodeError};
use crate::error::BoxError;
use crate::record::{Record, shape};

pub(super) use texts::Texts;

/// How many bytes a length has.
const LENGTH: usize = 4;

/// The length that no record has: a header begins.
const HEADER: u32 = u32::MAX;

/// A header has this many bytes after the mark.
const SHAPE: usize = 16;

/// Makes sure, when the program is compiled, that records can be stored without their names.
pub(super) const fn assert_fits<T: Record>() {
    assert!(
        !T::SCHEMA.has_json(),
        "bincode and postcard cannot read `#[lode(json)]` fields back, which may hold anything: \
         use `Jsonl` or `Parquet`, or a type that lode stores"
    );
    assert!(
        !T::SCHEMA.has_empty_array(),
        "bincode and postcard cannot store an array of length 0: remove it"
    );
}

/// Writes frames.
pub(super) struct Frames {
    shape: [u8; SHAPE],
    has_begun: bool,
}

impl Frames {
    pub(super) fn of<T: Record>() -> Self {
        Self { shape: shape(&T::SCHEMA), has_begun: false }
    }

    /// Appends a frame, with what `write` appends in it.
    pub(super) fn push(
        &mut self,
        output: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), BoxError>,
    ) -> Result<(), EncodeError> {
        let start = output.len();
        if !self.has_begun {
            output.extend_from_slice(&HEADER.to_le_bytes());
            output.extend_from_slice(&self.shape);
        }
        let place = output.len();
        output.extend_from_slice(&[0; LENGTH]);
        let written = write(output).and_then(|()| {
            let len = output.len().saturating_sub(place + LENGTH);
            u32::try_from(len).ok().filter(|&len| len != HEADER).ok_or_else(|| {
                format!("it has {len} bytes, and a record has less than 4 GiB").into()
            })
        });
        match (written, output.get_mut(place..place + LENGTH)) {
            (Ok(len), Some(length)) => {
                length.copy_from_slice(&len.to_le_bytes());
                self.has_begun = true;
                Ok(())
            }
            (written, _) => {
                output.truncate(start);
                let source = written.err().unwrap_or_else(|| "it took bytes back".into());
                Err(EncodeError { field: String::new(), source })
            }
        }
    }
}

/// The length of the longest prefix that is made of whole frames.
pub(super) fn split(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((_, after)) = next(rest) {
        rest = after;
    }
    bytes.len() - rest.len()
}

/// Appends what `read` makes of the frames in `bytes`.
pub(super) fn decode<T: Record>(
    bytes: &[u8],
    records: &mut Vec<T>,
    mut read: impl FnMut(&[u8]) -> Result<T, BoxError>,
) -> Result<(), DecodeError> {
    if const { T::SCHEMA.has_json() || T::SCHEMA.has_empty_array() } {
        let source = "records with JSON, or with an array of length 0, are not stored so".into();
        return Err(DecodeError { line: 1, column: 0, source });
    }
    reserve(bytes, records);
    let mut rest = bytes;
    let mut number = 1;
    let at = |number, source| DecodeError { line: number, column: 0, source };
    while !rest.is_empty() {
        let Some((part, after)) = next(rest) else {
            return Err(at(number, "it ends before its frame does".into()));
        };
        rest = after;
        match part {
            Part::Shape(found) if found == shape(&T::SCHEMA) => {}
            Part::Shape(_) => {
                let reason = "the file's records have another shape: other fields, or an array \
                              instead of a list";
                return Err(at(number, reason.into()));
            }
            Part::Record(record) => {
                records.push(read(record).map_err(|source| at(number, source))?);
                number += 1;
            }
        }
    }
    Ok(())
}

/// Appends bytes, which are one most often: texts made on the way come letter by letter.
#[inline(always)]
pub(super) fn append(output: &mut Vec<u8>, bytes: &[u8]) {
    match bytes {
        [byte] => output.push(*byte),
        _ => output.extend_from_slice(bytes),
    }
}

/// Makes sure that nothing follows a record in its frame.
pub(super) fn used_up(rest: usize) -> Result<(), BoxError> {
    match rest {
        0 => Ok(()),
        _ => Err(format!("{rest} bytes are left after the record in its frame").into()),
    }
}

/// Makes room for the records; never more than a few times the input, however many frames are empty.
fn reserve<T>(bytes: &[u8], records: &mut Vec<T>) {
    let (mut rest, mut count) = (bytes, 0);
    while let Some((_, after)) = next(rest) {
        (rest, count) = (after, count + 1);
    }
    let room = bytes.len().saturating_mul(4) / size_of::<T>().max(1);
    records.reserve(room.min(count));
}

/// Counts the frames of a file that comes in pieces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter {
    rows: u64,
    /// How many bytes to pass over.
    left: u64,
    /// The beginning of a length.
    length: Vec<u8>,
    is_record: bool,
}

impl Counter {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let passed = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= passed as u64;
            rest = &rest[passed..];
            if self.left > 0 {
                return;
            }
            self.rows += u64::from(std::mem::take(&mut self.is_record));
            let (taken, after) = rest.split_at(rest.len().min(LENGTH - self.length.len()));
            self.length.extend_from_slice(taken);
            rest = after;
            let Some(length) = self.length.first_chunk::<LENGTH>() else { return };
            let length = u32::from_le_bytes(*length);
            self.length.clear();
            self.is_record = length != HEADER;
            self.left = if self.is_record { u64::from(length) } else { SHAPE as u64 };
        }
    }

    /// How many there were; `None` if the last is not whole.
    pub(crate) fn finish(self) -> Option<u64> {
        (self.left == 0 && self.length.is_empty()).then_some(self.rows + u64::from(self.is_record))
    }
}

enum Part<'a> {
    Shape(&'a [u8]),
    Record(&'a [u8]),
}

/// The first frame or header, and what follows it; `None` if it is not whole.
fn next(bytes: &[u8]) -> Option<(Part<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    match u32::from_le_bytes(*length) {
        HEADER => rest.split_at_checked(SHAPE).map(|(shape, rest)| (Part::Shape(shape), rest)),
        len => {
            let (record, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
            Some((Part::Record(record), rest))
        }
    }
}
