//! Looking at everything, some of it at once.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use twox_hash::XxHash3_128;

use super::links::{Links, Task};
use super::report::{Problem, ProblemKind, VerifyReport};
use super::{Examine, Examined, VerifyLevel};
use crate::commit::{Entry, History, LOADS_IN_FLIGHT, Link};
use crate::error::{self, Error, Result};
use crate::health::kind::Kind;
use crate::id::SnapshotId;
use crate::manifest::GcRef;

/// The sizes of all objects that were listed, by the hash of their keys.
type Listed = HashMap<u128, u64>;

/// What is wrong, in general and exactly.
type Bad = (ProblemKind, String);

/// What came of a task.
enum Outcome {
    Well(Examined),
    Bad(Problem),
}

/// Objects are listed before the manifests are: what came since is looked up one by one. A problem
/// never ends it; only what cannot be listed does.
pub(super) async fn verify<K: Kind>(
    history: History<K>,
    level: VerifyLevel,
    at_once: usize,
    examine: Examine<K>,
) -> Result<VerifyReport> {
    K::check_elsewhere(&history).await?;
    let listed = match level {
        VerifyLevel::Chain => Listed::new(),
        _ => list(&history).await?,
    };
    let ids = history.ids().await?;
    let newest = ids.last().copied();
    let mut links = Links::new(history.clone(), level);
    let (mut problems, mut partly, mut is_expired) = (Vec::new(), 0, false);
    {
        let load = |id| {
            let history = &history;
            async move { (id, history.load(id).await) }
        };
        let entries = stream::iter(ids.iter().copied()).map(load).buffered(LOADS_IN_FLIGHT);
        let look = |(id, entry): (SnapshotId, Result<Option<Entry<K>>>)| {
            is_expired = matches!(entry, Ok(Some(Entry::Expired(_))));
            stream::iter(links.look(id, entry))
        };
        let check = |task| check(&history, &listed, level, &examine, task);
        let outcomes = entries.flat_map(look).map(check).buffer_unordered(at_once);
        let mut outcomes = std::pin::pin!(outcomes);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Outcome::Well(Examined::Wholly) => {}
                Outcome::Well(Examined::Partly) => partly += 1,
                Outcome::Bad(problem) => problems.push(problem),
            }
        }
    }
    // Unless another one has come since.
    if let Some(id) = newest.filter(|_| is_expired)
        && !history.exists(id.next()?).await?
    {
        links.end(id);
    }
    blame(&history, &ids, &mut problems).await;
    let found = links.found;
    problems.extend(found.problems);
    problems.sort_by(|a, b| {
        (&a.snapshots, &a.path, &a.reason).cmp(&(&b.snapshots, &b.path, &b.reason))
    });
    tracing::info!(problems = problems.len(), objects = found.objects, "verified");
    Ok(VerifyReport {
        of: history.of.owner(),
        level,
        snapshots: found.snapshots,
        expired: found.expired,
        objects: found.objects,
        bytes: found.bytes,
        partly,
        problems,
    })
}

/// All objects of the dataset or volume: Go's lie beside its manifests.
async fn list<K: Kind>(history: &History<K>) -> Result<Listed> {
    let mut listed = Listed::new();
    let mut objects = history.store.list(&history.of.prefix());
    while let Some(meta) = objects.try_next().await? {
        if let Some(key) = history.store.key(&meta.location) {
            listed.insert(hash(key), meta.size);
        }
    }
    Ok(listed)
}

async fn check<K: Kind>(
    history: &History<K>,
    listed: &Listed,
    level: VerifyLevel,
    examine: &Examine<K>,
    task: Task<K>,
) -> Outcome {
    match task {
        Task::List(gc, previous, id) => match check_list(history, gc, previous).await {
            Ok(()) => Outcome::Well(Examined::Wholly),
            Err((kind, reason)) => {
                let path = history.of.gc_list(gc.write_id);
                Outcome::Bad(Problem::new(kind, path, id, reason))
            }
        },
        Task::Object { manifest, place, path, size } => {
            let id = manifest.id();
            let is_there = match listed.get(&hash(&path)) {
                Some(found) if *found == size => Ok(()),
                _ => look_up(history, &path, size).await,
            };
            let examined = match (is_there, level) {
                (Ok(()), VerifyLevel::Content) => {
                    let examined = examine(Arc::clone(&manifest), place).await;
                    examined.map_err(|error| explain(&error))
                }
                (is_there, _) => is_there.map(|()| Examined::Wholly),
            };
            let (kind, reason) = match examined {
                Ok(examined) => return Outcome::Well(examined),
                Err(bad) => bad,
            };
            // It may have expired, and have been cleaned up, in the meantime.
            if kind == ProblemKind::Missing
                && matches!(history.load(id).await, Ok(Some(Entry::Expired(_))))
            {
                return Outcome::Well(Examined::Wholly);
            }
            Outcome::Bad(Problem::new(kind, path, id, reason))
        }
    }
}

async fn check_list<K: Kind>(
    history: &History<K>,
    gc: GcRef,
    previous: Option<Option<GcRef>>,
) -> Result<(), Bad> {
    let list = history.load_gc_list(gc).await.map_err(|error| {
        (ProblemKind::unknown(&error).unwrap_or(ProblemKind::GcList), error::chain(&error))
    })?;
    match previous.is_none_or(|previous| previous == list.previous) {
        true => Ok(()),
        false => Err((ProblemKind::GcList, "its `previous` is not the clean-up before".to_owned())),
    }
}

/// Looks an object up that was not listed in its size.
async fn look_up<K: Kind>(history: &History<K>, path: &str, size: u64) -> Result<(), Bad> {
    match history.store.head(path).await {
        Ok(Some(meta)) if meta.size == size => Ok(()),
        Ok(Some(meta)) => {
            let reason = format!("it has {} bytes, and the manifest says {size}", meta.size);
            Err((ProblemKind::Size, reason))
        }
        Ok(None) => Err((ProblemKind::Missing, "it is missing".to_owned())),
        Err(error) => Err(explain(&error)),
    }
}

fn explain(error: &Error) -> Bad {
    match error {
        Error::Storage { source: object_store::Error::NotFound { .. }, .. } => {
            (ProblemKind::Missing, "it is missing".to_owned())
        }
        Error::Corrupt { reason, .. } => (ProblemKind::Content, reason.clone()),
        _ => {
            let kind = ProblemKind::unknown(error).unwrap_or(ProblemKind::Content);
            (kind, error::chain(error))
        }
    }
}

/// Finds all snapshots that name the objects with problems.
async fn blame<K: Kind>(history: &History<K>, ids: &[SnapshotId], problems: &mut [Problem]) {
    let mut of: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, problem) in problems.iter().enumerate() {
        of.entry(problem.path.clone()).or_default().push(i);
    }
    if of.is_empty() {
        return;
    }
    let mut suffer: HashMap<usize, Vec<SnapshotId>> = HashMap::new();
    let load = |id| async move { (id, history.load(id).await) };
    let mut entries = stream::iter(ids.iter().copied()).map(load).buffered(LOADS_IN_FLIGHT);
    while let Some((id, entry)) = entries.next().await {
        let Ok(Some(Entry::Live(manifest))) = entry else { continue };
        for object in K::objects(&manifest) {
            for &problem in of.get(object.path).into_iter().flatten() {
                let snapshots = suffer.entry(problem).or_default();
                if snapshots.last() != Some(&id) {
                    snapshots.push(id);
                }
            }
        }
    }
    // No snapshot consists of a clean-up's list: that of the clean-up is known.
    for (problem, snapshots) in suffer {
        problems[problem].snapshots = snapshots;
    }
}

fn hash(path: &str) -> u128 {
    XxHash3_128::oneshot(path.as_bytes())
}
