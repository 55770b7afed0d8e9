//! What a write expects of the history: a head, or that it has not happened yet.

use std::sync::Arc;

use futures::TryStreamExt;

use super::chain::{Chain, Link};
use super::history::{Entry, History};
use crate::error::{Error, Result};
use crate::id::SnapshotId;

/// How many manifests are searched for an idempotency key.
const KEY_WINDOW: u64 = 64;

/// The head that a write was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Expect {
    /// Whichever is the head when the write is called.
    #[default]
    Any,
    /// This one; `None` for no snapshot at all.
    Head(Option<SnapshotId>),
}

impl<C: Chain> History<C> {
    /// The snapshot that was committed with `key`, among the last 64 from `head` on.
    pub(crate) async fn find_key(
        &self,
        key: &str,
        head: Option<&Arc<C::Manifest>>,
    ) -> Result<Option<Arc<C::Manifest>>> {
        let Some(head) = head else { return Ok(None) };
        if head.write_id().is_none() {
            return Ok(None);
        }
        if head.idempotency_key() == Some(key) {
            return Ok(Some(Arc::clone(head)));
        }
        // Ids of lode's are dense; below the first of them there may be Go's, which have no keys.
        let newest = head.id().get();
        let oldest = newest.saturating_sub(KEY_WINDOW - 1).max(1);
        let entries = self.load_all((oldest..newest).rev());
        let mut entries = std::pin::pin!(entries);
        loop {
            match entries.try_next().await {
                Ok(Some(entry)) if entry.link().write_id().is_none() => return Ok(None),
                Ok(Some(entry)) if entry.link().idempotency_key() == Some(key) => {
                    return self.hit(entry).map(Some);
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(Error::SnapshotNotFound { .. }) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
    }

    /// The snapshot that an idempotency key was found on.
    pub(super) fn hit(&self, entry: Entry<C>) -> Result<Arc<C::Manifest>> {
        match entry {
            Entry::Live(manifest) => Ok(manifest),
            Entry::Expired(tombstone) => Err(self.expired(tombstone.id())),
        }
    }

    /// Compares the head with what a write expects. Commits of gc do not count: they change no
    /// content.
    pub(crate) async fn check_expected(
        &self,
        expect: Expect,
        head: Option<&Arc<C::Manifest>>,
    ) -> Result<()> {
        let Expect::Head(expected) = expect else { return Ok(()) };
        let conflict = || Error::Conflict {
            owner: self.of.owner(),
            expected,
            found: head.map(|head| head.id()),
        };
        let Some(head) = head else {
            return if expected.is_none() { Ok(()) } else { Err(conflict()) };
        };
        let Some(expected) = expected else { return Err(conflict()) };
        let mut entry = Entry::<C>::Live(Arc::clone(head));
        while entry.link().id() != expected {
            match entry.link().parent() {
                Some(parent) if entry.link().is_gc() && parent >= expected => {
                    entry = self.load(parent).await?.ok_or_else(|| self.not_found(parent))?;
                }
                _ => return Err(conflict()),
            }
        }
        Ok(())
    }
}
