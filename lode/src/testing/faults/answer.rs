//! What a store that fails answers.

use bytes::Bytes;
use futures::StreamExt;
use object_store::{Error, GetResult, GetResultPayload, PutPayload, Result};

use super::rule::Fault;

/// A status of HTTP, as `object_store` gives it after its own retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// 409: `AlreadyExists`. S3 says so of create-only puts that meet, also if none has landed.
    Conflict,
    /// 412: `Precondition`.
    PreconditionFailed,
    /// 429: `Generic`, as 'slow down'.
    TooManyRequests,
    /// 503: `Generic`.
    Unavailable,
}

impl Status {
    pub(super) fn error(self, path: &str) -> Error {
        let source = |text: &str| text.to_owned().into();
        let path = path.to_owned();
        match self {
            Self::Conflict => Error::AlreadyExists { path, source: source("409 Conflict") },
            Self::PreconditionFailed => {
                Error::Precondition { path, source: source("412 Precondition Failed") }
            }
            Self::TooManyRequests => {
                Error::Generic { store: STORE, source: source("429 Too Many Requests") }
            }
            Self::Unavailable => {
                Error::Generic { store: STORE, source: source("503 Service Unavailable") }
            }
        }
    }
}

const STORE: &str = "fault";

/// What a call says whose request or reply was lost.
pub(super) fn lost() -> Error {
    Error::Generic { store: STORE, source: "the connection was lost".into() }
}

/// The first half of these bytes.
pub(super) fn half(payload: PutPayload) -> Bytes {
    let bytes = Bytes::from(payload);
    bytes.slice(..bytes.len() / 2)
}

/// What is read under `fault`; `place` chooses which bit is changed.
pub(super) async fn spoiled(found: GetResult, fault: &Fault, place: usize) -> Result<GetResult> {
    let (meta, range) = (found.meta.clone(), found.range.clone());
    let (attributes, extensions) = (found.attributes.clone(), found.extensions.clone());
    let bytes = found.bytes().await?;
    let half = bytes.slice(..bytes.len() / 2);
    let items = match fault {
        Fault::Partway => vec![Ok(half), Err(lost())],
        Fault::Short => vec![Ok(half)],
        Fault::Altered => vec![Ok(with_a_bit_changed(bytes, place))],
        _ => vec![Ok(bytes)],
    };
    let payload = GetResultPayload::Stream(futures::stream::iter(items).boxed());
    Ok(GetResult { payload, meta, range, attributes, extensions })
}

fn with_a_bit_changed(bytes: Bytes, place: usize) -> Bytes {
    let mut bytes = Vec::from(bytes);
    let at = place.wrapping_mul(31).checked_rem(bytes.len()).unwrap_or(0);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << (place % 8);
    }
    bytes.into()
}
