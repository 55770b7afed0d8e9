//! One reference model of a volume, and what drives lode beside it.
//!
//! ```text
//! steps.rs      Setup, Step                 what happens (made by proptest, or by a fuzzer)
//! reference.rs  Reference                   what it must lead to: a byte at a time, nothing clever
//! refusal.rs    Refusal                     what an error says
//! slot.rs       Slot: lode's handles        one process
//! world.rs      World: slots and reference  what it does lead to
//! plan.rs       Plan                        what a call is to do, and why it may be refused
//! outcome.rs    what it gave
//! learn.rs      new objects                 what a call left in the store
//! race.rs       two commits at once
//! checks.rs     every invariant, after each step
//! ```
//!
//! The fuzz target `volume_ops` includes this folder: nothing in it may need proptest but
//! `machine.rs`. What they find becomes a case in `found.rs`.

mod checks;
#[cfg(test)]
mod found;
mod learn;
#[cfg(test)]
mod machine;
mod outcome;
mod plan;
mod race;
mod reference;
mod refusal;
mod slot;
mod steps;
mod world;

#[allow(unused_imports, reason = "of the two drivers, one is inside and one outside")]
pub use {
    steps::{Case, Setup},
    world::run,
};
