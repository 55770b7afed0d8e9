//! The commit protocol: **the create-only put of a manifest is the commit**.
//!
//! ```text
//! base                             history.rs, head.rs   (known before the first data put)
//! data objects, fresh names        crate::data
//! manifest head+1, create-only ──► put.rs                (the commit: ours, theirs or unknown)
//!    theirs: rebase or Conflict    engine.rs             (§9 checked, keys looked for)
//! hint                             engine.rs             (best effort)
//! ```
//!
//! All of it is the same for datasets and volumes, which say by [`Chain`] where their manifests lie, and
//! by [`Change`] what a commit becomes on whichever parent.
//!
//! lode's ids are dense and a manifest is only ever created, so two writers cannot both commit on
//! one parent. There is no lock, no pointer swap and no clock in it. `docs/FORMAT.md` has the
//! protocol in full.

mod chain;
mod condemned;
mod engine;
mod head;
mod history;
mod idempotency;
mod lookup;
mod policy;
mod put;
mod token;

pub use policy::{OnConflict, Retry};
pub use token::CommitToken;

pub(crate) use chain::{Chain, Change, Link, after, impl_link};
pub(crate) use engine::{Failed, Proposal, resolve};
pub(crate) use history::{Entry, History, LOADS_IN_FLIGHT};
pub(crate) use idempotency::Expect;
