//! Probing a store for what the commit protocol needs of it.

use std::fmt;

use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use object_store::GetOptions;

use super::Store;
use super::answer::whole;
use super::trust::Verdict;
use crate::error::{Error, Result, chain};

/// How many creates race for one name, and in how many rounds.
const RACERS: usize = 32;
const ROUNDS: usize = 4;

/// What [`Store::check`] found. Its `Display` is a line for each property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreReport {
    checks: Vec<Check>,
}

/// One property that was probed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The property, such as `create-only`.
    pub name: &'static str,
    /// What lode needs it for.
    pub needed_for: &'static str,
    /// What is wrong; `None` if it holds.
    pub problem: Option<String>,
}

impl StoreReport {
    /// Whether everything holds.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }

    /// Every property that was probed, in the order they were.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter()
    }

    /// The property of this name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

impl fmt::Display for StoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, check) in self.checks.iter().enumerate() {
            let end = if i + 1 < self.checks.len() { "\n" } else { "" };
            match &check.problem {
                None => write!(f, "ok      {}{end}", check.name)?,
                Some(problem) => {
                    let Check { name, needed_for, .. } = check;
                    write!(f, "FAILED  {name}: {problem} (needed for {needed_for}){end}")?;
                }
            }
        }
        Ok(())
    }
}

impl Store {
    /// Probes what lode relies on, with throw-away objects under `.lode-check/`: create-if-absent,
    /// one after the other and racing; replacing; listing; ranges; deleting.
    ///
    /// Stores that ignore or race the create-only condition lose commits silently, so check a store
    /// that you have not used before. A check can prove that a property fails, not that it always
    /// holds.
    ///
    /// What it finds about create-only puts counts from then on, for all clones of this store: one with an
    /// endpoint of its own, which is not committed to before, is if they hold; and any store that was seen
    /// to fail is not committed to any more ([`Error::UnsafeStore`]), unless it is to have a
    /// [single writer](Self::assume_single_writer). The other properties are only reported.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let report = lode::Store::memory().check().await;
    /// assert!(report.is_ok(), "{report}");
    /// # }
    /// ```
    ///
    /// What it made it deletes again, as far as the store deletes.
    pub async fn check(&self) -> StoreReport {
        let root = format!(".lode-check/{}", self.fresh_id().simple());
        let probe = Probe { store: self, root };
        let (one, race) = (probe.create_only().await, probe.race().await);
        self.trust.learn(verdict([("create-only", &one), ("create-only under a race", &race)]));
        let mut checks = Vec::new();
        let mut record = |name, needed_for, outcome: Result<Option<String>>| {
            let problem = outcome.unwrap_or_else(|e| Some(chain(&e)));
            checks.push(Check { name, needed_for, problem });
        };
        record("create-only", "commits", one);
        record("create-only under a race", "commits by several writers", race);
        record("replace", "the hint of the latest snapshot", probe.replace().await);
        record("list", "finding snapshots without a hint", probe.list().await);
        record("range", "reading parts of blobs and files", probe.range().await);
        record("delete", "removing what failed writes left", probe.delete().await);
        probe.clean_up().await;
        StoreReport { checks }
    }
}

/// What was seen to fail, else what could not be found out.
fn verdict<const N: usize>(outcomes: [(&str, &Result<Option<String>>); N]) -> Verdict {
    let mut verdict = Verdict::Holds;
    for (name, outcome) in outcomes {
        match outcome {
            Ok(Some(problem)) => return Verdict::Fails(format!("{name}: {problem}")),
            Ok(None) => {}
            Err(e) => verdict = Verdict::Unclear(format!("{name}: {}", chain(e))),
        }
    }
    verdict
}

struct Probe<'a> {
    store: &'a Store,
    root: String,
}

impl Probe<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.root)
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>> {
        self.store.get_bytes(key, 1 << 20, None).await
    }

    async fn create_only(&self) -> Result<Option<String>> {
        let key = self.key("create");
        let path = self.store.path(&key)?;
        match self.store.create_only(&path, Bytes::from_static(b"first")).await {
            // It could be that the first of two sendings landed, whose reply was lost.
            Ok(()) | Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(e) => return Err(Error::storage("create", key)(e)),
        }
        match self.store.create_only(&path, Bytes::from_static(b"second")).await {
            Ok(()) => return Ok(Some("a create of an existing object succeeded".to_owned())),
            Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(e) => return Err(Error::storage("create", key)(e)),
        }
        Ok(match self.read(&key).await? {
            Some(found) if found == "first" => None,
            Some(_) => Some("a refused create changed the object".to_owned()),
            None => Some("an object that was created cannot be read".to_owned()),
        })
    }

    async fn race(&self) -> Result<Option<String>> {
        for round in 0..ROUNDS {
            let key = self.key(&format!("race-{round}"));
            let path = self.store.path(&key)?;
            let creates = (0..RACERS).map(|racer| {
                let body = Bytes::from(racer.to_string());
                self.store.create_only(&path, body)
            });
            let mut answers = join_all(creates).await;
            let winners: Vec<_> = (0..RACERS).filter(|&racer| answers[racer].is_ok()).collect();
            // What several of them left is not looked at: there are servers that cannot even send it.
            if winners.len() > 1 {
                let several = winners.len();
                return Ok(Some(format!("{several} of {RACERS} racing creates succeeded")));
            }
            match (winners.first(), self.read(&key).await?) {
                (Some(winner), Some(found)) if found == winner.to_string() => {}
                (Some(_), Some(_)) => {
                    return Ok(Some("the object is not that of the one winner".to_owned()));
                }
                (Some(_), None) => {
                    return Ok(Some("an object that was created cannot be read".to_owned()));
                }
                // All were refused although one landed: its reply was lost, which lode resolves.
                (None, Some(_)) => {}
                (None, None) => match answers.pop() {
                    Some(Err(e)) => return Err(Error::storage("create", key)(e)),
                    _ => return Ok(Some("no create won a race".to_owned())),
                },
            }
        }
        Ok(None)
    }

    async fn replace(&self) -> Result<Option<String>> {
        let key = self.key("replace");
        self.store.put(&key, Bytes::from_static(b"old").into()).await?;
        self.store.put(&key, Bytes::from_static(b"new").into()).await?;
        let found = self.read(&key).await?;
        Ok((found.as_deref() != Some(b"new")).then(|| "a replaced object reads as before".into()))
    }

    async fn list(&self) -> Result<Option<String>> {
        let mine = [self.key("list/a"), self.key("list/b/c")];
        let other = self.key("list2/a");
        for key in mine.iter().chain([&other]) {
            self.store.put(key, Bytes::from_static(b"x").into()).await?;
        }
        let listed = self.store.list(&self.key("list/"));
        let mut found: Vec<String> = listed
            .map_ok(|meta| self.store.key(&meta.location).unwrap_or_default().to_owned())
            .try_collect()
            .await?;
        found.sort();
        if found != mine {
            return Ok(Some(format!("listing a folder of 2 objects gave {}", found.len())));
        }
        let folders = self.store.list_folders(&self.key("list/")).await?;
        Ok((folders != ["b"]).then(|| "listing folders gave something else".to_owned()))
    }

    async fn range(&self) -> Result<Option<String>> {
        let key = self.key("range");
        self.store.put(&key, Bytes::from_static(b"0123456789").into()).await?;
        let path = self.store.path(&key)?;
        let options = GetOptions::new().with_range(Some(3..6_u64));
        let found = self.store.object_store().get_opts(&path, options).await;
        let found = match found {
            Ok(found) => whole(found).await,
            Err(e) => Err(e),
        };
        Ok(match found {
            Ok(found) if found == "345" => None,
            Ok(found) => Some(format!("a range of 3 bytes came back as {} bytes", found.len())),
            Err(e) => Some(chain(&e)),
        })
    }

    async fn delete(&self) -> Result<Option<String>> {
        let key = self.key("delete");
        self.store.put(&key, Bytes::from_static(b"x").into()).await?;
        self.store.delete(&key).await?;
        let found = self.read(&key).await?;
        Ok(found.map(|_| "a deleted object can still be read".to_owned()))
    }

    async fn clean_up(&self) {
        let listed = self.store.list(&format!("{}/", self.root)).collect::<Vec<_>>().await;
        for meta in listed.into_iter().flatten() {
            if let Some(key) = self.store.key(&meta.location) {
                let _ = self.store.delete(key).await;
            }
        }
    }
}
