//! What lode promises on every store, as functions over a store: run them on yours, or on a wrapper that
//! you wrote.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = lode::Store::memory(); // or Store::open("s3://bucket/prefix")?
//! let report = store.check().await;
//! assert!(report.is_ok(), "{report}");
//! lode::testing::conformance::all(&store).await?;
//! # Ok(()) }
//! ```
//!
//! Each function works in a folder of its own, `.lode-conformance/<id>/`, and removes it at its end, as far
//! as the store deletes. None needs to know what the store holds, and any number may run at once.

mod blobs;
mod datasets;
mod health;
mod volumes;
mod writers;

pub use blobs::{blob_ranges, blob_streams, blobs};
pub use datasets::{
    append, codecs, idempotency, neighbours, partitions, record_streams, times, write_and_read,
};
pub use health::{clean_up, restore, transactions, volume_health};
pub use volumes::{
    volume_choices, volume_overwrite, volume_sessions, volume_stage_and_commit, volume_streams,
    volume_writers,
};
pub use writers::{expected_heads, many_writers};

use futures::TryStreamExt;
use futures::future::BoxFuture;

use crate::error::{BoxError, chain};
use crate::store::Store;

/// A promise that a store, or lode on it, does not keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("conformance `{check}`: {reason}")]
#[non_exhaustive]
pub struct Failure {
    /// The function that found it.
    pub check: &'static str,
    /// What was found.
    pub reason: String,
}

/// Runs every function of this module, one after the other, until one fails.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// lode::testing::conformance::all(&lode::Store::memory()).await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// The first [`Failure`].
pub async fn all(store: &Store) -> Result<(), Failure> {
    write_and_read(store).await?;
    append(store).await?;
    record_streams(store).await?;
    codecs(store).await?;
    partitions(store).await?;
    times(store).await?;
    idempotency(store).await?;
    neighbours(store).await?;
    blobs(store).await?;
    blob_streams(store).await?;
    blob_ranges(store).await?;
    expected_heads(store).await?;
    many_writers(store).await?;
    transactions(store).await?;
    restore(store).await?;
    clean_up(store).await?;
    volume_stage_and_commit(store).await?;
    volume_overwrite(store).await?;
    volume_writers(store).await?;
    volume_sessions(store).await?;
    volume_choices(store).await?;
    volume_streams(store).await?;
    volume_health(store).await
}

/// What the body of a check gives.
type Outcome = Result<(), BoxError>;

/// Defines a check: its name, its documentation with an example, and its body.
macro_rules! checks {
    ($($(#[doc = $text:literal])* $name:ident => $body:path;)*) => { $(
        $(#[doc = $text])*
        ///
        /// ```
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), lode::testing::conformance::Failure> {
        /// let store = lode::Store::memory(); // or one of yours
        #[doc = concat!("lode::testing::conformance::", stringify!($name), "(&store).await?;")]
        /// # Ok(()) }
        /// ```
        ///
        /// # Errors
        /// [`Failure`](super::Failure), with what was found instead.
        pub async fn $name(store: &crate::Store) -> Result<(), super::Failure> {
            super::conduct(stringify!($name), store, |store| Box::pin($body(store))).await
        }
    )* };
}

/// Ends the body of a check, unless this holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+).into());
        }
    };
}

/// Ends the body of a check, unless both are equal.
macro_rules! ensure_eq {
    ($found:expr, $expected:expr, $what:expr) => {
        match (&$found, &$expected) {
            (found, expected) if found == expected => {}
            (found, expected) => {
                return Err(format!("{}: {found:?} instead of {expected:?}", $what).into());
            }
        }
    };
}

use {checks, ensure, ensure_eq};

/// Runs the body in a folder of its own, and removes that.
async fn conduct(
    check: &'static str,
    store: &Store,
    body: impl FnOnce(Store) -> BoxFuture<'static, Outcome> + Send,
) -> Result<(), Failure> {
    let failure = |error: BoxError| Failure { check, reason: chain(&*error) };
    let prefix = format!(".lode-conformance/{}", store.fresh_id().simple());
    let part = store.clone().prefixed(&prefix).map_err(|e| failure(e.into()))?;
    let outcome = body(part.clone()).await;
    let removed = remove(&part).await;
    outcome.map_err(failure)?;
    removed.map_err(|e| failure(e.into()))
}

async fn remove(store: &Store) -> crate::Result<()> {
    let listed: Vec<_> = store.list("").try_collect().await?;
    for meta in listed {
        if let Some(key) = store.key(&meta.location) {
            store.delete(key).await?;
        }
    }
    Ok(())
}

/// `len` bytes that repeat nowhere near.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(len).collect()
}
