//! lode against the same work written by hand, on one thread: `cargo bench -p lode --bench flights`.
//!
//! One line a case: name, lode's median, the baseline's median, lode ÷ baseline. The two run in
//! turn. `LODE_FLIGHTS_CSV` names the flights (`.csv` or `.csv.gz`); without it, made-up ones are
//! used. `LODE_BENCH_DIR` is where files go, `LODE_BENCH_BLOB_MIB` the size of the blob, and an
//! argument picks the cases whose names hold it.
#![allow(missing_docs, clippy::unwrap_used)]

mod flight;
mod memory;
mod small;
mod stall;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::future::IntoFuture;
use std::io::{Read, Write};
use std::path::Path;

use futures::TryStreamExt;
use lode::codec::Jsonl;
use lode::compress::{Compressor, Zstd};
use lode::{Blob, Dataset, Snapshot, Store, metadata};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

use flight::Flight;
use support::{Bench, synced};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match Bench::child_case().as_deref() {
        Some("blob") => return memory::blob(&runtime),
        Some("records") => return memory::records(&runtime),
        _ => {}
    }
    let bench = Bench::new();
    if bench.wants("flights") {
        flights(&bench, &runtime);
    }
    if bench.wants("statistics") {
        statistics(&bench, &runtime);
    }
    if bench.wants("stall") {
        stall::stalls(&bench, &flight::load());
    }
    if bench.wants("blob") {
        blobs(&bench, &runtime);
    }
    if bench.wants("small") {
        small::commits(&bench, &runtime);
    }
    bench.child("records", "records: 10 million, streamed in and out");
}

fn flights(bench: &Bench, runtime: &Runtime) {
    let flights = flight::load();
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let by_hand = dir.path().join("by-hand");

    for (name, codec, level) in [
        ("zstd", Jsonl::new().compress(Zstd::default()), Some(Zstd::default())),
        ("plain", Jsonl::new(), None),
    ] {
        let dataset = |id: &str| {
            let dataset = Dataset::<Flight>::new(&store, id).unwrap();
            dataset.codec(codec.clone())
        };
        bench.case(
            &format!("flights: write jsonl {name}"),
            &dir,
            |id| {
                drop(
                    runtime
                        .block_on(dataset(id).write(&flights, metadata! {}).into_future())
                        .unwrap(),
                );
            },
            |path| write_by_hand(path, &flights, level),
        );
        let dataset = dataset(&format!("read-{name}"));
        let write = dataset.write(&flights, metadata! {}).into_future();
        let snapshot = runtime.block_on(write).unwrap();
        write_by_hand(&by_hand, &flights, level);
        bench.case(
            &format!("flights: read jsonl {name}"),
            &dir,
            |_| {
                let back = runtime.block_on(dataset.read(&snapshot).into_future()).unwrap();
                assert_eq!(back.len(), flights.len());
            },
            |_| assert_eq!(read_by_hand(&by_hand, level).len(), flights.len()),
        );
    }
}

/// Writing with statistics of all columns, against writing without.
fn statistics(bench: &Bench, runtime: &Runtime) {
    let flights = flight::load();
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    for (name, codec) in [("zstd", Jsonl::new().compress(Zstd::default())), ("plain", Jsonl::new())]
    {
        let write = |store: &Store, id: &str, on: bool| {
            let dataset = Dataset::<Flight>::new(store, id).unwrap();
            let dataset = dataset.codec(codec.clone()).statistics(on);
            drop(runtime.block_on(dataset.write(&flights, metadata! {}).into_future()).unwrap());
        };
        bench.case(
            &format!("statistics: write jsonl {name}, on ÷ off"),
            &dir,
            |id| write(&store, id, true),
            |path| {
                fs::create_dir(path).unwrap();
                write(&Store::local(path).unwrap(), "off", false);
            },
        );
    }
}

/// In chunks, which is faster than encoding all and then writing it.
fn write_by_hand(path: &Path, flights: &[Flight], level: Option<Zstd>) {
    synced(path, |file| match level {
        None => encode_by_hand(flights, file),
        Some(level) => {
            let mut encoder = zstd::Encoder::new(file, level.level()).unwrap();
            encode_by_hand(flights, &mut encoder);
            encoder.finish().unwrap();
        }
    });
}

fn encode_by_hand(flights: &[Flight], output: &mut impl Write) {
    let mut lines = Vec::new();
    for flight in flights {
        serde_json::to_writer(&mut lines, flight).unwrap();
        lines.push(b'\n');
        if lines.len() >= 256 << 10 {
            output.write_all(&lines).unwrap();
            lines.clear();
        }
    }
    output.write_all(&lines).unwrap();
}

fn read_by_hand(path: &Path, level: Option<Zstd>) -> Vec<Flight> {
    let mut bytes = fs::read(path).unwrap();
    if let Some(zstd) = level {
        let mut lines = Vec::new();
        zstd.decompress(Box::new(&bytes[..])).unwrap().read_to_end(&mut lines).unwrap();
        bytes = lines;
    }
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

const CHUNK: usize = 1 << 20;

fn blobs(bench: &Bench, runtime: &Runtime) {
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let by_hand = dir.path().join("by-hand");
    let mib = bench.blob_mib();
    let chunk: Vec<u8> = (0..CHUNK).map(|i| ((i * i) >> 7) as u8).collect();
    let size = (mib * CHUNK) as u64;
    let dataset = |id: &str| Dataset::<Blob>::new(&store, id).unwrap();

    if bench.wants("blob: write") {
        bench.case(
            "blob: write",
            &dir,
            |id| drop(runtime.block_on(write_blob(&dataset(id), &chunk, mib))),
            |path| {
                synced(path, |file| {
                    (0..mib).for_each(|_| file.write_all(&chunk).unwrap());
                });
            },
        );
    }
    let dataset = dataset("read");
    let snapshot = runtime.block_on(write_blob(&dataset, &chunk, mib));
    synced(&by_hand, |file| (0..mib).for_each(|_| file.write_all(&chunk).unwrap()));
    let read_by_hand = |_: &Path| assert_eq!(fs::read(&by_hand).unwrap().len() as u64, size);
    let stream = |_: &str| {
        let len = runtime.block_on(async {
            let chunks = dataset.stream_blob(&snapshot);
            chunks.try_fold(0, async |len, chunk| Ok(len + chunk.len() as u64)).await.unwrap()
        });
        assert_eq!(len, size);
    };
    bench.case("blob: stream", &dir, stream, read_by_hand);
    let read = |_: &str| {
        let bytes = runtime.block_on(dataset.read_blob(&snapshot)).unwrap();
        assert_eq!(bytes.len() as u64, size);
    };
    bench.case("blob: read", &dir, read, read_by_hand);
    bench.child("blob", &format!("blob: {mib} MiB, read whole"));
}

async fn write_blob(dataset: &Dataset<Blob>, chunk: &[u8], count: usize) -> Snapshot<Blob> {
    let mut writer = dataset.stream_write(metadata! {}).await.unwrap();
    for _ in 0..count {
        writer.write_all(chunk).await.unwrap();
    }
    writer.commit().await.unwrap()
}
