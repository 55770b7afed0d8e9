//! Columnar and binary codecs against the same work written by hand, on one thread:
//! `cargo bench -p lode --bench columnar --features parquet,bincode,postcard`.
//!
//! One line a case, as in the bench `flights`, which says what the environment can set. The cases of a
//! feature that is not enabled are left out.
#![allow(missing_docs, clippy::unwrap_used)]

#[cfg(any(feature = "bincode", feature = "postcard"))]
mod binary;
#[cfg(feature = "parquet")]
mod by_hand;
#[cfg(feature = "parquet")]
mod by_serde_arrow;
#[cfg(feature = "parquet")]
mod counting;
#[allow(dead_code)]
#[path = "../flights/flight.rs"]
mod flight;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod scans;
mod statistics;
#[path = "../support/mod.rs"]
mod support;

use support::Bench;

fn main() {
    let runtime = support::runtime();
    let bench = Bench::new().of_small_things(&runtime);
    let flights = flight::load();
    #[cfg(feature = "parquet")]
    {
        parquet::cases(&bench, &runtime, &flights);
        scans::cases(&bench, &runtime, &flights);
    }
    #[cfg(any(feature = "bincode", feature = "postcard"))]
    binary::cases(&bench, &runtime, &flights);
    statistics::cases(&bench, &runtime, &flights);
}
