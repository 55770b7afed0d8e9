//! Importing and exporting: each runs in a process of its own, and prints its peak in MiB.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Instant;

use lode::{Committed, Store, Volume, metadata};
use tokio::runtime::Runtime;

use crate::noise;
use crate::support::{Bench, peak_rss_mib};

const SIZE: u64 = 1 << 30;
/// Of each of these …
const STRIDE: u64 = 10 << 20;
/// … the first bytes are data.
const DATA: usize = 1 << 20;

pub(crate) fn import(runtime: &Runtime) {
    let dir = Bench::quiet().dir();
    let (source, store) = prepare(dir.path());
    let start = Instant::now();
    let volume = imported(runtime, &store, &source);
    eprintln!("import: {:?}", start.elapsed());
    assert!(volume.covered_bytes() <= SIZE / 9, "more than the data was imported");
    println!("{}", peak_rss_mib().unwrap_or_default());
}

pub(crate) fn export(runtime: &Runtime) {
    let dir = Bench::quiet().dir();
    let (source, store) = prepare(dir.path());
    let volume = imported(runtime, &store, &source);
    let target = dir.path().join("target");
    let start = Instant::now();
    runtime.block_on(volume.export_to(&target).into_future()).unwrap();
    eprintln!("export: {:?}", start.elapsed());
    let meta = fs::metadata(&target).unwrap();
    assert_eq!(meta.len(), SIZE);
    assert!(meta.blocks() * 512 <= SIZE / 9, "holes were filled");
    println!("{}", peak_rss_mib().unwrap_or_default());
}

fn imported(runtime: &Runtime, store: &Store, source: &Path) -> Volume<Committed> {
    let volume = Volume::create(store, "disk", SIZE).unwrap();
    let staged = runtime.block_on(volume.import_from(source).into_future()).unwrap();
    runtime.block_on(staged.commit(metadata! {})).unwrap()
}

/// A sparse file and an empty store.
fn prepare(dir: &Path) -> (std::path::PathBuf, Store) {
    let source = dir.join("source");
    let mut file = File::create(&source).unwrap();
    for at in (0..SIZE).step_by(STRIDE as usize) {
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&noise(at + 1, DATA)).unwrap();
    }
    file.set_len(SIZE).unwrap();
    fs::create_dir(dir.join("store")).unwrap();
    (source, Store::local(dir.join("store")).unwrap())
}
