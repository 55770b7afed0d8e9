//! How long lode keeps the executor to itself: the longest time that another task of a runtime with
//! one thread had to wait for its turn.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use lode::{Dataset, HiveLayout, Store, metadata};

use crate::flight::Flight;
use crate::support::Bench;

pub(crate) fn stalls(bench: &Bench, flights: &[Flight]) {
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let plain = Dataset::<Flight>::new(&store, "plain").unwrap();
    let hive = Dataset::<Flight>::new(&store, "hive").unwrap().layout(HiveLayout);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let print = |name: &str, stall: u64| {
        println!("{:<40} {:>9} µs longest", format!("stall: {name}"), stall);
    };
    let (snapshot, stall) =
        runtime.block_on(watched(async { plain.write(flights, metadata! {}).await.unwrap() }));
    print("write", stall);
    let (_, stall) =
        runtime.block_on(watched(async { hive.write(flights, metadata! {}).await.unwrap() }));
    print("write by carrier", stall);
    let (_, stall) = runtime.block_on(watched(async {
        let source = flights.iter().cloned();
        hive.stream_write_records(source, metadata! {}).await.unwrap()
    }));
    print("stream by carrier", stall);
    let (_, stall) =
        runtime.block_on(watched(async { plain.read(&snapshot).await.unwrap().len() }));
    print("read", stall);
}

/// Runs `work`, beside a task that only wants its turn again and again.
async fn watched<O>(work: impl Future<Output = O>) -> (O, u64) {
    let longest = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&longest);
    let other = tokio::spawn(async move {
        loop {
            let start = Instant::now();
            tokio::task::yield_now().await;
            seen.fetch_max(start.elapsed().as_micros() as u64, Ordering::Relaxed);
        }
    });
    let output = work.await;
    other.abort();
    (output, longest.load(Ordering::Relaxed))
}
