//! For the tests of programs that use lode (feature `testing`).

mod schema;

pub use schema::assert_schema;
