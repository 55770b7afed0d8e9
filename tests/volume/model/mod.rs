//! One reference model of a volume, and what drives lode beside it.
//!
//! ```text
//! steps.rs      Setup, Step                 what happens (made by proptest, or by a fuzzer)
//! reference.rs  Reference                   what it must lead to: a byte at a time, nothing clever
//! refusal.rs    Refusal                     what an error says
//! slot.rs       Slot: lode's handles        one process
//! world.rs      World: slots and reference  what it does lead to
//! learn.rs      new objects                 what a call left in the store
//! race.rs       two commits at once
//! checks.rs     every invariant, after each step
//! ```
//!
//! Nothing in it but `machine.rs` may need proptest, so that a fuzzer can drive it too. What they
//! find becomes a case in `found.rs`.

mod checks;
mod found;
mod learn;
mod machine;
mod race;
mod reference;
mod refusal;
mod slot;
mod steps;
mod world;
