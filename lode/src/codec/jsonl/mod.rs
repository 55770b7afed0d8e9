//! JSON lines.

mod line;

use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

use crate::codec::{DecodeError, EncodeError, RecordCodec, RecordEncoder, StreamingCodec};
use crate::compress::{Compressor, Noop};
use crate::record::{Misfit, Record};

/// One JSON object a line, UTF-8, lines ended by `\n`.
///
/// Integers and finite floats come back exactly as they were written. NaN and infinities, which
/// JSON has not, are refused with the field's name, and so is a `#[lode(json)]` field of more than 95
/// levels. When reading, empty lines are skipped, a line
/// may end in `\r\n`, and the last one need not end at all.
///
/// ```
/// use lode::codec::Jsonl;
/// use lode::compress::Zstd;
///
/// let codec = Jsonl::new().compress(Zstd::default());
/// ```
#[derive(Debug, Clone)]
pub struct Jsonl {
    compression: Arc<dyn Compressor>,
}

impl Jsonl {
    /// JSON lines, not compressed.
    #[must_use]
    pub fn new() -> Self {
        Self { compression: Arc::new(Noop) }
    }

    /// Compresses files with `compressor`.
    #[must_use]
    pub fn compress(self, compressor: impl Compressor) -> Self {
        Self { compression: Arc::new(compressor) }
    }
}

impl Default for Jsonl {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Record> RecordCodec<T> for Jsonl {
    fn name(&self) -> &str {
        "jsonl"
    }

    fn extension(&self) -> &str {
        ".jsonl"
    }

    fn compression(&self) -> Arc<dyn Compressor> {
        Arc::clone(&self.compression)
    }

    fn encoder(&self) -> Box<dyn RecordEncoder<T>> {
        Box::new(Encoder)
    }

    fn split(&self, bytes: &[u8]) -> usize {
        memrchr(b'\n', bytes).map_or(0, |newline| newline + 1)
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<T>) -> Result<(), DecodeError> {
        // Never more room than a few times the input, however many of its lines are empty.
        let room = bytes.len().saturating_mul(4) / size_of::<T>().max(1);
        records.reserve(room.min(memchr_iter(b'\n', bytes).count() + 1));
        each_line(bytes, |line| {
            records.push(serde_json::from_slice(line)?);
            Ok(())
        })
    }

    fn lines(&self, bytes: &[u8]) -> Option<u64> {
        Some(memchr_iter(b'\n', bytes).count() as u64)
    }
}

impl<T: Record> StreamingCodec<T> for Jsonl {}

/// Gives every line of `bytes` that is not empty to `read`, and says where an error of it is.
pub(crate) fn each_line(
    bytes: &[u8],
    mut read: impl FnMut(&[u8]) -> serde_json::Result<()>,
) -> Result<(), DecodeError> {
    let mut rest = bytes;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.trim_ascii().is_empty() {
            continue;
        }
        read(line).map_err(|e| DecodeError {
            line: number,
            column: e.column() as u64,
            source: e.into(),
        })?;
    }
    Ok(())
}

struct Encoder;

impl<T: Record> RecordEncoder<T> for Encoder {
    fn push(&mut self, record: &T, output: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(Misfit { path: field, reason }) = record.misfit() {
            return Err(EncodeError { field, source: reason.into() });
        }
        let start = output.len();
        let written = line::write(record, output).map_err(Into::into).and_then(|()| {
            match memchr(b'\n', &output[start..]) {
                // A verbatim value can hold one.
                Some(_) => Err("its JSON holds a line break".into()),
                None => Ok(()),
            }
        });
        match written {
            Ok(()) => output.push(b'\n'),
            Err(source) => {
                output.truncate(start);
                return Err(EncodeError { field: String::new(), source });
            }
        }
        Ok(())
    }
}
