//! Half of what was asked for.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::{GetResult, GetResultPayload, PutPayload, Result};

/// What a call says whose request or reply was lost.
pub fn lost() -> object_store::Error {
    object_store::Error::Generic { store: "fault", source: "the connection was lost".into() }
}

/// The first half of these bytes.
pub fn half(payload: PutPayload) -> Bytes {
    let bytes = Bytes::from(payload);
    bytes.slice(..bytes.len() / 2)
}

/// An answer that breaks off in the middle.
pub async fn half_of_get(mut found: GetResult) -> Result<GetResult> {
    let nothing = GetResultPayload::Stream(futures::stream::empty().boxed());
    let bytes = match std::mem::replace(&mut found.payload, nothing) {
        GetResultPayload::Stream(stream) => stream.try_collect::<Vec<Bytes>>().await?.concat(),
        GetResultPayload::File(..) => panic!("only stores that stream can break off"),
    };
    let first = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let items = [Ok(first), Err(lost())];
    found.payload = GetResultPayload::Stream(futures::stream::iter(items).boxed());
    Ok(found)
}
