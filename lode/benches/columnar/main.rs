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
    if std::env::var_os("LODE_BENCH_CPU").is_some() {
        let cpu = |name: &str, work: &mut dyn FnMut()| {
            work();
            let (cpu, wall) = (cpu_ticks(), std::time::Instant::now());
            for _ in 0..20 {
                work();
            }
            let used = cpu_ticks().iter().zip(cpu).map(|(a, b)| (a - b) / 2).collect::<Vec<_>>();
            println!("{name}: user, system {used:?} ms, wall {:?}", wall.elapsed() / 20);
        };
        cpu("write", &mut || {
            let dataset = Dataset::<Flight>::new(&Store::memory(), "flights").unwrap().codec(Parquet::new());
            drop(runtime.block_on(dataset.write(&flights, metadata! {}).into_future()).unwrap());
        });
        cpu("write, no statistics", &mut || {
            let dataset = Dataset::<Flight>::new(&Store::memory(), "flights").unwrap().codec(Parquet::new()).statistics(false);
            drop(runtime.block_on(dataset.write(&flights, metadata! {}).into_future()).unwrap());
        });
        cpu("write by hand", &mut || drop(by_hand::write(&flights)));
        cpu("read", &mut || {
            let back = runtime.block_on(dataset.read(&snapshot).into_future()).unwrap();
            assert_eq!(back.len(), flights.len());
        });
        cpu("stream", &mut || {
            let mut stream = dataset.stream(&snapshot).chunks();
            runtime.block_on(async { use futures::StreamExt; while let Some(x) = stream.next().await { drop(x) } });
        });
        cpu("slim", &mut || {
            let found = runtime.block_on(dataset.scan(&snapshot).select::<scans::Route>().collect());
            assert_eq!(found.unwrap().len(), flights.len());
        });
        cpu("slim stream", &mut || {
            let mut stream = dataset.scan(&snapshot).select::<scans::Route>().stream().chunks();
            runtime.block_on(async { use futures::StreamExt; while let Some(x) = stream.next().await { drop(x) } });
        });
        cpu("read by hand", &mut || assert_eq!(by_hand::read(&file).len(), flights.len()));
        return;
    }
    scans::scans(&bench, &runtime, &flights);
}

fn cpu_ticks() -> [u64; 2] {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // In hundredths of a second.
    [11, 12].map(|at: usize| fields[at].parse::<u64>().unwrap())
}
