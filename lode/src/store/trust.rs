//! Whether a store's create-only put is relied on: the standing of a store, which its clones share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Store;
use crate::error::{Error, Result};

#[derive(Default)]
pub(super) struct Trust {
    standing: Mutex<Standing>,
    /// Held over a look and a put, where the store does not do both as one.
    pub(super) alone: tokio::sync::Mutex<()>,
}

/// What is known, or was said, of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Standing {
    /// Somebody answers for it: whoever made it, `check`, or `assume_create_only`.
    #[default]
    Trusted,
    /// Nobody does. A check that came to no end says why.
    Unchecked(Option<String>),
    /// A check has seen it fail.
    Refuted(String),
    /// It is written to by one process only.
    SingleWriter,
}

/// What a check says about create-only puts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    /// It could not be found out.
    Unclear(String),
    Fails(String),
}

impl Trust {
    pub(super) fn must_be_checked(&self) {
        *self.standing() = Standing::Unchecked(None);
    }

    pub(super) fn is_single_writer(&self) -> bool {
        *self.standing() == Standing::SingleWriter
    }

    /// Takes the outcome of a check. One success does not outweigh a failure that was seen before: no race
    /// fails every time.
    pub(super) fn learn(&self, verdict: Verdict) {
        let mut standing = self.standing();
        match (&*standing, verdict) {
            (Standing::SingleWriter, _) => {}
            (_, Verdict::Fails(problem)) => *standing = Standing::Refuted(problem),
            (Standing::Unchecked(_), Verdict::Holds) => *standing = Standing::Trusted,
            (Standing::Unchecked(_), Verdict::Unclear(problem)) => {
                *standing = Standing::Unchecked(Some(problem));
            }
            (Standing::Trusted | Standing::Refuted(_), _) => {}
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Takes your word, in place of a [`check`](Self::check), for this: a create-only put of the store's
    /// is atomic. For stores with an endpoint of their own, which are not committed to before one of the
    /// two. Clones of the store share it.
    ///
    /// If a check has seen the store fail, your word does not count, and commits stay refused.
    ///
    /// ```
    /// let store = lode::Store::memory();
    /// store.assume_create_only(); // it was assumed anyway: lode knows this store
    /// ```
    pub fn assume_create_only(&self) {
        let mut standing = self.trust.standing();
        if matches!(*standing, Standing::Unchecked(_)) {
            *standing = Standing::Trusted;
        }
    }

    /// Takes your word for this: no other process, and no other store opened on the same objects in this
    /// process, commits to what this one commits to. Clones of the store share it, and may commit at once.
    ///
    /// Then a store without create-only puts will do. In their place lode looks whether the object is
    /// there, and puts it if not, one at a time. Should there be another writer after all, acknowledged
    /// commits are lost silently, and so are they if a put that was given up arrives late.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Blob, Dataset, Store, metadata};
    ///
    /// let store = Store::memory();
    /// store.assume_single_writer();
    /// let backups = Dataset::<Blob>::new(&store, "backups")?;
    /// backups.write(b"all of it", metadata! {}).await?;
    /// # Ok(()) }
    /// ```
    pub fn assume_single_writer(&self) {
        *self.trust.standing() = Standing::SingleWriter;
    }

    /// Makes sure that this store may be committed to.
    pub(crate) fn check_trust(&self) -> Result<()> {
        match self.trust.standing().clone() {
            Standing::Trusted | Standing::SingleWriter => Ok(()),
            Standing::Unchecked(problem) => {
                Err(Error::UncheckedStore { store: self.name(), problem })
            }
            Standing::Refuted(problem) => Err(Error::UnsafeStore { store: self.name(), problem }),
        }
    }
}
