//! Many small commits, against the same objects put by `object_store`.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use lode::{Dataset, Record, Store, metadata};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::support::{Bench, median};

#[derive(Clone, Serialize, Deserialize, Record)]
struct Reading {
    id: u64,
    sensor: String,
    celsius: f64,
}

/// One commit's objects: the data file, the manifest, the hint.
type Commit = [(object_store::path::Path, Bytes); 3];

/// 1,000 commits of one record each. lode's and the baseline's run in turn, commit by commit, so
/// that both meet the same disk.
pub(crate) fn commits(bench: &Bench, runtime: &Runtime) {
    const COUNT: usize = 1000;
    for name in ["write", "append"] {
        // The objects to put by hand: what lode writes.
        let model = bench.dir();
        let mut handle = None;
        for id in 0..COUNT {
            handle = Some(runtime.block_on(commit(model.path(), name, id, handle.take())).1);
        }
        let objects = runtime.block_on(objects(model.path()));
        let (dir, by_hand) = (bench.dir(), bench.dir());
        let store = LocalFileSystem::new_with_prefix(by_hand.path()).unwrap().with_fsync(true);
        let mut handle = None;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (id, commit_objects) in objects.iter().enumerate() {
            let (elapsed, kept) = runtime.block_on(commit(dir.path(), name, id, handle.take()));
            handle = Some(kept);
            ours.push(elapsed);
            theirs.push(runtime.block_on(put(&store, commit_objects)));
        }
        let total = |times: &[Duration]| times.iter().sum::<Duration>();
        bench.print(&format!("small: 1,000 {name}s"), total(&ours), total(&theirs));
        bench.print(
            &format!("small: one {name}, the median"),
            median(ours.clone()),
            median(theirs),
        );
        let [first, last] = [&ours[..100], &ours[COUNT - 100..]].map(|part| median(part.to_vec()));
        println!("{:<40} {first:>12.2?} {last:>12.2?} (the first 100, the last 100)", "");
    }
}

type Handle = Dataset<Reading>;

async fn commit(dir: &Path, name: &str, id: usize, handle: Option<Handle>) -> (Duration, Handle) {
    let dataset =
        handle.unwrap_or_else(|| Dataset::new(&Store::local(dir).unwrap(), "readings").unwrap());
    let record = [Reading { id: id as u64, sensor: "roof".to_owned(), celsius: 21.5 }];
    let start = std::time::Instant::now();
    match name {
        "write" => dataset.write(&record, metadata! {}).await.unwrap(),
        _ => dataset.append(&record, metadata! {}).await.unwrap(),
    };
    (start.elapsed(), dataset)
}

async fn put(store: &LocalFileSystem, [data, manifest, hint]: &Commit) -> Duration {
    let start = std::time::Instant::now();
    store.put(&data.0, data.1.clone().into()).await.unwrap();
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    store.put_opts(&manifest.0, manifest.1.clone().into(), create).await.unwrap();
    store.put(&hint.0, hint.1.clone().into()).await.unwrap();
    start.elapsed()
}

/// What lode wrote, commit by commit.
async fn objects(dir: &Path) -> Vec<Commit> {
    let store = LocalFileSystem::new_with_prefix(dir).unwrap();
    let mut listed: Vec<_> =
        store.list(None).map_ok(|meta| meta.location).try_collect().await.unwrap();
    listed.sort();
    let of = |part: &'static str| {
        listed.iter().filter(move |path| path.as_ref().contains(part)).cloned()
    };
    let pairs: Vec<_> = of("/data/").zip(of("/snapshots/")).collect();
    let mut commits = Vec::new();
    for (n, (data, manifest)) in pairs.into_iter().enumerate() {
        let hint = object_store::path::Path::from("datasets/readings/latest");
        let body = async |path| store.get(path).await.unwrap().bytes().await.unwrap();
        let (data_body, manifest_body) = (body(&data).await, body(&manifest).await);
        let id = Bytes::from(format!("{:019}", n + 1));
        commits.push([(data, data_body), (manifest, manifest_body), (hint, id)]);
    }
    commits
}
