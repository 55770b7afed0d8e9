//! The commit: from a proposal to a snapshot, a conflict, or a token.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;

use super::draft::Draft;
use super::history::{Entry, History};
use super::idempotency::Expect;
use super::policy::{OnConflict, Retry};
use super::put::Outcome;
use super::token::CommitToken;
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::manifest::Manifest;
use crate::store::best_effort;

/// Everything a commit needs. Its data objects are stored already.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) history: History,
    /// The head when the write was called, before its first data object.
    pub(crate) base: Option<Arc<Manifest>>,
    pub(crate) draft: Arc<Draft>,
    pub(crate) expect: Expect,
    pub(crate) on_conflict: OnConflict,
}

/// A manifest with this many files or fewer is built at once: it takes a few milliseconds.
const INLINE_FILES: usize = 1000;

/// A commit that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// Whether a manifest was ever sent: if so, nothing that it refers to may be deleted.
    pub(crate) sent: bool,
}

/// What others committed between a parent and a newer head.
struct News {
    /// The one with this write's idempotency key.
    hit: Option<Entry>,
    /// Whether all of it was gc, which changes no content.
    only_gc: bool,
    /// One of a newer minor version, over which nothing is rebased.
    newer_minor: Option<Entry>,
}

impl Proposal {
    /// Commits, in a task of its own: if the caller's future is dropped, the commit ends by itself,
    /// as committed or not, never half.
    pub(crate) async fn commit(self) -> Result<Arc<Manifest>, Failed> {
        let span = tracing::debug_span!(
            "commit",
            dataset = %self.history.dataset,
            operation = ?self.draft.operation,
            write_id = %self.draft.write_id,
        );
        let task = tracing::Instrument::instrument(self.run(), span);
        tokio::spawn(task).await.unwrap_or_else(|e| Err(Failed { error: e.into(), sent: true }))
    }

    async fn run(self) -> Result<Arc<Manifest>, Failed> {
        let mut sent = false;
        self.attempts(&mut sent).await.map_err(|error| {
            tracing::debug!(%error, sent, "not committed");
            Failed { error, sent }
        })
    }

    async fn attempts(&self, sent: &mut bool) -> Result<Arc<Manifest>> {
        let mut parent = self.base.clone();
        let mut retries = 0;
        loop {
            let (manifest, body) = self.build(parent.clone()).await?;
            let id = manifest.snapshot_id;
            self.check_size(id, &body)?;
            *sent = true;
            match self.history.put_manifest(id, self.draft.write_id, &body, false).await? {
                Outcome::Ours => {
                    let manifest = Arc::new(manifest);
                    self.history.committed(&manifest).await;
                    tracing::info!(snapshot = %id, retries, bytes = body.len(), "committed");
                    return Ok(manifest);
                }
                Outcome::Theirs => {}
            }
            let retry = self.may_rebase(retries);
            if let Some(retry) = retry {
                let entropy = self.history.store.fresh_id().as_u128();
                tokio::time::sleep(retry.delay(retries, entropy)).await;
            }
            let head = self.history.head_from(id).await?;
            let news = self.news(parent.as_deref(), &head).await?;
            if let Some(hit) = news.hit {
                return self.history.hit(hit);
            }
            let paths = self.draft.files.iter().map(|file| file.path.as_str());
            self.history.check_condemned(self.base.as_deref(), &head, paths).await?;
            if !news.only_gc {
                if retry.is_none() {
                    return Err(self.conflict(&head));
                }
                retries += 1;
            }
            if let Some(newer) = news.newer_minor {
                let path = self.history.manifest_key(newer.id());
                return Err(Error::newer_minor(path, newer.format_version()));
            }
            tracing::debug!(lost = %id, head = %head.snapshot_id, retries, "rebasing");
            parent = Some(head);
        }
    }

    /// The manifest as the child of `parent`, and its JSON.
    async fn build(&self, parent: Option<Arc<Manifest>>) -> Result<(Manifest, Bytes)> {
        let files = parent.as_ref().map_or(0, |parent| parent.files.len());
        let (history, draft) = (self.history.clone(), Arc::clone(&self.draft));
        let build = move || {
            let manifest = draft.manifest(&history, parent.as_deref())?;
            let body = Bytes::from(manifest.to_json()?);
            Ok((manifest, body))
        };
        match files <= INLINE_FILES {
            true => build(),
            false => tokio::task::spawn_blocking(build).await?,
        }
    }

    /// Makes sure that this handle can read what it is about to commit.
    fn check_size(&self, id: SnapshotId, body: &Bytes) -> Result<()> {
        let limit = self.history.max_manifest_bytes;
        if body.len() as u64 <= limit {
            return Ok(());
        }
        let path = self.history.manifest_key(id);
        Err(Error::LimitExceeded { path, what: "the manifest", limit })
    }

    /// The policy for one more try, if there is one.
    fn may_rebase(&self, retries: u32) -> Option<&Retry> {
        match &self.on_conflict {
            OnConflict::Retry(retry)
                if self.draft.rebases()
                    && self.expect == Expect::Any
                    && retries < retry.attempts =>
            {
                Some(retry)
            }
            _ => None,
        }
    }

    fn conflict(&self, head: &Manifest) -> Error {
        let expected = match self.expect {
            Expect::Head(expected) => expected,
            Expect::Any => self.base.as_ref().map(|base| base.snapshot_id),
        };
        let found = Some(head.snapshot_id);
        Error::Conflict { dataset: self.history.dataset.clone(), expected, found }
    }

    /// Looks at what was committed after `parent`, up to `head`.
    async fn news(&self, parent: Option<&Manifest>, head: &Arc<Manifest>) -> Result<News> {
        let first = parent.map_or(1, |parent| parent.snapshot_id.get() + 1);
        let key = self.draft.idempotency_key.as_deref();
        let mut news = News { hit: None, only_gc: true, newer_minor: None };
        let mut look = |entry: Entry| {
            news.only_gc &= entry.is_gc();
            if entry.format_version().is_newer_minor() {
                news.newer_minor = Some(entry.clone());
            }
            if key.is_some() && entry.idempotency_key() == key {
                news.hit = Some(entry);
            }
        };
        let older = self.history.load_all(first..head.snapshot_id.get());
        let mut older = std::pin::pin!(older);
        while let Some(entry) = older.try_next().await? {
            look(entry);
        }
        look(Entry::Live(Arc::clone(head)));
        Ok(news)
    }
}

impl History {
    /// What follows a commit: the hint, best effort.
    async fn committed(&self, manifest: &Arc<Manifest>) {
        self.remember(manifest);
        let hint = self.paths.hint(&self.dataset);
        let id = manifest.snapshot_id.padded();
        let put = async {
            if let Err(error) = self.store.put_hint(&hint, Bytes::from(id).into()).await {
                tracing::warn!(dataset = %self.dataset, %error, "the hint was not written");
            }
        };
        best_effort("writing the hint", &hint, put).await;
    }
}

/// Settles a commit that was unknown: `Some` if it is committed now, `None` if it never will be.
pub(crate) async fn resolve(history: History, token: CommitToken) -> Result<Option<Arc<Manifest>>> {
    if token.dataset != history.dataset {
        return Err(history.not_found(token.id));
    }
    let body = Bytes::from(token.manifest.into_bytes());
    let manifest = match history.parse(token.id, &body)? {
        Entry::Live(manifest) if manifest.write_id == Some(token.write_id) => manifest,
        _ => return Err(wrong_token(&history, token.id)),
    };
    let task = async move {
        match history.put_manifest(token.id, token.write_id, &body, true).await? {
            Outcome::Ours => {
                history.committed(&manifest).await;
                Ok(Some(manifest))
            }
            Outcome::Theirs => Ok(None),
        }
    };
    tokio::spawn(task).await?
}

fn wrong_token(history: &History, id: SnapshotId) -> Error {
    Error::ManifestInvalid {
        path: history.manifest_key(id),
        field: "write_id".to_owned(),
        reason: "is not that of the token".to_owned(),
    }
}
