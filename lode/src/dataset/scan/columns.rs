//! Files of columns.

use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use tokio::task::spawn_blocking;

use super::select::convert;
use crate::error::{Error, Result};
use crate::predicate::Expr;
use crate::record::Record;

/// Chunks of records.
type Chunks<T> = BoxStream<'static, Result<Vec<T>>>;

/// The records that pass.
pub(super) fn filtered<T: Record>(chunks: Chunks<T>, filter: Arc<Expr>) -> Chunks<T> {
    let passing = move |mut chunk: Vec<T>| {
        let filter = Arc::clone(&filter);
        async move {
            let passing = spawn_blocking(move || {
                chunk.retain(|record| filter.eval(&record) == Some(true));
                chunk
            });
            Ok(passing.await?)
        }
    };
    chunks.and_then(passing).boxed()
}

/// The same records with a part of their fields.
pub(super) fn converted<T: Record, S: Record>(chunks: Chunks<T>) -> Chunks<S> {
    let converted = |chunk: Vec<T>| async move {
        let made = spawn_blocking(move || {
            let mut buffer = Vec::new();
            chunk.iter().map(|record| convert(record, &mut buffer)).collect::<Result<Vec<S>, _>>()
        });
        made.await?.map_err(|source| Error::Encode { row: 0, field: String::new(), source })
    };
    chunks.and_then(converted).boxed()
}
