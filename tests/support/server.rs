//! The S3 server of the tests, where there is one.

use std::io::Write;

use lode::Store;
use lode::ambient::{Ids, RandomIds};

/// The URL of the server's bucket: `tests/server/seaweedfs run cargo test` sets it, and the variables by
/// which `object_store` finds the server. `None`, and said loudly, where there is none.
pub fn s3_url(test: &str) -> Option<String> {
    let url = std::env::var("LODE_TEST_S3").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        // Not by `eprintln!`, which is shown for failed tests only.
        let _ = writeln!(std::io::stderr(), "!!! SKIPPED without LODE_TEST_S3: {test}");
    }
    url
}

/// A part of the server's bucket that nobody else uses. Whether it holds what it promises is a test of its
/// own: here it is taken for granted.
pub fn s3(test: &str) -> Option<Store> {
    let store = Store::open(&s3_url(test)?).unwrap().prefixed(&fresh_prefix()).unwrap();
    store.assume_create_only();
    Some(store)
}

/// A prefix that nobody else uses.
pub fn fresh_prefix() -> String {
    format!("test-{}", RandomIds.next().simple())
}
