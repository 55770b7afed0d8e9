//! Whether manifests are one chain, and what is to be looked at because of them.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use twox_hash::XxHash3_128;

use super::VerifyLevel;
use super::report::{Problem, ProblemKind};
use crate::commit::{Entry, History, Link};
use crate::error::{self, Result};
use crate::health::kind::{Kind, Object};
use crate::id::SnapshotId;
use crate::manifest::GcRef;

/// What was seen so far, from the oldest manifest on.
pub(super) struct Links<K: Kind> {
    history: History<K>,
    level: VerifyLevel,
    before: Option<Before>,
    /// What manifests say of objects: each claim is checked once.
    claims: HashSet<u128>,
    pub(super) found: Found,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) snapshots: u64,
    pub(super) expired: u64,
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) problems: Vec<Problem>,
}

/// The manifest before; `None` for what it does not say, if it cannot be read.
struct Before {
    id: SnapshotId,
    link: Option<(DateTime<Utc>, Option<GcRef>)>,
}

/// Something to be looked at.
pub(super) enum Task<K: Kind> {
    /// The list of a clean-up, that before it, and the snapshot that names it.
    List(GcRef, Option<Option<GcRef>>, SnapshotId),
    /// The object at this place of the manifest.
    Object { manifest: Arc<K::Manifest>, place: usize, path: String, size: u64 },
}

impl<K: Kind> Links<K> {
    pub(super) fn new(history: History<K>, level: VerifyLevel) -> Self {
        Self { history, level, before: None, claims: HashSet::new(), found: Found::default() }
    }

    /// Looks at the next manifest; what has to be looked at because of it.
    pub(super) fn look(&mut self, id: SnapshotId, entry: Result<Option<Entry<K>>>) -> Vec<Task<K>> {
        let entry = match entry {
            Ok(Some(entry)) => entry,
            Ok(None) => {
                self.problem(ProblemKind::Chain, id, id, "was listed, and is missing".to_owned());
                self.before = Some(Before { id, link: None });
                return Vec::new();
            }
            Err(error) => {
                let kind = ProblemKind::unknown(&error).unwrap_or(ProblemKind::Manifest);
                self.problem(kind, id, id, error::chain(&error));
                self.before = Some(Before { id, link: None });
                return Vec::new();
            }
        };
        let mut tasks = self.fits(entry.link());
        let link = entry.link();
        self.before = Some(Before { id, link: Some((link.created_at(), link.last_gc())) });
        match entry {
            Entry::Live(manifest) => {
                self.found.snapshots += 1;
                if self.level > VerifyLevel::Chain {
                    self.objects(&manifest, &mut tasks);
                }
            }
            Entry::Expired(_) => self.found.expired += 1,
        }
        tasks
    }

    /// Notes that the newest is a tombstone.
    pub(super) fn end(&mut self, newest: SnapshotId) {
        let reason = "has expired, and is the newest snapshot".to_owned();
        self.problem(ProblemKind::Chain, newest, newest, reason);
    }

    /// What lode writes follows what is before it.
    fn fits(&mut self, link: &dyn Link) -> Vec<Task<K>> {
        let id = link.id();
        if link.write_id().is_none() {
            return Vec::new();
        }
        let before = self.before.take();
        if let Some(parent) = link.parent()
            && before.as_ref().map(|before| before.id) != Some(parent)
        {
            let reason = format!("is missing, although snapshot {id} follows it");
            self.problem(ProblemKind::Chain, parent, id, reason);
        }
        let before = before.filter(|before| Some(before.id) == link.parent());
        // Of the first snapshot, nothing comes before.
        let known = match (link.parent(), before) {
            (None, _) => Some((None, None)),
            (Some(_), before) => {
                before.and_then(|before| before.link).map(|(at, gc)| (Some(at), gc))
            }
        };
        if let Some((Some(at), _)) = known
            && link.created_at() <= at
        {
            let reason = format!("was made at {}, not after the one before", link.created_at());
            self.problem(ProblemKind::Chain, id, id, reason);
        }
        let last = known.map(|(_, gc)| gc);
        if link.is_gc() {
            let own =
                link.last_gc().filter(|gc| gc.id == id && Some(gc.write_id) == link.write_id());
            match own {
                Some(gc) => return vec![Task::List(gc, last, id)],
                None => {
                    let reason = "is a clean-up's, and its `last_gc` is another".to_owned();
                    self.problem(ProblemKind::Chain, id, id, reason);
                }
            }
        } else if last.is_some_and(|last| last != link.last_gc()) {
            let reason = "has another `last_gc` than the one before".to_owned();
            self.problem(ProblemKind::Chain, id, id, reason);
        }
        Vec::new()
    }

    fn objects(&mut self, manifest: &Arc<K::Manifest>, tasks: &mut Vec<Task<K>>) {
        for (place, object) in K::objects(manifest).enumerate() {
            if !self.claims.insert(claim(&object)) {
                continue;
            }
            self.found.objects += 1;
            self.found.bytes = self.found.bytes.saturating_add(object.size);
            let (path, size) = (object.path.to_owned(), object.size);
            tasks.push(Task::Object { manifest: Arc::clone(manifest), place, path, size });
        }
    }

    /// A problem at the manifest of `at`.
    fn problem(&mut self, kind: ProblemKind, at: SnapshotId, of: SnapshotId, reason: String) {
        let path = self.history.manifest_key(at);
        self.found.problems.push(Problem::new(kind, path, of, reason));
    }
}

/// Stands for all that a manifest says of an object.
fn claim(object: &Object<'_>) -> u128 {
    let mut hash = XxHash3_128::new();
    let (algorithm, checksum) = object.checksum.unwrap_or_default();
    let [codec, compressor] = object.format;
    for text in [object.path, algorithm, checksum, codec, compressor] {
        hash.write(text.as_bytes());
        hash.write(&[0]);
    }
    hash.write(&object.size.to_le_bytes());
    hash.write(&object.schema.to_le_bytes());
    hash.write(&object.rows.map_or([0xff; 8], u64::to_le_bytes));
    hash.finish_128()
}
