//! Decoders that leave records out, or fields of them. They run where all decoding does: on
//! blocking threads, several at once.

use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::evolution::Evolution;
use super::super::formats::Formats;
use crate::codec::{DecodeError, DecodeRecords, Jsonl, RecordCodec, each_line};
use crate::error::{BoxError, Error, Result};
use crate::manifest::{FileRef, Manifest};
use crate::predicate::Expr;
use crate::record::{Record, RecordSchema, readable};

/// Makes sure that these files can be read as records `T`, and as records `S`.
pub(super) fn check<T: Record, S: Record>(
    formats: &Formats<T>,
    manifest: &Manifest,
    files: &[FileRef],
) -> Result<()> {
    formats.check(manifest, files)?;
    Evolution { record: S::SCHEMA, exact: Arc::new([]) }.check(manifest, files)?;
    // What says no schema is taken for what `T` says.
    let Some(file) = files.iter().find(|file| file.schema.is_none()) else { return Ok(()) };
    readable(&RecordSchema::of::<T>(), &S::SCHEMA).map_err(|diff| Error::SchemaMismatch {
        record: S::SCHEMA.name(),
        dataset: manifest.dataset_id.clone(),
        snapshot: manifest.snapshot_id,
        path: file.path.clone(),
        codec: None,
        diff,
    })
}

/// Whole records that pass.
pub(super) struct FilterRecords<T> {
    pub(super) inner: Arc<dyn DecodeRecords<T>>,
    pub(super) filter: Arc<Expr>,
    /// Counts all records.
    pub(super) rows: Arc<AtomicU64>,
}

impl<T: Record> DecodeRecords<T> for FilterRecords<T> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn split(&self, bytes: &[u8]) -> usize {
        self.inner.split(bytes)
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<T>) -> Result<u64, DecodeError> {
        let rows = self.inner.decode(bytes, records)?;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        records.retain(|record| self.filter.eval(&record) == Some(true));
        Ok(rows)
    }

    fn lines(&self, bytes: &[u8]) -> Option<u64> {
        self.inner.lines(bytes)
    }

    fn is_self_describing(&self) -> bool {
        self.inner.is_self_describing()
    }

    fn is_jsonl(&self) -> bool {
        self.inner.is_jsonl()
    }
}

/// JSON lines that pass as records `T`, decoded as others.
pub(super) struct FilterLines<T> {
    filter: Arc<Expr>,
    rows: Arc<AtomicU64>,
    of: PhantomData<fn() -> T>,
}

impl<T> FilterLines<T> {
    pub(super) fn new(filter: Arc<Expr>, rows: Arc<AtomicU64>) -> Self {
        Self { filter, rows, of: PhantomData }
    }
}

impl<T: Record, S: Record> DecodeRecords<S> for FilterLines<T> {
    fn name(&self) -> &str {
        "jsonl"
    }

    fn split(&self, bytes: &[u8]) -> usize {
        RecordCodec::<S>::split(&Jsonl::new(), bytes)
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<S>) -> Result<u64, DecodeError> {
        let mut rows = 0;
        each_line(bytes, |line| {
            rows += 1;
            let record: T = serde_json::from_slice(line)?;
            if self.filter.eval(&&record) == Some(true) {
                records.push(serde_json::from_slice(line)?);
            }
            Ok(())
        })?;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        Ok(rows)
    }

    fn lines(&self, bytes: &[u8]) -> Option<u64> {
        RecordCodec::<S>::lines(&Jsonl::new(), bytes)
    }

    fn is_self_describing(&self) -> bool {
        true
    }

    fn is_jsonl(&self) -> bool {
        true
    }
}

/// Whole records that pass, made into others by the names of their fields: for codecs that cannot
/// leave fields out.
pub(super) struct ThroughRecords<T> {
    pub(super) inner: Arc<dyn DecodeRecords<T>>,
    pub(super) filter: Option<Arc<Expr>>,
    pub(super) rows: Arc<AtomicU64>,
}

impl<T: Record, S: Record> DecodeRecords<S> for ThroughRecords<T> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn split(&self, bytes: &[u8]) -> usize {
        self.inner.split(bytes)
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<S>) -> Result<u64, DecodeError> {
        let mut whole = Vec::new();
        let rows = self.inner.decode(bytes, &mut whole)?;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        let mut buffer = Vec::new();
        for (record, line) in whole.iter().zip(1..) {
            let passes = self.filter.as_ref().is_none_or(|it| it.eval(&record) == Some(true));
            if passes {
                let made = convert(record, &mut buffer);
                let failed = |source| DecodeError { line, column: 0, source };
                records.push(made.map_err(failed)?);
            }
        }
        Ok(rows)
    }

    fn lines(&self, bytes: &[u8]) -> Option<u64> {
        self.inner.lines(bytes)
    }

    fn is_self_describing(&self) -> bool {
        self.inner.is_self_describing()
    }

    fn is_jsonl(&self) -> bool {
        false
    }
}

/// One record as another, by names. Not through JSON, which has no NaN.
pub(super) fn convert<T: Serialize, S: DeserializeOwned>(
    record: &T,
    buffer: &mut Vec<u8>,
) -> Result<S, BoxError> {
    buffer.clear();
    record.serialize(&mut rmp_serde::Serializer::new(&mut *buffer).with_struct_map())?;
    Ok(rmp_serde::from_slice(buffer)?)
}

macro_rules! debug {
    ($($name:ident)*) => {$(
        impl<T> Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(FilterRecords FilterLines ThroughRecords);
