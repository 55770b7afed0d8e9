//! lode on S3 against the same requests by `object_store` alone:
//! `tests/server/seaweedfs run cargo bench -p lode --features aws --bench s3`.
//!
//! One line a case: name, lode's time, the baseline's, lode ÷ baseline. The two run in turn. An argument
//! picks the cases whose names hold it; `LODE_BENCH_BLOB_MIB` is the size of the blob.
#![allow(missing_docs, clippy::unwrap_used)]

mod small;
mod streaming;
#[path = "../support/mod.rs"]
mod support;

use lode::Store;
use support::Bench;
use tokio::runtime::Runtime;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let Ok(url) = std::env::var("LODE_TEST_S3") else {
        println!("!!! SKIPPED without LODE_TEST_S3: everything (see tests/server/seaweedfs)");
        return;
    };
    let store = Store::open(&url).unwrap();
    let store = store.prefixed(&format!("bench-{}", std::process::id())).unwrap();
    store.assume_create_only();
    match Bench::child_case().as_deref() {
        Some("write") => return streaming::write_alone(&store, &runtime),
        Some("read") => return streaming::read_alone(&store, &runtime),
        _ => {}
    }
    let bench = Bench::new();
    if bench.wants("small") {
        small::commits(&bench, &store, &runtime);
    }
    if bench.wants("stream") {
        streaming::blobs(&bench, &store, &runtime);
    }
    bench.child("write", "memory: a blob written");
    bench.child("read", "memory: a blob written in parts, and read");
    clear(&store, &runtime);
}

/// Removes everything this process has put.
fn clear(store: &Store, runtime: &Runtime) {
    use futures::StreamExt;

    let prefix = object_store::path::Path::from(format!("bench-{}", std::process::id()));
    let inner = store.object_store();
    runtime.block_on(async {
        let found = inner.list(Some(&prefix)).map(|meta| meta.map(|meta| meta.location)).boxed();
        inner.delete_stream(found).for_each(|_| async {}).await;
    });
}
