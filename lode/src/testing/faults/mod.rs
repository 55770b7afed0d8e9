//! A store that fails as real ones do: at exact places, or by chance.
//!
//! [`FaultStore`] wraps any [`ObjectStore`](object_store::ObjectStore), keeps a log of the calls, and lets some
//! of them fail. [`Rule`]s name exact calls; [`Faults`] are chances, repeatable from a seed.
//!
//! A network fails before a request arrives, or after it took effect, and the caller cannot tell which:
//! both are the same error. lode settles that by reading back. What it cannot settle is
//! [`Error::CommitUnknown`](crate::Error::CommitUnknown), and a program should have a test for that as well:
//!
//! ```
//! use std::sync::Arc;
//!
//! use lode::testing::faults::{Class, Fault, FaultStore, Op, Rule};
//! use lode::{Blob, Dataset, Error, metadata};
//! use object_store::memory::InMemory;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> lode::Result<()> {
//! let faulty = FaultStore::new(Arc::new(InMemory::new()));
//! let reports = Dataset::<Blob>::new(&faulty.store(), "reports")?;
//!
//! // The reply is lost: the write finds out that it has landed.
//! faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::After));
//! let first = reports.write(b"first", metadata! {}).await?;
//! assert_eq!(reports.latest().await?, Some(first));
//!
//! // Nothing gets through for long: the write cannot know.
//! faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Before).for_ever());
//! let Err(Error::CommitUnknown { token, .. }) = reports.write(b"second", metadata! {}).await else {
//!     panic!("it was to be unknown");
//! };
//! faulty.heal();
//! let second = reports.resolve(*token).await?.expect("nobody else wrote");
//! assert_eq!(reports.read_blob(&second).await?, "second");
//! # Ok(()) }
//! ```

mod answer;
mod call;
mod chance;
mod rule;
mod serve;
mod store;
#[cfg(test)]
mod tests;
mod upload;

pub use answer::Status;
pub use call::{Call, Class, Counts, Op};
pub use chance::Faults;
pub use rule::{Action, Fault, Rule};
pub use store::FaultStore;

pub(super) use store::Turn;
