//! Scans of Parquet: how little is fetched, and how much faster that is than reading everything.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use lode::codec::Parquet;
use lode::{Dataset, Record, Snapshot, Store, metadata};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::counting::Counting;
use crate::flight::Flight;
use crate::support::{Bench, median, time};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Route {
    origin: String,
    dest: String,
    dep_delay: Option<i32>,
}

type Flights = Dataset<Flight, Parquet>;

pub(crate) fn cases(bench: &Bench, runtime: &Runtime, flights: &[Flight]) {
    if !bench.wants("scan") {
        return;
    }
    let counting = Counting::new();
    let store = Store::from(Arc::clone(&counting) as Arc<dyn ObjectStore>);
    let dataset =
        |id: &str| -> Flights { Dataset::<Flight>::new(&store, id).unwrap().codec(Parquet::new()) };
    fetched(bench, runtime, &counting, &dataset, flights);
    timed(bench, runtime, &dataset("unsorted"), flights);
}

/// Bytes fetched by a scan, and by reading all.
fn fetched(
    bench: &Bench,
    runtime: &Runtime,
    counting: &Counting,
    dataset: &impl Fn(&str) -> Flights,
    flights: &[Flight],
) {
    let months = dataset("months");
    let mut snapshot = None;
    for month in 1..=12 {
        let flights: Vec<_> = flights.iter().filter(|it| it.month == month).cloned().collect();
        if !flights.is_empty() {
            let append = months.append(&flights, metadata! {}).into_future();
            snapshot = Some(runtime.block_on(append).unwrap());
        }
    }
    let february = || Flight::columns().month.eq(2);
    let case = Fetched { bench, runtime, counting, dataset: &months, snapshot: &snapshot.unwrap() };
    case.print("scan: month == 2, a file a month", february, flights, |it| it.month == 2);

    let sorted = dataset("sorted");
    let mut by_carrier = flights.to_vec();
    by_carrier.sort_by(|a, b| a.carrier.cmp(&b.carrier));
    let write = sorted.write(&by_carrier, metadata! {}).into_future();
    let snapshot = runtime.block_on(write).unwrap();
    let hawaiian = || Flight::columns().carrier.eq("HA");
    let case = Fetched { bench, runtime, counting, dataset: &sorted, snapshot: &snapshot };
    case.print("scan: carrier == HA, sorted by carrier", hawaiian, flights, |it| {
        it.carrier == "HA"
    });
}

struct Fetched<'a> {
    bench: &'a Bench,
    runtime: &'a Runtime,
    counting: &'a Counting,
    dataset: &'a Flights,
    snapshot: &'a Snapshot<Flight>,
}

impl Fetched<'_> {
    fn print(
        &self,
        name: &str,
        filter: impl Fn() -> lode::Predicate<Flight>,
        flights: &[Flight],
        wanted: impl Fn(&Flight) -> bool,
    ) {
        if !self.bench.wants(name) {
            return;
        }
        let scan = || self.dataset.scan(self.snapshot).filter(filter());
        self.counting.fetched();
        let found = self.runtime.block_on(scan().collect()).unwrap();
        let some = self.counting.fetched();
        assert_eq!(found.len(), flights.iter().filter(|it| wanted(it)).count());
        self.runtime.block_on(self.dataset.read(self.snapshot).into_future()).unwrap();
        let all = self.counting.fetched();
        println!("{name:<40} {some:>10} B {all:>10} B {:>7.3}", some as f64 / all as f64);
    }
}

fn timed(bench: &Bench, runtime: &Runtime, dataset: &Flights, flights: &[Flight]) {
    let snapshot = runtime.block_on(dataset.write(flights, metadata! {}).into_future()).unwrap();
    let read = || {
        let all = runtime.block_on(dataset.read(&snapshot).into_future()).unwrap();
        assert_eq!(all.len(), flights.len());
    };
    let columns = Flight::columns();
    let filter = || columns.carrier.eq("HA") & columns.dep_delay.gt(120);
    let is_wanted = |it: &&Flight| it.carrier == "HA" && it.dep_delay > Some(120);
    let wanted: Vec<Flight> = flights.iter().filter(is_wanted).cloned().collect();
    compare(bench, "scan: HA & dep_delay > 120, unsorted", read, || {
        let scan = dataset.scan(&snapshot).filter(filter());
        assert_eq!(runtime.block_on(scan.collect()).unwrap(), wanted);
    });
    compare(bench, "scan: select 3 of 19 columns", read, || {
        let scan = dataset.scan(&snapshot).select::<Route>();
        assert_eq!(runtime.block_on(scan.collect()).unwrap().len(), flights.len());
    });
}

/// Times a scan and a read of everything in turn.
fn compare(bench: &Bench, name: &str, all: impl Fn(), scan: impl Fn()) {
    if !bench.wants(name) {
        return;
    }
    let (mut ours, mut theirs): (Vec<Duration>, Vec<Duration>) = Default::default();
    for round in 0..=bench.rounds() {
        let a = time(&scan);
        bench.settle();
        let b = time(&all);
        bench.settle();
        if round > 0 {
            ours.push(a);
            theirs.push(b);
        }
    }
    bench.print(name, median(ours), median(theirs));
}
