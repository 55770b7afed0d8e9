//! Parquet in memory, against columns by hand, on one thread, and against `serde_arrow`.

use std::future::IntoFuture;

use bytes::Bytes;
use lode::codec::Parquet;
use lode::{Dataset, Store, metadata};
use tokio::runtime::Runtime;

use crate::flight::Flight;
use crate::support::Bench;
use crate::{by_hand, by_serde_arrow};

pub(crate) fn cases(bench: &Bench, runtime: &Runtime, flights: &[Flight]) {
    if !bench.wants("parquet") {
        return;
    }
    let dir = bench.dir();
    let dataset =
        || Dataset::<Flight>::new(&Store::memory(), "flights").unwrap().codec(Parquet::new());
    let write = |_: &str| {
        let dataset = dataset();
        runtime.block_on(dataset.write(flights, metadata! {}).into_future()).unwrap()
    };
    bench.case("parquet: write zstd 1", &dir, write, |_| by_hand::write(flights));
    bench.case("parquet: write, serde_arrow", &dir, write, |_| by_serde_arrow::write(flights));
    let dataset = dataset();
    let snapshot = runtime.block_on(dataset.write(flights, metadata! {}).into_future()).unwrap();
    let file = Bytes::from(by_hand::write(flights));
    println!("parquet: stored {} bytes, by hand {}", snapshot.size_bytes(), file.len());
    let read = |_: &str| {
        let back = runtime.block_on(dataset.read(&snapshot).into_future()).unwrap();
        assert_eq!(back.len(), flights.len());
        back
    };
    bench.case("parquet: read", &dir, read, |_| by_hand::read(&file));
    bench.case("parquet: read, serde_arrow", &dir, read, |_| by_serde_arrow::read(&file));
}
