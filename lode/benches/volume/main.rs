//! lode's volumes against the same work done by hand: `cargo bench -p lode --bench volume`.
//!
//! One line a case: name, lode's time, the baseline's, lode ÷ baseline. The two run in turn. An argument
//! picks the cases whose names hold it; `LODE_BENCH_DIR` is where files go.
#![allow(missing_docs, clippy::unwrap_used)]

mod files;
mod read;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use support::Bench;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match Bench::child_case().as_deref() {
        Some("import") => return files::import(&runtime),
        Some("export") => return files::export(&runtime),
        _ => {}
    }
    let bench = Bench::new();
    if bench.wants("stage") {
        stage::blocks(&bench, &runtime);
    }
    if bench.wants("commit") {
        stage::commits(&bench, &runtime);
    }
    if bench.wants("read_at") {
        read::random(&bench, &runtime);
        read::overhead(&bench, &runtime);
    }
    if bench.wants("reader") {
        read::sequential(&bench, &runtime);
    }
    bench.child("import", "import: 1 GiB, 10 % data");
    bench.child("export", "export: 1 GiB, 10 % data");
}

/// Bytes that do not compress and differ from block to block.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(len).collect()
}
