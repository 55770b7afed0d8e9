//! Promises that hold for any input, tried with many.

mod extremes;
mod finite;
mod hive;
mod manifests;
mod records;
mod roundtrip;
mod scan;
mod strategies;

use proptest::prelude::ProptestConfig;

/// So many cases, unless `PROPTEST_CASES` says another number.
fn config(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => usual,
        None => ProptestConfig { cases, ..usual },
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}
