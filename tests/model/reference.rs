//! The reference model of one dataset.

use std::collections::{BTreeMap, HashSet};

use super::event::Event;
use super::steps::Operation;

/// A dataset as it must be: its snapshots by their ids.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    pub snapshots: BTreeMap<u64, Kept>,
}

/// A snapshot as it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub parent: Option<u64>,
    pub operation: Operation,
    pub metadata: serde_json::Value,
    pub key: Option<String>,
    pub content: Content,
}

/// Records (a multiset; within one write and partition, in order), or a blob.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Records(Vec<Event>),
    Blob(Vec<u8>),
}

/// What one call asks for.
#[derive(Debug, Clone)]
pub struct Change {
    pub operation: Operation,
    pub metadata: serde_json::Value,
    pub key: Option<String>,
    /// `None` for anything.
    pub expect: Option<Option<u64>>,
    pub fail_on_conflict: bool,
    pub ends: Ends,
    pub content: Content,
}

/// How a call ends, if nothing is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Commits,
    SourceFails,
    GivenUp,
}

/// What a call must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This snapshot, now or before.
    Snapshot(u64),
    Conflict {
        expected: Option<u64>,
        found: Option<u64>,
    },
    /// Given up by the caller or by its source of records.
    GivenUp,
}

/// How many snapshots are searched for an idempotency key.
const KEY_WINDOW: usize = 64;

impl Reference {
    pub fn head(&self) -> Option<u64> {
        self.snapshots.last_key_value().map(|(&id, _)| id)
    }

    /// What a call must come to that is let to its end by nobody else, and its effect.
    pub fn apply(&mut self, change: &Change) -> Outcome {
        let base = self.head();
        self.apply_on(base, change)
    }

    /// What a call must come to that found `base` to be the head when it began, and its effect.
    pub fn apply_on(&mut self, base: Option<u64>, change: &Change) -> Outcome {
        if let Err(outcome) = self.begin(base, change) {
            return outcome;
        }
        let head = self.head();
        if head != base {
            let news = self.snapshots.range(base.map_or(0, |base| base + 1)..);
            let hit = news.rev().find(|(_, kept)| change.key.is_some() && kept.key == change.key);
            if let Some((&id, _)) = hit {
                return Outcome::Snapshot(id);
            }
            let rebases = change.operation == Operation::Append
                && change.expect.is_none()
                && !change.fail_on_conflict;
            if !rebases {
                let expected = change.expect.unwrap_or(base);
                return Outcome::Conflict { expected, found: head };
            }
        }
        Outcome::Snapshot(self.commit(change))
    }

    /// What is decided before any data is written.
    pub fn begin(&self, base: Option<u64>, change: &Change) -> Result<(), Outcome> {
        if let (Some(key), Some(base)) = (&change.key, base) {
            let window = self.snapshots.range(..=base).rev().take(KEY_WINDOW);
            let mut window = window.filter(|(_, kept)| kept.key.as_ref() == Some(key));
            if let Some((&id, _)) = window.next() {
                return Err(match change.ends {
                    Ends::Commits | Ends::SourceFails => Outcome::Snapshot(id),
                    Ends::GivenUp => Outcome::GivenUp,
                });
            }
        }
        if let Some(expected) = change.expect
            && expected != base
        {
            return Err(Outcome::Conflict { expected, found: base });
        }
        if change.ends == Ends::Commits { Ok(()) } else { Err(Outcome::GivenUp) }
    }

    fn commit(&mut self, change: &Change) -> u64 {
        let parent = self.head();
        let id = parent.unwrap_or(0) + 1;
        let kept = Kept {
            parent,
            operation: change.operation,
            metadata: change.metadata.clone(),
            key: change.key.clone(),
            content: self.content(change),
        };
        self.snapshots.insert(id, kept);
        id
    }

    fn content(&self, change: &Change) -> Content {
        let Content::Records(new) = &change.content else { return change.content.clone() };
        let old = match self.snapshots.last_key_value() {
            Some((_, Kept { content: Content::Records(old), .. })) => old.as_slice(),
            _ => &[],
        };
        let touched: HashSet<_> = new.iter().map(Event::partition).collect();
        let stays = |event: &&Event| match change.operation {
            Operation::Write => false,
            Operation::Append => true,
            Operation::ReplacePartitions => !touched.contains(&event.partition()),
        };
        Content::Records(old.iter().filter(stays).chain(new).cloned().collect())
    }
}

impl Operation {
    /// As manifests have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Append => "append",
            Self::ReplacePartitions => "replace_partitions",
        }
    }
}
