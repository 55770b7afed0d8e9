//! What statistics cost: JSON lines by zstd, written with them and without.

use std::future::IntoFuture;

use lode::codec::Jsonl;
use lode::compress::Zstd;
use lode::{Dataset, Store, metadata};
use tokio::runtime::Runtime;

use crate::flight::Flight;
use crate::support::Bench;

pub(crate) fn cases(bench: &Bench, runtime: &Runtime, flights: &[Flight]) {
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let write = |id: &str, statistics: bool| {
        let dataset = Dataset::<Flight>::new(&store, id).unwrap().statistics(statistics);
        let dataset = dataset.codec(Jsonl::new().compress(Zstd::default()));
        drop(runtime.block_on(dataset.write(flights, metadata! {}).into_future()).unwrap());
    };
    bench.case(
        "statistics: write jsonl zstd, on and off",
        &dir,
        |id| write(id, true),
        |_| {
            write("off", false);
            std::fs::remove_dir_all(dir.path().join("datasets/off")).unwrap();
        },
    );
}
