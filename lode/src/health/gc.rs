//! Clean-up is a commit: first what is condemned is said, and only then deleted.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde::Serialize;
use tracing::Instrument;

use super::kind::{Kind, check_minor, child_time};
use super::retain::before;
use super::subject::{Subject, on};
use super::survey::{Candidates, Survey};
use crate::commit::{Chain, Change, Expect, History, Link, OnConflict, Proposal, Retry};
use crate::error::{Error, Result};
use crate::id::{SnapshotId, WriteId};
use crate::limits::setting;
use crate::manifest::{GcList, GcRef, Operation, Successor};

/// How many objects one clean-up condemns: their list is read whole by writers.
const MOST_CONDEMNED: usize = 100_000;

/// A clean-up, from [`Dataset::gc`](crate::Dataset::gc) or [`Volume::gc`](crate::Volume::gc): `.await`
/// it, or say more first.
#[derive(Debug)]
#[must_use = "nothing is cleaned up until this is awaited"]
pub struct Gc {
    subject: Subject,
    older_than: Duration,
    dry_run: bool,
}

/// What [`gc`](crate::Dataset::gc) did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct GcReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The keys of the objects that were condemned (of a dry run: that would have been), sorted.
    pub condemned: Vec<String>,
    /// The size of those objects, in bytes.
    pub bytes: u64,
    /// How many of them were deleted, by this call or by another one before.
    pub deleted: u64,
    /// The snapshot that says what was condemned, of a volume its number; `None` if nothing was.
    pub snapshot: Option<SnapshotId>,
    /// Whether there is more than one clean-up condemns, which is 100 000 objects: call it again.
    pub more: bool,
    /// On a local store, how many temporary files of writes that were killed were deleted (of a dry
    /// run: would have been).
    pub temporary_files: u64,
}

impl Gc {
    /// A day.
    const AGE: Duration = Duration::from_secs(24 * 3600);

    pub(super) fn new(subject: Subject) -> Self {
        Self { subject, older_than: Self::AGE, dry_run: false }
    }

    /// How old objects must be to be deleted, with everything else that the same write or session has
    /// stored; and how long ago a snapshot must have expired. Default: a day.
    ///
    /// It should be longer than any write takes, than staged blocks are left alone, and than an opened
    /// snapshot is read: if it is not, writers get [`Error::Condemned`], and readers
    /// [`Error::Expired`]. Nothing that was committed is lost by it.
    pub fn older_than(mut self, age: Duration) -> Self {
        self.older_than = age;
        self
    }

    /// Changes nothing, and reports what would be deleted.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }
}

impl IntoFuture for Gc {
    type Output = Result<GcReport>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { subject, older_than, dry_run } = self;
        on!(subject, history => {
            let span = tracing::info_span!("lode.gc", of = %history.of.owner(), dry_run);
            gc(history, older_than, dry_run).instrument(span).boxed()
        })
    }
}

async fn gc<K: Kind>(history: History<K>, age: Duration, dry_run: bool) -> Result<GcReport> {
    if !dry_run {
        history.store.check_trust()?;
    }
    history.check_runtime().await?;
    let mut report = GcReport { dry_run, ..GcReport::default() };
    let Some(cutoff) = before(history.store.now(), age) else { return Ok(report) };
    let Some(mut survey) = Survey::begin(history, cutoff).await? else { return Ok(report) };
    let mut found = survey.candidates(MOST_CONDEMNED).await?;
    if !dry_run {
        report.snapshot = commit(&mut survey, &mut found).await?;
    }
    let history = &survey.history;
    report.more = found.more;
    for object in found.objects {
        report.bytes = report.bytes.saturating_add(object.bytes);
        report.condemned.push(object.path);
    }
    if report.snapshot.is_some() {
        report.deleted = delete(history, &report.condemned).await?;
    }
    report.temporary_files = history.store.sweep(&history.of.prefix(), cutoff, dry_run).await?;
    tracing::info!(condemned = report.condemned.len(), deleted = report.deleted, "cleaned up");
    Ok(report)
}

/// Condemns the candidates: commits a snapshot that refers to their list. If others commit first, what
/// they name is no candidate any more.
async fn commit<K: Kind>(
    survey: &mut Survey<K>,
    found: &mut Candidates,
) -> Result<Option<SnapshotId>> {
    let retry = Retry::default();
    let mut retries = 0;
    loop {
        if found.objects.is_empty() {
            return Ok(None);
        }
        let error = match propose(survey, found).await {
            Ok(id) => return Ok(Some(id)),
            Err(error) => error,
        };
        if !error.is_conflict() || retries == retry.attempts {
            return Err(error);
        }
        let entropy = survey.history.store.fresh_id().as_u128();
        tokio::time::sleep(retry.delay(retries, entropy)).await;
        retries += 1;
        survey.catch_up(found).await?;
    }
}

async fn propose<K: Kind>(survey: &Survey<K>, found: &Candidates) -> Result<SnapshotId> {
    let (history, head) = (&survey.history, &survey.head);
    let write_id = WriteId::new(history.store.fresh_id());
    let condemned = found.objects.iter().map(|object| object.path.clone()).collect();
    let list = GcList { previous: head.last_gc(), condemned };
    let key = history.of.gc_list(write_id);
    let body = list.to_json()?;
    if body.len() as u64 > history.max_manifest_bytes {
        let limit = history.max_manifest_bytes;
        return Err(Error::too_large(key, "the list of objects", limit, setting::MANIFEST));
    }
    history.store.put(&key, Bytes::from(body).into()).await?;
    let proposal = Proposal {
        history: history.clone(),
        base: Some(Arc::clone(head)),
        change: Arc::new(Condemning { write_id, head: Arc::clone(head) }),
        expect: Expect::Any,
        on_conflict: OnConflict::Fail,
    };
    Ok(proposal.commit().await.map_err(|failed| failed.error)?.id())
}

/// Deletes what was condemned, all that can be; how many objects are gone.
async fn delete<K: Kind>(history: &History<K>, condemned: &[String]) -> Result<u64> {
    let folder = history.of.prefix();
    let folder = folder.trim_end_matches('/');
    let mut answers = history.store.delete_all(folder, condemned);
    let (mut deleted, mut failed) = (0, None);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(()) => deleted += 1,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(deleted), Err)
}

/// The content of the head, and what it means to delete.
#[derive(Debug)]
struct Condemning<K: Kind> {
    write_id: WriteId,
    head: Arc<K::Manifest>,
}

impl<K: Kind> Change for Condemning<K> {
    type Of = K;

    fn write_id(&self) -> WriteId {
        self.write_id
    }

    fn operation(&self) -> Operation {
        Operation::Gc
    }

    fn rebases(&self) -> bool {
        false
    }

    fn is_large_on(&self, _: Option<&K::Manifest>) -> bool {
        K::is_large(&self.head)
    }

    /// What the head names is not condemned.
    fn objects(&self, _: Option<GcRef>) -> Vec<(Option<GcRef>, &str)> {
        Vec::new()
    }

    /// Only on the head that the list was made for, which says what the list before is.
    fn manifest(
        &self,
        history: &History<K>,
        parent: Option<&K::Manifest>,
    ) -> Result<(K::Manifest, Vec<u8>)> {
        let parent = parent.filter(|parent| parent.write_id() == self.head.write_id());
        let parent = parent.filter(|parent| parent.id() == self.head.id());
        let parent = parent.ok_or_else(|| Error::Conflict {
            owner: history.of.owner(),
            expected: Some(self.head.id()),
            found: None,
        })?;
        check_minor(history, parent)?;
        let as_ = Successor {
            write_id: self.write_id,
            operation: Operation::Gc,
            created_at: child_time(history, parent),
            metadata: K::metadata(parent).clone(),
            last_gc: Some(GcRef::new(parent.id().next()?, self.write_id)),
            idempotency_key: None,
        };
        history.of.again(parent, parent, as_)
    }
}

impl fmt::Display for GcReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (objects, bytes) = (self.condemned.len(), self.bytes);
        match (self.dry_run, self.snapshot) {
            (true, _) => write!(f, "{objects} object(s) of {bytes} bytes to delete")?,
            (false, None) => write!(f, "nothing to delete")?,
            (false, Some(id)) => {
                let deleted = self.deleted;
                write!(
                    f,
                    "{deleted} of {objects} object(s) of {bytes} bytes deleted, as snapshot {id} says"
                )?;
            }
        }
        if self.temporary_files > 0 {
            write!(f, ", {} temporary file(s)", self.temporary_files)?;
        }
        if self.more {
            write!(f, "; there are more")?;
        }
        Ok(())
    }
}
