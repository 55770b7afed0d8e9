//! Reading what a scan wants of one file.
//!
//! This is where a codec with columns comes in: it decodes the columns of the predicate first, and
//! the others only for records that pass. Whatever it does, the result is that of decoding every
//! record and keeping those for which the predicate is true.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use super::super::formats::{Formats, Taken, Wanted};
use super::select::{FilterLines, FilterRecords, ThroughRecords};
use crate::codec::{DecodeRecords, Jsonl};
#[cfg(feature = "parquet")]
use crate::codec::{Parquet, parquet::Footer};
#[cfg(feature = "parquet")]
use crate::data::Surveyed;
use crate::error::Result;
use crate::manifest::{FileRef, Manifest};
use crate::predicate::Expr;
use crate::record::Record;

/// One file of a scan. Its schema has been checked.
pub(in crate::dataset) struct FileScan<T> {
    pub(in crate::dataset) formats: Formats<T>,
    pub(in crate::dataset) manifest: Arc<Manifest>,
    pub(in crate::dataset) file: FileRef,
    /// What is asked of its records; `None` if all are wanted, or are known to pass.
    pub(in crate::dataset) filter: Option<Arc<Expr>>,
}

/// The records of the file that pass, whole.
pub(super) fn whole<T: Record>(
    scan: &FileScan<T>,
    taken: Taken,
) -> Result<BoxStream<'static, Result<Vec<T>>>> {
    let FileScan { formats, manifest, file, filter } = scan;
    let codec = formats.codec_of(manifest, file)?;
    let Some(filter) = filter else {
        return match taken {
            Taken::AsTheyCome => formats.decoded(manifest, file, Wanted { codec, rows: None }),
            Taken::AtOnce => Ok(stream::once(formats.all_records(manifest, file)).boxed()),
        };
    };
    #[cfg(feature = "parquet")]
    if codec.is_parquet() {
        let all = formats.decoded(manifest, file, Wanted { codec, rows: None })?;
        let test = Arc::clone(filter);
        let otherwise = move || {
            Ok(by_chunks(all, move |mut records: Vec<T>| {
                records.retain(|record| test.eval(&record) == Some(true));
                records
            }))
        };
        return formats.scanned(manifest, file, Some(Arc::clone(filter)), taken, otherwise);
    }
    let rows = Arc::new(AtomicU64::new(0));
    let filter = Arc::clone(filter);
    let codec = Arc::new(FilterRecords { inner: codec, filter, rows: Arc::clone(&rows) });
    formats.decoded(manifest, file, Wanted { codec, rows: Some(rows) })
}

/// How many records of the file pass, in parts.
pub(super) fn counts<T: Record>(scan: &FileScan<T>) -> Result<BoxStream<'static, Result<u64>>> {
    let whole = whole(scan, Taken::AsTheyCome)?;
    let of_records = move || Ok(whole.map_ok(|records| records.len() as u64).boxed());
    #[cfg(feature = "parquet")]
    {
        let FileScan { formats, manifest, file, filter } = scan;
        if formats.codec_of(manifest, file)?.is_parquet() {
            let (filter, columns, read) =
                (filter.clone(), Footer::tested_columns, Surveyed::counts);
            return formats.surveyed(manifest, file, filter, columns, read, of_records);
        }
    }
    of_records()
}

/// The records of the file that pass, as records with a part of the fields.
pub(super) fn selected<T: Record, S: Record>(
    scan: &FileScan<T>,
    taken: Taken,
) -> Result<BoxStream<'static, Result<Vec<S>>>> {
    let FileScan { formats, manifest, file, filter } = scan;
    let inner = formats.codec_of(manifest, file)?;
    #[cfg(feature = "parquet")]
    if inner.is_parquet() {
        let (all, of, wanted) = (formats.clone(), Arc::clone(manifest), file.clone());
        let test = filter.clone();
        let otherwise = move || match test {
            Some(filter) => all.tested(&of, &wanted, filter),
            None => {
                let codec = Arc::new(Parquet::new());
                all.decoded(&of, &wanted, Wanted { codec, rows: None })
            }
        };
        return formats.scanned(manifest, file, filter.clone(), taken, otherwise);
    }
    // Other codecs decode chunk by chunk.
    let _ = taken;
    let rows = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&rows);
    let codec: Arc<dyn DecodeRecords<S>> = match filter.clone() {
        None if inner.is_jsonl() => {
            let codec = Arc::new(Jsonl::new());
            return formats.decoded(manifest, file, Wanted { codec, rows: None });
        }
        Some(filter) if inner.is_jsonl() => Arc::new(FilterLines::<T>::new(filter, counter)),
        filter => Arc::new(ThroughRecords { inner, filter, rows: counter }),
    };
    formats.decoded(manifest, file, Wanted { codec, rows: Some(rows) })
}

/// The chunks, made into others on a thread that may block.
#[cfg(feature = "parquet")]
fn by_chunks<T: Record>(
    chunks: BoxStream<'static, Result<Vec<T>>>,
    make: impl Fn(Vec<T>) -> Vec<T> + Clone + Send + 'static,
) -> BoxStream<'static, Result<Vec<T>>> {
    let made = move |records| {
        let make = make.clone();
        async move { Ok(tokio::task::spawn_blocking(move || make(records)).await?) }
    };
    chunks.and_then(made).boxed()
}
