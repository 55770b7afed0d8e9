//! Tombstones in the place of manifests.

use std::fmt;
use std::future::IntoFuture;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tracing::Instrument;

use super::kind::{Kind, check_minor};
use super::retain::Retain;
use super::subject::{Subject, on};
use crate::commit::{Chain, Entry, History, LOADS_IN_FLIGHT, Link};
use crate::error::Result;
use crate::id::SnapshotId;

/// Snapshots to be expired, from [`Dataset::expire`](crate::Dataset::expire) or
/// [`Volume::expire`](crate::Volume::expire): `.await` it.
#[derive(Debug)]
#[must_use = "nothing expires until this is awaited"]
pub struct Expire {
    subject: Subject,
    retain: Retain,
    dry_run: bool,
}

/// What [`expire`](crate::Dataset::expire) did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ExpireReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The snapshots that expired (of a dry run: that would have), oldest first. Of a volume, their
    /// numbers.
    pub expired: Vec<SnapshotId>,
    /// How many are kept.
    pub kept: u64,
    /// How many of those would have expired if Go Lode had not written them.
    pub kept_of_go: u64,
    /// How many had expired before.
    pub expired_before: u64,
}

impl Expire {
    pub(super) fn new(subject: Subject, retain: Retain) -> Self {
        Self { subject, retain, dry_run: false }
    }

    /// Changes nothing, and reports what would expire.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }
}

impl IntoFuture for Expire {
    type Output = Result<ExpireReport>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { subject, retain, dry_run } = self;
        on!(subject, history => {
            let span = tracing::info_span!("lode.expire", of = %history.of.owner(), dry_run);
            expire(history, retain, dry_run).instrument(span).boxed()
        })
    }
}

/// All manifests are looked at before the first is replaced.
///
/// A manifest only ever changes from live to a tombstone, and every tombstone of it names the same
/// objects. So it does not matter who else does this at the same time, nor when a put arrives; and
/// the head, once seen, is no newer than the head there is.
async fn expire<K: Kind>(
    history: History<K>,
    retain: Retain,
    dry_run: bool,
) -> Result<ExpireReport> {
    if !dry_run {
        history.store.check_trust()?;
    }
    let mut report = ExpireReport { dry_run, ..ExpireReport::default() };
    let Some(head) = history.head().await? else {
        K::check_elsewhere(&history).await?;
        return Ok(report);
    };
    check_minor(&history, &*head)?;
    let now = history.store.now();
    let older = history.ids().await?.into_iter().filter(|id| *id < head.id());
    let older: Vec<u64> = older.map(SnapshotId::get).rev().collect();
    let mut newer = u64::from(!head.is_gc());
    report.kept = 1;
    {
        let mut entries = std::pin::pin!(history.load_all(older.into_iter()));
        while let Some(entry) = entries.try_next().await? {
            let link = entry.link();
            check_minor(&history, link)?;
            if matches!(entry, Entry::Expired(_)) {
                report.expired_before += 1;
                continue;
            }
            let keeps = retain.keeps(newer, link.created_at(), now);
            newer += u64::from(!link.is_gc());
            let is_of_go = link.write_id().is_none();
            if keeps || is_of_go {
                report.kept += 1;
                report.kept_of_go += u64::from(!keeps);
            } else {
                report.expired.push(link.id());
            }
        }
    }
    report.expired.reverse();
    if !dry_run {
        let each = stream::iter(report.expired.clone()).map(|id| replace(&history, id));
        each.buffer_unordered(LOADS_IN_FLIGHT).try_collect::<()>().await?;
    }
    tracing::info!(expired = report.expired.len(), kept = report.kept, "expired");
    Ok(report)
}

/// Puts the tombstone of a snapshot in its place.
async fn replace<K: Kind>(history: &History<K>, id: SnapshotId) -> Result<()> {
    // It was live a moment ago; another process may have done this meanwhile.
    let manifest = match history.load(id).await?.ok_or_else(|| history.not_found(id))? {
        Entry::Live(manifest) => manifest,
        Entry::Expired(_) => return Ok(()),
    };
    let (of, at) = (history.of.clone(), history.store.now());
    let body = match K::is_large(&manifest) {
        false => of.tombstone(&manifest, at)?,
        true => tokio::task::spawn_blocking(move || of.tombstone(&manifest, at)).await??,
    };
    history.store.put(&history.manifest_key(id), Bytes::from(body).into()).await
}

impl fmt::Display for ExpireReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.dry_run { "to expire" } else { "expired" };
        write!(f, "{} snapshot(s) {done}, {} kept", self.expired.len(), self.kept)?;
        if self.kept_of_go > 0 {
            write!(f, " ({} of them because Go Lode wrote them)", self.kept_of_go)?;
        }
        write!(f, ", {} expired before", self.expired_before)
    }
}
