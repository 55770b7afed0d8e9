//! One reference model of a store with two datasets, one of records and one of blobs, and what
//! drives lode beside it.
//!
//! ```text
//! steps.rs      Setup, Step                 what happens (made by proptest, or by a fuzzer)
//! reference.rs  Reference                   what it must lead to
//! world.rs      World: lode's handles       what it does lead to
//! checks.rs     every invariant, after each step
//! watch.rs      Watch: the store under it   what is overwritten, what is left behind
//! ```
//!
//! The fuzz target `dataset_ops` includes this folder: nothing in it may need proptest but
//! `machine.rs`. What they find becomes a case in `found.rs`.

mod checks;
mod event;
#[cfg(test)]
mod found;
#[cfg(test)]
mod machine;
mod perform;
mod reference;
mod steps;
mod watch;
mod world;

#[allow(unused_imports, reason = "of the two drivers, one is inside and one outside")]
pub use {
    steps::{Case, Setup, Step, Write},
    world::run,
};
