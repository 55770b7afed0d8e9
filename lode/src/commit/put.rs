//! The create-only put of a manifest, and the one rule for every unclear answer.

use std::time::Duration;

use bytes::Bytes;

use super::chain::Chain;
use super::history::{Entry, History};
use super::policy::Retry;
use super::token::CommitToken;
use crate::error::{Error, Result};
use crate::id::{SnapshotId, WriteId};

/// How often an unclear put is settled by reading back and putting again.
const SETTLING: Retry = Retry {
    attempts: 7,
    base_delay: Duration::from_millis(25),
    max_delay: Duration::from_secs(2),
    jitter: true,
};

/// Whose manifest stands at an id.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Ours: committed.
    Ours,
    /// Another's: ours can never land at this id any more.
    Theirs,
}

impl<C: Chain> History<C> {
    /// Puts the manifest `body` of `write_id` at `id`, create-only.
    ///
    /// Any answer but success is one case: whoever's write id stands there afterwards has
    /// committed. While nothing stands there the put may still arrive, so it is put again, until
    /// one of the two is seen. Stores that have nothing in flight once they have answered (local,
    /// memory) need no second put: there, nothing stands there for ever. They are believed as well
    /// if what stands there is no manifest; a server may have answered with something else, such as
    /// a page of a proxy's, while ours stands there.
    ///
    /// `doubtful` says that an earlier put of it may have failed after its name was given: locally,
    /// it is synced again before it counts.
    pub(super) async fn put_manifest(
        &self,
        id: SnapshotId,
        write_id: WriteId,
        body: &Bytes,
        mut doubtful: bool,
    ) -> Result<Outcome> {
        let key = self.manifest_key(id);
        let path = self.store.path(&key)?;
        let (mut attempt, mut was_sent, mut unreadable) = (0, doubtful, None);
        loop {
            let Err(error) = self.store.create(&path, body.clone()).await else {
                return Ok(Outcome::Ours);
            };
            tracing::debug!(of = %self.of.owner(), snapshot = %id, %error, "unclear put");
            doubtful |= !matches!(error, object_store::Error::AlreadyExists { .. });
            was_sent |= !was_refused_here(&error);
            match self.load(id).await {
                Ok(Some(entry)) if entry.link().write_id() != Some(write_id) => {
                    return Ok(Outcome::Theirs);
                }
                Ok(Some(Entry::Live(_))) if !doubtful => return Ok(Outcome::Ours),
                Ok(Some(Entry::Live(_))) => match self.store.sync(&key).await {
                    Ok(()) => return Ok(Outcome::Ours),
                    Err(e) => tracing::warn!(of = %self.of.owner(), error = %e, "not synced"),
                },
                // Committed, and expired since.
                Ok(Some(Entry::Expired(_))) => return Err(self.expired(id)),
                Ok(None) if self.store.is_settled() || !was_sent => {
                    return Err(Error::storage("put", key)(error));
                }
                // Ours is whole, and small enough, and of this version.
                Err(e @ Error::UnsupportedVersion { .. }) => return Err(e),
                Err(e @ (Error::ManifestInvalid { .. } | Error::LimitExceeded { .. })) => {
                    if self.store.is_settled() {
                        return Err(e);
                    }
                    unreadable = Some(e);
                }
                Ok(None) | Err(_) => unreadable = None,
            }
            if attempt == SETTLING.attempts {
                let token = CommitToken {
                    owner: self.of.owner(),
                    id,
                    path: key,
                    write_id,
                    manifest: String::from_utf8_lossy(body).into_owned(),
                };
                let source = match unreadable {
                    Some(e) => object_store::Error::Generic { store: "lode", source: e.into() },
                    None => error,
                };
                return Err(Error::CommitUnknown { token: Box::new(token), source });
            }
            let entropy = self.store.fresh_id().as_u128();
            tokio::time::sleep(SETTLING.delay(attempt, entropy)).await;
            attempt += 1;
        }
    }
}

/// Whether the client refused the put by itself.
fn was_refused_here(error: &object_store::Error) -> bool {
    matches!(
        error,
        object_store::Error::NotImplemented { .. }
            | object_store::Error::NotSupported { .. }
            | object_store::Error::InvalidPath { .. }
    )
}
