//! lode against the same work written by hand, on one thread: `cargo bench -p lode --bench flights`.
//!
//! One line a case: name, lode's median, the baseline's median, lode ÷ baseline. The two run in
//! turn. `LODE_FLIGHTS_CSV` names the flights (`.csv` or `.csv.gz`); without it, made-up ones are
//! used. `LODE_BENCH_DIR` is where files go, `LODE_BENCH_BLOB_MIB` the size of the blob, and an
//! argument picks the cases whose names hold it.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use bytes::Bytes;
use lode::codec::Jsonl;
use lode::compress::{Compressor, Zstd};
use lode::{__bench as pipeline, Store};
use tokio::runtime::Runtime;

use support::flight::{self, Flight};
use support::{Bench, peak_rss_mib, synced};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bench = Bench::new();
    if bench.wants("flights") {
        flights(&bench, &runtime);
    }
    if bench.wants("blob") {
        blobs(&bench, &runtime);
    }
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
        bench.case(
            &format!("flights: write jsonl {name}"),
            |i| {
                let key = format!("write-{name}-{i}");
                runtime.block_on(pipeline::write_records(&store, &key, &codec, &flights)).unwrap();
            },
            |_| write_by_hand(&by_hand, &flights, level),
        );
        let key = format!("read-{name}");
        let written =
            runtime.block_on(pipeline::write_records(&store, &key, &codec, &flights)).unwrap();
        write_by_hand(&by_hand, &flights, level);
        bench.case(
            &format!("flights: read jsonl {name}"),
            |_| {
                let back: Vec<Flight> =
                    runtime.block_on(pipeline::read_records(&store, &written)).unwrap();
                assert_eq!(back.len(), flights.len());
            },
            |_| assert_eq!(read_by_hand(&by_hand, level).len(), flights.len()),
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
    let chunk = Bytes::from((0..CHUNK).map(|i| (i * i >> 7) as u8).collect::<Vec<_>>());
    let chunks = vec![chunk; mib];
    let size = (mib * CHUNK) as u64;

    if bench.wants("blob: write") {
        bench.case(
            "blob: write",
            |i| {
                let key = format!("write-{i}");
                runtime.block_on(pipeline::write_blob(&store, &key, &chunks)).unwrap();
                fs::remove_file(dir.path().join(key)).unwrap();
            },
            |_| {
                synced(&by_hand, |file| {
                    chunks.iter().for_each(|chunk| file.write_all(chunk).unwrap());
                });
            },
        );
    }
    let written = runtime.block_on(pipeline::write_blob(&store, "read", &chunks)).unwrap();
    synced(&by_hand, |file| chunks.iter().for_each(|chunk| file.write_all(chunk).unwrap()));
    let read_by_hand = |_| assert_eq!(fs::read(&by_hand).unwrap().len() as u64, size);
    let stream = |_| {
        let len = runtime.block_on(pipeline::stream_blob(&store, &written)).unwrap();
        assert_eq!(len, size);
    };
    bench.case("blob: stream", stream, read_by_hand);
    let read = |_| {
        let bytes = runtime.block_on(pipeline::read_blob(&store, &written)).unwrap();
        assert_eq!(bytes.len() as u64, size);
    };
    bench.case("blob: read", read, read_by_hand);
    if let Some(peak) = peak_rss_mib() {
        println!("{:<40} {peak:>8} MiB peak for a blob of {mib} MiB", "blob: memory");
    }
}
