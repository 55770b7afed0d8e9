//! Parquet by lode against the same work written by hand, on one thread: `cargo bench -p lode
//! --bench columnar --features parquet`. The environment is that of the bench `flights`.
#![allow(missing_docs, clippy::unwrap_used)]

mod by_hand;
#[allow(dead_code)]
#[path = "../flights/flight.rs"]
mod flight;
mod scans;
#[allow(dead_code)]
#[path = "../support/mod.rs"]
mod support;

use std::future::IntoFuture;

use bytes::Bytes;
use lode::codec::Parquet;
use lode::{Dataset, Store, metadata};

use flight::Flight;
use support::Bench;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bench = Bench::new();
    let flights = flight::load();
    let dir = bench.dir();
    let dataset = || {
        Dataset::<Flight>::new(&Store::memory(), "flights").unwrap().codec(Parquet::new())
    };
    bench.case(
        "parquet: write zstd 1",
        &dir,
        |_| {
            let dataset = dataset();
            drop(runtime.block_on(dataset.write(&flights, metadata! {}).into_future()).unwrap());
        },
        |_| drop(by_hand::write(&flights)),
    );
    let dataset = dataset();
    let snapshot = runtime.block_on(dataset.write(&flights, metadata! {}).into_future()).unwrap();
    let file = Bytes::from(by_hand::write(&flights));
    println!("stored: {} and {} bytes", snapshot.size_bytes(), file.len());
    bench.case(
        "parquet: read",
        &dir,
        |_| {
            let back = runtime.block_on(dataset.read(&snapshot).into_future()).unwrap();
            assert_eq!(back.len(), flights.len());
        },
        |_| assert_eq!(by_hand::read(&file).len(), flights.len()),
    );
    scans::scans(&bench, &runtime, &flights);
}
