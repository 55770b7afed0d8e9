//! What no manifest names.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use twox_hash::XxHash3_128;

use super::kind::{Kind, check_minor};
use crate::commit::{Entry, History, Link};
use crate::error::Result;
use crate::id::SnapshotId;

/// The names in all manifests up to a head.
#[derive(Debug)]
pub(super) struct Survey<K: Kind> {
    pub(super) history: History<K>,
    pub(super) head: Arc<K::Manifest>,
    /// What is older than this may go.
    cutoff: DateTime<Utc>,
    /// Hashes of the objects that are needed: were two equal, one object too many would stay.
    named: HashSet<u128>,
}

/// An object that may go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) path: String,
    pub(super) bytes: u64,
    /// Who stored it.
    attempt: u128,
}

/// Objects that may go, by name.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) objects: Vec<Candidate>,
    /// Whether there are more than were taken.
    pub(super) more: bool,
}

impl<K: Kind> Survey<K> {
    /// Reads the head, and then all manifests; `None` if there is no head.
    pub(super) async fn begin(history: History<K>, cutoff: DateTime<Utc>) -> Result<Option<Self>> {
        K::check_elsewhere(&history).await?;
        let Some(head) = history.head().await? else { return Ok(None) };
        let mut survey = Self { history, head, cutoff, named: HashSet::new() };
        survey.read_after(None).await?;
        Ok(Some(survey))
    }

    /// Reads what others have committed since, and leaves out of `candidates` what that names.
    pub(super) async fn catch_up(&mut self, candidates: &mut Candidates) -> Result<()> {
        let before = self.head.id();
        self.head = self.history.head().await?.ok_or_else(|| self.history.not_found(before))?;
        self.read_after(Some(before)).await?;
        candidates.objects.retain(|object| !self.named.contains(&hash(&object.path)));
        Ok(())
    }

    /// Reads all manifests after this one, up to the head, oldest first. Between those of lode's none may
    /// be missing: what it names would be lost.
    async fn read_after(&mut self, mut before: Option<SnapshotId>) -> Result<()> {
        let history = self.history.clone();
        // Not a range of numbers: Go's are not dense.
        let last = self.head.id();
        let mut ids = history.ids().await?;
        ids.retain(|id| Some(*id) > before && *id <= last);
        if Some(last) > before && ids.last() != Some(&last) {
            return Err(history.missing(last, last));
        }
        let entries = history.load_all(ids.into_iter().map(SnapshotId::get));
        let mut entries = std::pin::pin!(entries);
        while let Some(entry) = entries.try_next().await? {
            let link = entry.link();
            check_minor(&history, link)?;
            history.check_follows(before, link)?;
            before = Some(link.id());
            match &entry {
                Entry::Live(manifest) => {
                    self.named.extend(K::objects(manifest).map(|object| hash(object.path)));
                }
                Entry::Expired(tombstone) if K::expired_at(tombstone) >= self.cutoff => {
                    self.named.extend(K::expired_objects(tombstone).map(hash));
                }
                Entry::Expired(_) => {}
            }
        }
        Ok(())
    }

    /// What is there, is of an attempt that is old in all its parts, and is not named; at most so much.
    pub(super) async fn candidates(&self, most: usize) -> Result<Candidates> {
        // Attempts that began long ago and have stored something since.
        let mut at_work = HashSet::new();
        let found = self.look(most, &mut at_work).await?;
        // What they have stored may have taken the room of what may go.
        match found.more && found.objects.len() < most {
            true => self.look(most, &mut at_work).await,
            false => Ok(found),
        }
    }

    async fn look(&self, most: usize, at_work: &mut HashSet<u128>) -> Result<Candidates> {
        let mut found = Candidates::default();
        for folder in self.history.of.folders() {
            let mut listed = self.history.store.list(&folder);
            while let Some(meta) = listed.try_next().await? {
                let Some(key) = self.history.store.key(&meta.location) else { continue };
                let attempt = self.history.of.attempt_of(key);
                let Some(attempt) = attempt.filter(|attempt| attempt.began < self.cutoff) else {
                    continue;
                };
                if meta.last_modified >= self.cutoff {
                    at_work.insert(attempt.id);
                } else if !at_work.contains(&attempt.id) && !self.named.contains(&hash(key)) {
                    if found.objects.len() == most {
                        found.more = true;
                        continue;
                    }
                    let (path, bytes) = (key.to_owned(), meta.size);
                    found.objects.push(Candidate { path, bytes, attempt: attempt.id });
                }
            }
        }
        found.objects.retain(|object| !at_work.contains(&object.attempt));
        found.objects.sort_unstable();
        Ok(found)
    }
}

fn hash(path: &str) -> u128 {
    XxHash3_128::oneshot(path.as_bytes())
}
