//! The commit: from a proposal to a snapshot, a conflict, or a token.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;

use super::chain::{Chain, Change, Link};
use super::history::{Entry, History};
use super::idempotency::Expect;
use super::policy::{OnConflict, Retry};
use super::put::Outcome;
use super::token::CommitToken;
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::limits::setting;
use crate::store::best_effort;

/// How often a writer looks again at what was committed while it looked.
const CATCHING_UP: usize = 8;

/// Everything a commit needs. Its data objects are stored already.
#[derive(Debug)]
pub(crate) struct Proposal<C: Change> {
    pub(crate) history: History<C::Of>,
    /// The head when the write was called, before its first data object; for a volume, the snapshot
    /// that its handle reads.
    pub(crate) base: Option<Arc<<C::Of as Chain>::Manifest>>,
    pub(crate) change: Arc<C>,
    pub(crate) expect: Expect,
    pub(crate) on_conflict: OnConflict,
}

/// The manifest that a change becomes.
type ManifestOf<C> = <<C as Change>::Of as Chain>::Manifest;

/// A commit that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// Whether a manifest was ever sent: if so, nothing that it refers to may be deleted.
    pub(crate) sent: bool,
}

/// What others committed between a parent and a newer head.
struct News<C: Chain> {
    /// The one with this write's idempotency key.
    hit: Option<Entry<C>>,
    /// Whether all of it was gc, which changes no content, or this change's own doing.
    is_harmless: bool,
    /// One of a newer minor version, over which nothing is rebased.
    newer_minor: Option<Entry<C>>,
}

impl<C: Change> Proposal<C> {
    /// Commits, in a task of its own: if the caller's future is dropped, the commit ends by itself,
    /// as committed or not, never half.
    pub(crate) async fn commit(self) -> Result<Arc<ManifestOf<C>>, Failed> {
        let span = tracing::debug_span!(
            "commit",
            of = %self.history.of.owner(),
            operation = %self.change.operation(),
            write_id = %self.change.write_id(),
        );
        let task = tracing::Instrument::instrument(self.run(), span);
        tokio::spawn(task).await.unwrap_or_else(|e| Err(Failed { error: e.into(), sent: true }))
    }

    async fn run(self) -> Result<Arc<ManifestOf<C>>, Failed> {
        let mut sent = false;
        self.attempts(&mut sent).await.map_err(|error| {
            tracing::debug!(%error, sent, "not committed");
            Failed { error, sent }
        })
    }

    async fn attempts(&self, sent: &mut bool) -> Result<Arc<ManifestOf<C>>> {
        self.history.store.check_trust()?;
        let mut parent = self.base.clone();
        let mut retries = 0;
        if let Some(parent) = &parent {
            self.check_condemned(parent).await?;
        }
        loop {
            let (manifest, body) = self.build(parent.clone()).await?;
            let id = manifest.id();
            self.check_size(id, &body)?;
            *sent = true;
            match self.history.put_manifest(id, self.change.write_id(), &body, false).await? {
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
            let (head, news) = self.catch_up(parent.as_deref(), id).await?;
            if let Some(hit) = news.hit {
                return self.history.hit(hit);
            }
            self.check_condemned(&head).await?;
            if !news.is_harmless {
                if retry.is_none() {
                    return Err(self.conflict(&head));
                }
                retries += 1;
            }
            if let Some(newer) = news.newer_minor {
                let path = self.history.manifest_key(newer.link().id());
                return Err(Error::newer_minor(path, newer.link().format_version()));
            }
            tracing::debug!(lost = %id, head = %head.id(), retries, "rebasing");
            parent = Some(head);
        }
    }

    async fn check_condemned(&self, parent: &ManifestOf<C>) -> Result<()> {
        let base = self.base.as_ref().and_then(|base| base.last_gc());
        self.history.check_condemned(self.change.objects(base), parent).await
    }

    /// The manifest as the child of `parent`, and its JSON.
    async fn build(&self, parent: Option<Arc<ManifestOf<C>>>) -> Result<(ManifestOf<C>, Bytes)> {
        let is_large = self.change.is_large_on(parent.as_deref());
        let (history, change) = (self.history.clone(), Arc::clone(&self.change));
        let build = move || {
            let (manifest, body) = change.manifest(&history, parent.as_deref())?;
            Ok((manifest, Bytes::from(body)))
        };
        match is_large {
            false => build(),
            true => tokio::task::spawn_blocking(build).await?,
        }
    }

    /// Makes sure that this handle can read what it is about to commit.
    fn check_size(&self, id: SnapshotId, body: &Bytes) -> Result<()> {
        let limit = self.history.max_manifest_bytes;
        if body.len() as u64 <= limit {
            return Ok(());
        }
        let path = self.history.manifest_key(id);
        Err(Error::too_large(path, "the manifest", limit, setting::MANIFEST))
    }

    /// The policy for one more try, if there is one.
    fn may_rebase(&self, retries: u32) -> Option<&Retry> {
        match &self.on_conflict {
            OnConflict::Retry(retry)
                if self.change.rebases()
                    && self.expect == Expect::Any
                    && retries < retry.attempts =>
            {
                Some(retry)
            }
            _ => None,
        }
    }

    fn conflict(&self, head: &ManifestOf<C>) -> Error {
        self.change.conflict(head).unwrap_or_else(|| {
            let expected = match self.expect {
                Expect::Head(expected) => expected,
                Expect::Any => self.base.as_ref().map(|base| base.id()),
            };
            Error::Conflict { owner: self.history.of.owner(), expected, found: Some(head.id()) }
        })
    }

    /// The head, and all that was committed after `parent` up to it; something stands at `id`. If there was
    /// much to look at, what came meanwhile is looked at too: else a writer that is behind would stay
    /// behind.
    async fn catch_up(
        &self,
        parent: Option<&ManifestOf<C>>,
        id: SnapshotId,
    ) -> Result<(Arc<ManifestOf<C>>, News<C::Of>)> {
        let mut head = self.history.head_from(id).await?;
        let mut news = self.news(parent, &head).await?;
        let mut looked_at = head.id().get() - id.get();
        for _ in 0..CATCHING_UP {
            let next = head.id().next()?;
            if looked_at == 0 || news.hit.is_some() || !self.history.exists(next).await? {
                break;
            }
            let newer = self.history.head_from(next).await?;
            let later = self.news(Some(&*head), &newer).await?;
            news.hit = later.hit.or(news.hit);
            news.is_harmless &= later.is_harmless;
            news.newer_minor = later.newer_minor.or(news.newer_minor);
            looked_at = newer.id().get() - next.get();
            head = newer;
        }
        Ok((head, news))
    }

    /// Looks at what was committed after `parent`, up to `head`.
    async fn news(
        &self,
        parent: Option<&ManifestOf<C>>,
        head: &Arc<ManifestOf<C>>,
    ) -> Result<News<C::Of>> {
        let first = parent.map_or(1, |parent| parent.id().get() + 1);
        let key = self.change.idempotency_key();
        let mut news = News { hit: None, is_harmless: true, newer_minor: None };
        let mut look = |entry: Entry<C::Of>| {
            let link = entry.link();
            news.is_harmless &= self.change.has_landed_in(&entry) || link.is_gc();
            let is_hit = key.is_some() && link.idempotency_key() == key;
            if link.format_version().is_newer_minor() {
                news.newer_minor = Some(entry.clone());
            }
            if is_hit {
                news.hit = Some(entry);
            }
        };
        let older = self.history.load_all(first..head.id().get());
        let mut older = std::pin::pin!(older);
        while let Some(entry) = older.try_next().await? {
            look(entry);
        }
        look(Entry::Live(Arc::clone(head)));
        Ok(news)
    }
}

impl<C: Chain> History<C> {
    /// What follows a commit: the hint, best effort.
    async fn committed(&self, manifest: &Arc<C::Manifest>) {
        self.remember(manifest);
        let hint = self.of.hint();
        let id = manifest.id().padded();
        let put = async {
            if let Err(error) = self.store.put_hint(&hint, Bytes::from(id).into()).await {
                tracing::warn!(of = %self.of.owner(), %error, "the hint was not written");
            }
        };
        best_effort("writing the hint", &hint, put).await;
    }
}

/// Settles a commit that was unknown: `Some` if it is committed now, `None` if it never will be.
pub(crate) async fn resolve<C: Chain>(
    history: History<C>,
    token: CommitToken,
) -> Result<Option<Arc<C::Manifest>>> {
    history.store.check_trust()?;
    if token.owner != history.of.owner() {
        return Err(history.not_found(token.id));
    }
    if token.path != history.manifest_key(token.id) {
        return Err(wrong_token(&history, token.id, "path"));
    }
    let body = Bytes::from(token.manifest.into_bytes());
    let manifest = match history.parse(token.id, &body)? {
        Entry::Live(manifest) if manifest.write_id() == Some(token.write_id) => manifest,
        _ => return Err(wrong_token(&history, token.id, "write_id")),
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

fn wrong_token<C: Chain>(history: &History<C>, id: SnapshotId, field: &str) -> Error {
    Error::ManifestInvalid {
        path: history.manifest_key(id),
        field: field.to_owned(),
        reason: "is not that of the token".to_owned(),
    }
}
