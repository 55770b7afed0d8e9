//! Staging and committing.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::TryStreamExt;
use lode::{Committed, Store, Volume, metadata};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use tokio::runtime::Runtime;

use crate::noise;
use crate::support::{Bench, median};

const BLOCK: usize = 64 << 10;
const BLOCKS: usize = 1000;
const PER_COMMIT: usize = 100;

/// 1,000 blocks of 64 KiB, a commit after each 100, against the same objects put by hand. lode's
/// commits and the baseline's run in turn, so that both meet the same disk.
pub(crate) fn blocks(bench: &Bench, runtime: &Runtime) {
    let blocks: Vec<Bytes> = (0..BLOCKS).map(|i| noise(i as u64, BLOCK).into()).collect();
    let model = bench.dir();
    let mut volume = None;
    for (part, data) in blocks.chunks(PER_COMMIT).enumerate() {
        volume = Some(runtime.block_on(commit(model.path(), volume, part, data)).0);
    }
    let objects = runtime.block_on(objects(model.path()));

    let (dir, by_hand) = (bench.dir(), bench.dir());
    let store = LocalFileSystem::new_with_prefix(by_hand.path()).unwrap().with_fsync(true);
    let (mut volume, mut ours, mut theirs) = (None, Vec::new(), Vec::new());
    for (part, data) in blocks.chunks(PER_COMMIT).enumerate() {
        let (next, elapsed) = runtime.block_on(commit(dir.path(), volume.take(), part, data));
        volume = Some(next);
        ours.push(elapsed);
        theirs.push(runtime.block_on(put(&store, &objects[part])));
    }
    let total = |times: &[Duration]| times.iter().sum::<Duration>();
    bench.print("stage: 1,000 × 64 KiB, 10 commits", total(&ours), total(&theirs));
    bench.print("stage: 100 × 64 KiB, the median", median(ours), median(theirs));
}

/// A commit of one block onto 1,000 of them, against one onto 10.
pub(crate) fn commits(bench: &Bench, runtime: &Runtime) {
    const COUNT: usize = 60;
    let dirs = [bench.dir(), bench.dir()];
    let mut volumes: Vec<Volume<Committed>> = [1000, 10]
        .into_iter()
        .zip(&dirs)
        .map(|(blocks, dir)| {
            let data: Vec<Bytes> = (0..blocks).map(|i| noise(i, 512).into()).collect();
            runtime.block_on(commit(dir.path(), None, 0, &data)).0
        })
        .collect();
    let mut times = [Vec::new(), Vec::new()];
    for i in 0..COUNT {
        for (volume, times) in volumes.iter_mut().zip(&mut times) {
            let offset = (1 << 29) + (i * BLOCK) as u64;
            let staged = runtime.block_on(volume.stage_write_at(offset, [7; 512])).unwrap();
            let start = Instant::now();
            *volume = runtime.block_on(staged.commit(metadata! {})).unwrap();
            times.push(start.elapsed());
        }
    }
    let [large, small] = times.map(median);
    bench.print("commit: onto 1,000 blocks ÷ onto 10", large, small);
}

async fn commit(
    dir: &std::path::Path,
    volume: Option<Volume<Committed>>,
    part: usize,
    data: &[Bytes],
) -> (Volume<Committed>, Duration) {
    let store = Store::local(dir).unwrap();
    let start = Instant::now();
    let mut offset = (part * PER_COMMIT * BLOCK) as u64;
    let (first, rest) = data.split_first().unwrap();
    let staged = match &volume {
        None => {
            let volume = Volume::create(&store, "disk", 1 << 30).unwrap();
            volume.stage_write_at(offset, first).await.unwrap()
        }
        Some(volume) => volume.stage_write_at(offset, first).await.unwrap(),
    };
    for block in rest {
        offset += BLOCK as u64;
        staged.stage_write_at(offset, block).await.unwrap();
    }
    let volume = staged.commit(metadata! { "part": part }).await.unwrap();
    (volume, start.elapsed())
}

/// The objects of each commit: its blocks, its manifest, and the hint.
async fn objects(dir: &std::path::Path) -> Vec<Vec<(Path, Bytes)>> {
    let store = LocalFileSystem::new_with_prefix(dir).unwrap();
    let mut listed: Vec<Path> =
        store.list(None).map_ok(|meta| meta.location).try_collect().await.unwrap();
    let offset = |path: &Path| {
        let name = path.filename().unwrap();
        name.split('-').next().unwrap().parse::<u64>().ok()
    };
    listed.sort_by_key(|path| (offset(path), path.clone()));
    let body = async |path: &Path| store.get(path).await.unwrap().bytes().await.unwrap();
    let of = |folder: &'static str| {
        listed.iter().filter(move |path| path.as_ref().contains(folder)).cloned()
    };
    let (blocks, manifests): (Vec<_>, Vec<_>) =
        (of("/data/").collect(), of("/snapshots/").collect());
    let mut commits = Vec::new();
    for (part, manifest) in manifests.iter().enumerate() {
        let mut objects = Vec::new();
        for path in blocks.iter().skip(part * PER_COMMIT).take(PER_COMMIT).chain([manifest]) {
            objects.push((path.clone(), body(path).await));
        }
        let hint = Bytes::from(format!("{:019}", part + 1));
        objects.push((Path::from("volumes/disk/latest"), hint));
        commits.push(objects);
    }
    commits
}

async fn put(store: &LocalFileSystem, objects: &[(Path, Bytes)]) -> Duration {
    let start = Instant::now();
    for (path, body) in objects {
        let mode = match path.filename() {
            Some("manifest.json") => PutMode::Create,
            _ => PutMode::Overwrite,
        };
        let options = PutOptions { mode, ..PutOptions::default() };
        store.put_opts(path, body.clone().into(), options).await.unwrap();
    }
    start.elapsed()
}
