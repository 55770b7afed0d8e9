//! What a store answers when it is asked for bytes. Nothing of it is trusted: neither the size that it
//! says, nor the range, nor that the body is as long.

use std::ops::Range;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{GetOptions, GetResult};

use super::{Store, absent};
use crate::error::{Error, Result};

/// There is room for so many bytes of a body before they have come.
const ROOM: u64 = 16 << 20;

impl Store {
    /// The answer to a request for these bytes of the object, which is to have `size` bytes. The body was
    /// not read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the object has another size; [`Error::Storage`], also if there is none.
    pub(crate) async fn request(
        &self,
        key: &str,
        size: u64,
        range: Range<u64>,
    ) -> Result<GetResult> {
        let options = GetOptions::new().with_range(Some(range.clone()));
        let found = match self.object_store().get_opts(&self.path(key)?, options).await {
            Ok(found) => found,
            Err(error @ object_store::Error::NotFound { .. }) => {
                return Err(Error::storage("get", key)(error));
            }
            // Stores have no common error for a range that the object does not have.
            Err(error) => {
                return Err(match self.head(key).await {
                    Ok(Some(meta)) if meta.size != size => Error::of_size(key, size, meta.size),
                    _ => Error::storage("get", key)(error),
                });
            }
        };
        if found.meta.size != size {
            return Err(Error::of_size(key, size, found.meta.size));
        }
        if found.range != range {
            let problem = format!("bytes {:?} came for bytes {range:?}", found.range);
            return Err(Error::storage("get", key)(wrong(problem)));
        }
        Ok(found)
    }

    /// These bytes of the object: [`request`](Self::request), and its body.
    pub(crate) async fn get_range(&self, key: &str, size: u64, range: Range<u64>) -> Result<Bytes> {
        let found = self.request(key, size, range).await?;
        whole(found).await.map_err(Error::storage("get", key))
    }

    /// The object's bytes, or `None` if there is none; refused above `limit`, which the `setting` sets if
    /// one does, before they are read.
    pub(crate) async fn get_bytes(
        &self,
        key: &str,
        limit: u64,
        setting: Option<&'static str>,
    ) -> Result<Option<Bytes>> {
        let Some(found) = self.get(key).await? else { return Ok(None) };
        if found.meta.size > limit || promised(&found) > limit {
            return Err(Error::too_large(key, "the object", limit, setting));
        }
        absent(whole(found).await).map_err(Error::storage("get", key))
    }
}

fn promised(found: &GetResult) -> u64 {
    found.range.end.saturating_sub(found.range.start)
}

/// The bytes that were promised. An answer that breaks off, or goes on, is no damage to what is stored.
pub(crate) async fn whole(found: GetResult) -> object_store::Result<Bytes> {
    let promised = promised(&found);
    // No more is read of a file than the range has.
    #[cfg(feature = "local")]
    if matches!(found.payload, object_store::GetResultPayload::File(..)) {
        return exact(found.bytes().await?, promised);
    }
    let mut chunks = found.into_stream();
    let (mut first, mut joined, mut len) = (Bytes::new(), Vec::new(), 0_u64);
    while let Some(chunk) = chunks.try_next().await? {
        len = len.saturating_add(chunk.len() as u64);
        if len > promised {
            return Err(wrong(format!("the answer has more than {promised} bytes")));
        }
        if len == chunk.len() as u64 {
            first = chunk;
            continue;
        }
        if joined.is_empty() {
            joined.reserve(promised.min(ROOM) as usize);
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&chunk);
    }
    exact(if joined.is_empty() { first } else { joined.into() }, promised)
}

fn exact(bytes: Bytes, promised: u64) -> object_store::Result<Bytes> {
    match bytes.len() {
        len if len as u64 == promised => Ok(bytes),
        len => Err(wrong(format!("the answer has {len} of {promised} bytes"))),
    }
}

/// An answer that ended `left` bytes too soon.
pub(crate) fn broken_off(left: u64) -> object_store::Error {
    wrong(format!("the answer ended {left} bytes before its end"))
}

fn wrong(problem: String) -> object_store::Error {
    object_store::Error::Generic { store: "lode", source: problem.into() }
}
