//! A large blob to the server and back, against `object_store`'s own multipart writer and streamed get.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use lode::{Blob, Dataset, Snapshot, Store, metadata};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

use crate::support::{Bench, median, peak_rss_mib};

const CHUNK: usize = 1 << 20;

pub(crate) fn blobs(bench: &Bench, store: &Store, runtime: &Runtime) {
    let mib = bench.blob_mib();
    let chunk = chunk();
    let dataset = dataset(store);
    let inner = Arc::clone(store.object_store());
    let by_hand = Path::from(format!("bench-{}/blob-by-hand", std::process::id()));
    let (mut writes, mut puts, mut reads, mut gets) = <(Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    runtime.block_on(async {
        for round in 0..=bench.rounds() {
            let (wrote, snapshot) = timed(write(&dataset, &chunk, mib)).await;
            let (put, ()) = timed(put(&inner, &by_hand, &chunk, mib)).await;
            let (read, len) = timed(read(&dataset, &snapshot)).await;
            let (got, by_hand_len) = timed(get(&inner, &by_hand)).await;
            assert_eq!((len, by_hand_len), (mib * CHUNK, mib * CHUNK));
            let data = format!("bench-{}/{}", std::process::id(), snapshot.files()[0].path);
            for path in [Path::parse(data).unwrap(), by_hand.clone()] {
                inner.delete(&path).await.unwrap();
            }
            // The first round does not count.
            if round > 0 {
                writes.push(wrote);
                puts.push(put);
                reads.push(read);
                gets.push(got);
            }
        }
    });
    bench.print(&format!("stream: {mib} MiB to the server"), median(writes), median(puts));
    bench.print(&format!("stream: {mib} MiB from the server"), median(reads), median(gets));
}

/// For the memory of writing alone.
pub(crate) fn write_alone(store: &Store, runtime: &Runtime) {
    let mib = Bench::quiet().blob_mib();
    drop(runtime.block_on(write(&dataset(store), &chunk(), mib)));
    println!("{}", peak_rss_mib().unwrap_or_default());
    crate::clear(store, runtime);
}

/// For the memory of both.
pub(crate) fn read_alone(store: &Store, runtime: &Runtime) {
    let mib = Bench::quiet().blob_mib();
    let dataset = dataset(store);
    runtime.block_on(async {
        let snapshot = write(&dataset, &chunk(), mib).await;
        assert_eq!(read(&dataset, &snapshot).await, mib * CHUNK);
    });
    println!("{}", peak_rss_mib().unwrap_or_default());
    crate::clear(store, runtime);
}

fn dataset(store: &Store) -> Dataset<Blob> {
    Dataset::new(store, "blobs").unwrap()
}

fn chunk() -> Vec<u8> {
    (0..CHUNK).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect()
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let made = work.await;
    (start.elapsed(), made)
}

async fn write(dataset: &Dataset<Blob>, chunk: &[u8], count: usize) -> Snapshot<Blob> {
    let mut writer = dataset.stream_write(metadata! {}).await.unwrap();
    for _ in 0..count {
        writer.write_all(chunk).await.unwrap();
    }
    writer.commit().await.unwrap()
}

async fn put(store: &Arc<dyn ObjectStore>, path: &Path, chunk: &[u8], count: usize) {
    let mut writer = BufWriter::new(Arc::clone(store), path.clone());
    for _ in 0..count {
        writer.write_all(chunk).await.unwrap();
    }
    writer.shutdown().await.unwrap();
}

async fn read(dataset: &Dataset<Blob>, snapshot: &Snapshot<Blob>) -> usize {
    let chunks = dataset.stream_blob(snapshot);
    chunks.try_fold(0, async |len, chunk| Ok(len + chunk.len())).await.unwrap()
}

async fn get(store: &Arc<dyn ObjectStore>, path: &Path) -> usize {
    let chunks = store.get(path).await.unwrap().into_stream();
    chunks.try_fold(0, async |len, chunk| Ok(len + chunk.len())).await.unwrap()
}
