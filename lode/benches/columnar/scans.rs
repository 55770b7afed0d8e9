//! What scans read, and how long that takes against reading everything.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use lode::codec::Parquet;
use lode::{Dataset, Record, Store, metadata};
use tokio::runtime::Runtime;

use crate::flight::Flight;
use crate::support::Bench;

#[derive(serde::Serialize, serde::Deserialize, Record)]
pub(crate) struct Route {
    origin: String,
    dest: String,
    dep_delay: Option<i32>,
}

pub(crate) fn scans(bench: &Bench, runtime: &Runtime, flights: &[Flight]) {
    if bench.wants("scan") {
        bytes(runtime, flights);
    }
    let dataset = Dataset::<Flight>::new(&Store::memory(), "flights").unwrap().codec(Parquet::new());
    let snapshot = runtime.block_on(dataset.write(flights, metadata! {}).into_future()).unwrap();
    let dir = bench.dir();
    let all = || {
        let all = runtime.block_on(dataset.read(&snapshot).into_future()).unwrap();
        assert_eq!(all.len(), flights.len());
    };
    bench.case(
        "scan: HA & late ÷ all",
        &dir,
        |_| {
            let columns = Flight::columns;
            let late = columns().carrier.eq("HA") & columns().dep_delay.gt(120);
            let found = runtime.block_on(dataset.scan(&snapshot).filter(late).collect()).unwrap();
            assert!(found.len() < 1000);
        },
        |_| all(),
    );
    bench.case(
        "scan: 3 of 19 columns ÷ all",
        &dir,
        |_| {
            let found = runtime.block_on(dataset.scan(&snapshot).select::<Route>().collect());
            assert_eq!(found.unwrap().len(), flights.len());
        },
        |_| all(),
    );
}

/// Prints which part of the bytes scans read.
fn bytes(runtime: &Runtime, flights: &[Flight]) {
    let read = Arc::new(AtomicU64::new(0));
    let tell = Arc::clone(&read);
    let dataset = Dataset::<Flight>::new(&Store::memory(), "flights")
        .unwrap()
        .codec(Parquet::new())
        .on_progress(move |progress| tell.store(progress.bytes, Ordering::Relaxed));
    for month in 1..=12 {
        let flights: Vec<Flight> =
            flights.iter().filter(|flight| flight.month == month).cloned().collect();
        runtime.block_on(dataset.append(&flights, metadata! {}).into_future()).unwrap();
    }
    let snapshot = runtime.block_on(dataset.latest()).unwrap().unwrap();
    let february = Flight::columns().month.eq(2);
    let found = runtime.block_on(dataset.scan(&snapshot).filter(february).collect()).unwrap();
    let part = |read: u64, of: u64| 100.0 * read as f64 / of as f64;
    let percent = part(read.load(Ordering::Relaxed), snapshot.size_bytes());
    println!("scan: month == 2, a file for each: {percent:.1} % of the bytes, {} rows", found.len());

    let mut sorted = flights.to_vec();
    sorted.sort_by(|a, b| a.carrier.cmp(&b.carrier));
    let snapshot = runtime.block_on(dataset.write(&sorted, metadata! {}).into_future()).unwrap();
    let hawaiian = Flight::columns().carrier.eq("HA");
    let found = runtime.block_on(dataset.scan(&snapshot).filter(hawaiian).collect()).unwrap();
    let percent = part(read.load(Ordering::Relaxed), snapshot.size_bytes());
    println!("scan: carrier == HA, sorted by it: {percent:.1} % of the bytes, {} rows", found.len());
}
