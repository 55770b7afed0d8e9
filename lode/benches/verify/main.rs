//! `verify(Content)` against threads that read and hash the same files: `cargo bench -p lode --bench
//! verify`.
//!
//! One line a case: name, lode's time, the baseline's, lode ÷ baseline. The two run in turn, on files that
//! the system has in memory. `LODE_BENCH_DIR` is where files go; `LODE_BENCH_BLOB_MIB` how large they are
//! in all (default: 2048).
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lode::{Blob, Dataset, Record, Store, VerifyLevel, VerifyReport, Volume, metadata};
use support::{Bench, median, time};
use tokio::runtime::Runtime;
use twox_hash::XxHash3_128;

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
struct Row {
    id: u64,
    name: String,
    value: f64,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bench = Bench::new();
    let mib = std::env::var("LODE_BENCH_BLOB_MIB").ok().and_then(|n| n.parse().ok());
    let mib: u64 = mib.unwrap_or(2048);
    if bench.wants("volume") {
        volume(&bench, &runtime, mib);
    }
    if bench.wants("blobs") {
        blobs(&bench, &runtime, mib);
    }
    if bench.wants("records") {
        records(&bench, &runtime, mib);
    }
}

/// Blocks of 4 MiB.
fn volume(bench: &Bench, runtime: &Runtime, mib: u64) {
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let volume = Volume::create(&store, "disk", mib << 20).unwrap();
    let chunks = (0..mib).map(|i| Ok::<_, std::io::Error>(noise(i).into()));
    let staged = runtime.block_on(volume.stage_stream_at(0, futures::stream::iter(chunks)));
    let volume = runtime.block_on(staged.unwrap().commit(metadata! {})).unwrap();
    let verify = || runtime.block_on(volume.verify(VerifyLevel::Content).into_future()).unwrap();
    compare(bench, &format!("volume: {mib} MiB in blocks of 4"), dir.path(), verify);
}

/// Eight snapshots.
fn blobs(bench: &Bench, runtime: &Runtime, mib: u64) {
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap();
    for n in 0..8 {
        let blob: Vec<u8> = (0..mib / 8).flat_map(|i| noise(n << 32 | i)).collect();
        runtime.block_on(blobs.write(&blob, metadata! {}).into_future()).unwrap();
    }
    let verify = || runtime.block_on(blobs.verify(VerifyLevel::Content).into_future()).unwrap();
    compare(bench, &format!("blobs: {mib} MiB in 8"), dir.path(), verify);
}

/// Eight files of JSON lines, which are counted too.
fn records(bench: &Bench, runtime: &Runtime, mib: u64) {
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let dataset = Dataset::<Row>::new(&store, "records").unwrap();
    let row = |id| Row { id, name: format!("the record of number {id}"), value: 1.0 / id as f64 };
    for n in 0..8 {
        let rows = (mib << 20) / 8 / 90;
        let rows = (1..=rows).map(move |id| row(n * rows + id));
        runtime
            .block_on(dataset.stream_write_records(rows, metadata! {}).append().into_future())
            .unwrap();
    }
    let verify = || runtime.block_on(dataset.verify(VerifyLevel::Content).into_future()).unwrap();
    compare(bench, &format!("records: {mib} MiB of JSON lines"), dir.path(), verify);
}

fn compare(bench: &Bench, name: &str, dir: &Path, verify: impl Fn() -> VerifyReport) {
    let mut files = Vec::new();
    data_files(dir, &mut files);
    let size: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=bench.rounds() {
        let mut report = None;
        let a = time(|| report = Some(verify()));
        let b = time(|| by_hand(&files));
        let report = report.unwrap();
        assert!(report.is_ok() && report.bytes == size, "{report}: {size} bytes");
        if round > 0 {
            ours.push(a);
            theirs.push(b);
        }
    }
    bench.print(name, median(ours), median(theirs));
}

/// Every core reads and hashes the next file, until there is none.
fn by_hand(files: &[PathBuf]) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                let mut buffer = vec![0; 256 << 10];
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut file = File::open(path).unwrap();
                    let mut hash = XxHash3_128::new();
                    loop {
                        match file.read(&mut buffer).unwrap() {
                            0 => break,
                            read => hash.write(&buffer[..read]),
                        }
                    }
                    assert_ne!(hash.finish_128(), 0);
                }
            });
        }
    });
}

/// All files below a folder but manifests and hints.
fn data_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            data_files(&path, files);
        } else if name != "manifest.json" && name != "latest" {
            files.push(path);
        }
    }
}

/// A mebibyte that does not compress and differs from the others.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(1 << 20).collect()
}
