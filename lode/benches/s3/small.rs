//! Many small commits, against the same objects put by `object_store`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::TryStreamExt;
use lode::{Dataset, Record, Snapshot, Store, metadata};
use object_store::path::Path;
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

const COUNT: usize = 1000;

/// 1,000 commits of one record each. lode's and the baseline's run in turn, commit by commit, so that both
/// meet the same server.
pub(crate) fn commits(bench: &Bench, store: &Store, runtime: &Runtime) {
    runtime.block_on(async {
        let readings = |name: &str| Dataset::<Reading>::new(store, name).unwrap();
        // What lode writes, to be put by hand under other names.
        let (model, dataset) = (readings("model"), readings("readings"));
        for id in 0..COUNT {
            commit(&model, id).await;
        }
        let objects = objects(store, &model).await;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (id, objects) in objects.iter().enumerate() {
            ours.push(commit(&dataset, id).await);
            theirs.push(put(&**store.object_store(), objects).await);
        }
        let total = |times: &[Duration]| times.iter().sum::<Duration>();
        bench.print("small: 1,000 writes", total(&ours), total(&theirs));
        bench.print("small: one write, the median", median(ours), median(theirs));
    });
}

async fn commit(dataset: &Dataset<Reading>, id: usize) -> Duration {
    let record = [Reading { id: id as u64, sensor: "roof".to_owned(), celsius: 21.5 }];
    let start = Instant::now();
    dataset.write(&record, metadata! {}).await.unwrap();
    start.elapsed()
}

/// One commit's objects: the data file, the manifest, the hint.
type Commit = [(Path, Bytes); 3];

async fn put(store: &dyn ObjectStore, [data, manifest, hint]: &Commit) -> Duration {
    let start = Instant::now();
    store.put(&data.0, data.1.clone().into()).await.unwrap();
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    store.put_opts(&manifest.0, manifest.1.clone().into(), create).await.unwrap();
    store.put(&hint.0, hint.1.clone().into()).await.unwrap();
    start.elapsed()
}

async fn objects(store: &Store, dataset: &Dataset<Reading>) -> Vec<Commit> {
    let prefix = format!("bench-{}/by-hand", std::process::id());
    let inner = store.object_store();
    let snapshots: Vec<Snapshot<Reading>> = dataset.history().try_collect().await.unwrap();
    let mut commits = Vec::new();
    for snapshot in snapshots.iter().rev() {
        let body = async |key: &str| {
            let path = Path::parse(format!("bench-{}/{key}", std::process::id())).unwrap();
            inner.get(&path).await.unwrap().bytes().await.unwrap()
        };
        let data = &snapshot.files()[0].path;
        let manifest =
            format!("datasets/model/snapshots/{:019}/manifest.json", snapshot.id().get());
        let (data_body, manifest_body) = (body(data).await, body(&manifest).await);
        let path = |key: &str| Path::parse(format!("{prefix}/{key}")).unwrap();
        let hint = Bytes::from(format!("{:019}", snapshot.id().get()));
        commits.push([
            (path(data), data_body),
            (path(&manifest), manifest_body),
            (path("datasets/model/latest"), hint),
        ]);
    }
    commits
}
