//! What keeps datasets and volumes healthy for years, as library calls on both.
//!
//! ```text
//! verify  ──► is what is stored what was written?                        (verify/)
//! restore ──► an old snapshot's content, committed again                 (restore.rs)
//! expire  ──► tombstones in the place of old manifests                   (retain.rs, expire.rs)
//! gc      ──► survey.rs: what no manifest names ──► a list ──► a commit ──► deletes   (gc.rs)
//! ```
//!
//! All of it is written once, over [`Kind`](kind::Kind): a [`Chain`](crate::commit::Chain) that also says
//! which objects a snapshot consists of, and whose a name is. The rules are those of
//! `docs/FORMAT.md`, §8 and §9.

mod dataset;
mod expire;
mod gc;
mod kind;
mod restore;
mod retain;
mod subject;
mod survey;
mod verify;
mod volume;

pub use expire::{Expire, ExpireReport};
pub use gc::{Gc, GcReport};
pub(crate) use kind::known_checksum;
pub use restore::Restore;
pub use retain::Retain;
pub(crate) use verify::Examined;
pub use verify::{Problem, ProblemKind, Verify, VerifyLevel, VerifyReport};
