//! Looking up snapshots: by id, by time, one after the other.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::chain::{Chain, Link};
use super::history::{Entry, History, LOADS_IN_FLIGHT};
use crate::error::{Error, Result};
use crate::id::SnapshotId;

impl<C: Chain> History<C> {
    /// The snapshot `id`, which must be there and not expired.
    pub(crate) async fn live(&self, id: SnapshotId) -> Result<Arc<C::Manifest>> {
        match self.load(id).await? {
            Some(Entry::Live(manifest)) => Ok(manifest),
            Some(Entry::Expired(_)) => Err(self.expired(id)),
            None => Err(self.not_found(id)),
        }
    }

    /// All snapshots that have not expired, newest first, loaded as they are asked for. A damaged
    /// one is an error in its place.
    pub(crate) fn newest_first(&self) -> BoxStream<'static, Result<Arc<C::Manifest>>> {
        let history = self.clone();
        let ids = {
            let history = history.clone();
            async move { history.ids().await }
        };
        let load = move |id| {
            let history = history.clone();
            async move {
                match history.live(id).await {
                    Err(Error::Expired { .. }) => None,
                    found => Some(found),
                }
            }
        };
        futures::stream::once(ids)
            .map_ok(move |ids| {
                futures::stream::iter(ids.into_iter().rev())
                    .map(load.clone())
                    .buffered(LOADS_IN_FLIGHT)
                    .filter_map(futures::future::ready)
            })
            .try_flatten()
            .boxed()
    }

    /// The newest snapshot that was committed at `time` or before.
    pub(crate) async fn as_of(&self, time: DateTime<Utc>) -> Result<Option<Arc<C::Manifest>>> {
        let ids = self.ids().await?;
        let (mut low, mut high) = (0, ids.len());
        let mut best = None;
        // A damaged one between the best and the first that is too young: it could be the one.
        let mut damage = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let (mut at, mut damaged) = (middle, None);
            let entry = loop {
                match self.load(ids[at]).await {
                    Ok(Some(entry)) => break Some(entry),
                    Ok(None) => return Err(self.not_found(ids[at])),
                    Err(e) if e.is_about_manifest() => damaged = Some(e),
                    Err(e) => return Err(e),
                }
                if at == low {
                    break None;
                }
                at -= 1;
            };
            match entry {
                None => {
                    damage = damage.or(damaged);
                    low = middle + 1;
                }
                Some(entry) if entry.link().created_at() <= time => {
                    (best, damage) = (Some(entry), damaged);
                    low = middle + 1;
                }
                Some(_) => high = at,
            }
        }
        match (best, damage) {
            (_, Some(damage)) => Err(damage),
            (None, None) => Ok(None),
            (Some(Entry::Live(manifest)), None) => Ok(Some(manifest)),
            (Some(Entry::Expired(tombstone)), None) => Err(self.expired(tombstone.id())),
        }
    }
}
