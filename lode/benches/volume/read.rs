//! Reading.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use lode::{Committed, Store, Volume, metadata};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;

use crate::noise;
use crate::support::{Bench, median};

const READS: usize = 10_000;
const LEN: u64 = 4096;
const BLOCK: u64 = 64 << 10;
const BLOCKS: u64 = 1000;

/// Random 4 KiB reads of a snapshot of 1,000 blocks on local disk, against `get_range` of the same
/// bytes; one by one, and 16 at once.
pub(crate) fn random(bench: &Bench, runtime: &Runtime) {
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let volume = runtime.block_on(filled(&store));
    let files = LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let reads = reads(&volume);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut many, mut many_theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        ours.push(runtime.block_on(by_lode(&volume, &reads, 1)));
        theirs.push(runtime.block_on(by_hand(&files, &reads, 1)));
        many.push(runtime.block_on(by_lode(&volume, &reads, 16)));
        many_theirs.push(runtime.block_on(by_hand(&files, &reads, 16)));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let (many, many_theirs) = (median(many), median(many_theirs));
    bench.print("read_at: 10,000 × 4 KiB, one by one", ours, theirs);
    bench.print("read_at: 10,000 × 4 KiB, 16 at once", many, many_theirs);
    bench.print("read_at: one by one ÷ 16 at once", ours, many);
    bench.print("get_range: one by one ÷ 16 at once", theirs, many_theirs);
}

/// The same on the memory store: what lode adds to a read.
pub(crate) fn overhead(bench: &Bench, runtime: &Runtime) {
    let memory = Arc::new(InMemory::new());
    let store = Store::from(Arc::clone(&memory) as Arc<dyn ObjectStore>);
    let volume = runtime.block_on(filled(&store));
    let reads = reads(&volume);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() * 5 {
        ours.push(runtime.block_on(by_lode(&volume, &reads, 1)));
        theirs.push(runtime.block_on(by_hand(&*memory, &reads, 1)));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    bench.print("read_at: in memory, 10,000 × 4 KiB", ours, theirs);
    let added = ours.saturating_sub(theirs) / READS as u32;
    println!("{:<40} {added:>12.2?} added to a read", "");
}

/// A reader over 1 GiB, against reading the same block files.
pub(crate) fn sequential(bench: &Bench, runtime: &Runtime) {
    const SIZE: u64 = 1 << 30;
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let volume = Volume::create(&store, "disk", SIZE).unwrap();
    let source = futures::stream::iter(
        (0..SIZE >> 20).map(|i| Ok::<_, std::io::Error>(noise(i, 1 << 20).into())),
    );
    let staged = runtime.block_on(volume.stage_stream_at(0, source)).unwrap();
    let volume = runtime.block_on(staged.commit(metadata! {})).unwrap();
    let mut buffer = vec![0; 1 << 20];
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=bench.rounds() {
        let start = Instant::now();
        let len = runtime.block_on(async {
            let (mut reader, mut len) = (volume.reader(), 0);
            while let n @ 1.. = reader.read(&mut buffer).await.unwrap() {
                len += n as u64;
            }
            len
        });
        assert_eq!(len, SIZE);
        let (elapsed, start) = (start.elapsed(), Instant::now());
        let mut len = 0;
        for block in volume.blocks() {
            let mut file = File::open(dir.path().join(&block.path)).unwrap();
            while let n @ 1.. = file.read(&mut buffer).unwrap() {
                len += n as u64;
            }
        }
        assert_eq!(len, SIZE);
        if round > 0 {
            ours.push(elapsed);
            theirs.push(start.elapsed());
        }
    }
    bench.print("reader: 1 GiB, against std::fs", median(ours), median(theirs));
}

/// A volume of 1,000 blocks.
async fn filled(store: &Store) -> Volume<Committed> {
    let volume = Volume::create(store, "disk", BLOCK * BLOCKS).unwrap();
    let staged = volume.stage_write_at(0, noise(0, BLOCK as usize)).await.unwrap();
    for i in 1..BLOCKS {
        staged.stage_write_at(i * BLOCK, noise(i, BLOCK as usize)).await.unwrap();
    }
    staged.commit(metadata! {}).await.unwrap()
}

/// Random places, each inside a block: in the volume, and in the block's object.
fn reads(volume: &Volume<Committed>) -> Vec<(u64, Path, u64)> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let read = |_| {
        let (block, inside) = (next() % BLOCKS, next() % (BLOCK - LEN));
        let path = Path::parse(&volume.blocks()[block as usize].path).unwrap();
        (block * BLOCK + inside, path, inside)
    };
    (0..READS).map(read).collect()
}

async fn by_lode(
    volume: &Volume<Committed>,
    reads: &[(u64, Path, u64)],
    at_once: usize,
) -> Duration {
    let start = Instant::now();
    let reads = reads.iter().map(|(at, _, _)| volume.read_at(*at..at + LEN));
    let reads = futures::stream::iter(reads).buffer_unordered(at_once);
    let len: usize =
        reads.map_ok(|bytes| bytes.len()).try_fold(0, async |a, b| Ok(a + b)).await.unwrap();
    assert_eq!(len, READS * LEN as usize);
    start.elapsed()
}

async fn by_hand(store: &impl ObjectStore, reads: &[(u64, Path, u64)], at_once: usize) -> Duration {
    let start = Instant::now();
    let reads = reads.iter().map(|(_, path, inside)| store.get_range(path, *inside..inside + LEN));
    let reads = futures::stream::iter(reads).buffer_unordered(at_once);
    let len: usize = reads.map(|bytes| bytes.unwrap().len()).fold(0, async |a, b| a + b).await;
    assert_eq!(len, READS * LEN as usize);
    start.elapsed()
}
