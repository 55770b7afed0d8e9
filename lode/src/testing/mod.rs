//! For the tests of programs that use lode (feature `testing`).

pub mod conformance;
mod schema;

pub use schema::assert_schema;
