//! The S3 server of the tests, where there is one.

use std::io::Write;

use lode::Store;
use lode::ambient::{Ids, RandomIds};

/// The URL of the server's bucket: `tests/server/seaweedfs run cargo test` sets it, and the variables by
/// which `object_store` finds the server. `None`, and said loudly, where there is none.
pub fn s3_url(test: &str) -> Option<String> {
    variable("LODE_TEST_S3", test)
}

/// A part of the bucket of a server that ignores the create-only condition: `tests/server/rclone run cargo
/// test` says where it is. `None`, and said loudly, where there is none.
pub fn rclone(test: &str) -> Option<Store> {
    let endpoint = variable("LODE_TEST_RCLONE", test)?;
    let store = Store::builder(format!("s3://lode/{}", fresh_prefix()))
        .endpoint(endpoint)
        .option("access_key_id", "K")
        .option("secret_access_key", "S");
    Some(store.open().unwrap())
}

fn variable(name: &str, test: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        // Not by `eprintln!`, which is shown for failed tests only.
        let _ = writeln!(std::io::stderr(), "!!! SKIPPED without {name}: {test}");
    }
    value
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
