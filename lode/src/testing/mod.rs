//! For the tests of programs that use lode (feature `testing`).
//!
//! * [`assert_schema`]: a change of a struct makes a test fail, and says what it breaks.
//! * [`faults`]: a store that fails as real ones do, at exact places or by chance.
//! * [`conformance`]: what lode does on a store of yours, as functions to be called by tests.
//! * [`sim`]: many writers and readers on such a store in one thread and simulated time, repeatable
//!   from a seed.
//!
//! `docs/TESTING.md` in the repository shows how to test a program of your own with them.

pub mod conformance;
pub mod faults;
mod random;
mod schema;
pub mod sim;

pub use random::Random;
pub use schema::assert_schema;
