//! Whether what is stored is what was written.
//!
//! ```text
//! manifests, oldest first ──► links.rs: is it one chain? ──► what is to be checked, each claim once
//!                                                             └──► run.rs: some of it at once
//! ```

mod links;
mod report;
mod run;

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use tracing::Instrument;

pub use report::{Problem, ProblemKind, VerifyReport};

use super::kind::Kind;
use crate::commit::{Chain, History};
use crate::error::Result;

/// How deep [`verify`](crate::Dataset::verify) looks. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyLevel {
    /// Every manifest and tombstone can be trusted, they are one chain, and the lists of clean-ups can be
    /// read. A request for each manifest.
    Chain,
    /// Every object that a snapshot names is there, in its size. The objects are listed.
    Objects,
    /// Every object is read: checksums, decompression, and the number of records.
    Content,
}

/// A verification, from [`Dataset::verify`](crate::Dataset::verify) or
/// [`Volume::verify`](crate::Volume::verify): `.await` it.
#[must_use = "nothing is verified until this is awaited"]
pub struct Verify {
    level: VerifyLevel,
    run: Box<dyn FnOnce() -> BoxFuture<'static, Result<VerifyReport>> + Send>,
}

/// Reads the object at this place of [`Kind::objects`] whole.
pub(super) type Examine<K> = Arc<
    dyn Fn(Arc<<K as Chain>::Manifest>, usize) -> BoxFuture<'static, Result<Examined>>
        + Send
        + Sync,
>;

/// How much of an object could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examined {
    /// All that the manifest says of it.
    Wholly,
    /// Not all: this program cannot read its records, or not its compression or checksum.
    Partly,
}

impl Verify {
    /// `examine` may be called for this many objects at once.
    pub(super) fn new<K: Kind>(
        history: History<K>,
        level: VerifyLevel,
        at_once: usize,
        examine: Examine<K>,
    ) -> Self {
        let run = move || {
            let span = tracing::info_span!("lode.verify", of = %history.of.owner(), ?level);
            run::verify(history, level, at_once.max(1), examine).instrument(span).boxed()
        };
        Self { level, run: Box::new(run) }
    }
}

impl IntoFuture for Verify {
    type Output = Result<VerifyReport>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)()
    }
}

impl fmt::Debug for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verify").field("level", &self.level).finish_non_exhaustive()
    }
}
