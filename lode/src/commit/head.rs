//! Finding the head: from what is remembered, from the hint, by probing, by listing.

use std::sync::Arc;

use futures::future::{join, try_join};

use super::chain::{Chain, Link};
use super::history::{Entry, History};
use crate::error::Result;
use crate::id::SnapshotId;

impl<C: Chain> History<C> {
    /// The newest snapshot, or `None` if there is none. Always looks at storage.
    pub(crate) async fn head(&self) -> Result<Option<Arc<C::Manifest>>> {
        if let Some(known) = self.remembered() {
            let next = known.id().get() + 1;
            let (found, newer) = try_join(self.stamp(known.id()), self.probe(next)).await?;
            match (self.is_still(&known, found), newer) {
                (true, false) => return Ok(Some(known)),
                (true, true) => return self.head_from(SnapshotId::new(next)?).await.map(Some),
                // Somebody removed the dataset, or put another one in its place.
                (false, _) => self.forget(),
            }
        }
        let head = self.cold_head().await?;
        if let Some(head) = &head {
            self.remember(head);
        }
        Ok(head)
    }

    /// The head, knowing nothing.
    async fn cold_head(&self) -> Result<Option<Arc<C::Manifest>>> {
        if let Some(hint) = self.hint().await {
            // A hint can say anything, also an id that has none after it.
            let next = self.probe(hint.get() + 1);
            let (entry, newer) = join(self.load(hint), next).await;
            match entry {
                Ok(Some(entry)) if entry.link().write_id().is_some() => {
                    return match (entry, newer?) {
                        (Entry::Live(manifest), false) => Ok(Some(manifest)),
                        (_, true) => self.head_from(hint.next()?).await.map(Some),
                        // It was the head when its successor was looked for.
                        (Entry::Expired(_), false) => self.head_from(hint).await.map(Some),
                    };
                }
                // Go's ids are not dense and its hint can lie behind; and for a damaged manifest
                // all that counts here is that others exist.
                Ok(Some(_)) => return self.listed_head().await,
                Err(e) if e.is_about_manifest() => return self.listed_head().await,
                Err(e) => return Err(e),
                Ok(None) => {}
            }
        }
        match self.load(SnapshotId::FIRST).await {
            Ok(Some(entry)) if entry.link().write_id().is_some() => {
                self.head_from(SnapshotId::FIRST).await.map(Some)
            }
            Err(e) if !e.is_about_manifest() => Err(e),
            _ => self.listed_head().await,
        }
    }

    /// What the hint says, if anything.
    async fn hint(&self) -> Option<SnapshotId> {
        let body = match self.store.get_bytes(&self.of.hint(), 64, None).await {
            Ok(body) => body?,
            Err(error) => {
                tracing::debug!(of = %self.of.owner(), %error, "the hint cannot be read");
                return None;
            }
        };
        SnapshotId::parse(std::str::from_utf8(&body).ok()?.trim_end())
    }

    /// The head, knowing that a manifest of lode's exists at `present`: gallop, then bisect, since
    /// lode's ids are dense.
    pub(crate) async fn head_from(&self, present: SnapshotId) -> Result<Arc<C::Manifest>> {
        let mut low = present.get();
        loop {
            let mut step = 1;
            let mut high = loop {
                let probe = low.saturating_add(step);
                if !self.probe(probe).await? {
                    break probe;
                }
                low = probe;
                step = step.saturating_mul(2);
            };
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if self.probe(middle).await? {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            let id = SnapshotId::new(low)?;
            match self.load(id).await?.ok_or_else(|| self.not_found(id))? {
                Entry::Live(manifest) => {
                    self.remember(&manifest);
                    return Ok(manifest);
                }
                // It was the head when it was probed, and was expired since: there is a newer one.
                Entry::Expired(_) if self.exists(id.next()?).await? => low += 1,
                Entry::Expired(_) => return Err(self.expired(id)),
            }
        }
    }

    async fn probe(&self, id: u64) -> Result<bool> {
        match SnapshotId::checked(id) {
            Some(id) => self.exists(id).await,
            None => Ok(false),
        }
    }

    /// The highest id of all manifests.
    async fn listed_head(&self) -> Result<Option<Arc<C::Manifest>>> {
        let Some(&id) = self.ids().await?.last() else { return Ok(None) };
        match self.load(id).await?.ok_or_else(|| self.not_found(id))? {
            Entry::Live(manifest) => Ok(Some(manifest)),
            Entry::Expired(_) => self.head_from(id).await.map(Some),
        }
    }
}
