//! Cases that are about memory: each runs in a process of its own and prints its peak in MiB.

use futures::TryStreamExt;
use lode::{Blob, Dataset, Record, Store, metadata};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

use crate::support::{Bench, peak_rss_mib};

/// Writes a blob, and reads it whole.
pub(crate) fn blob(runtime: &Runtime) {
    let bench = Bench::quiet();
    let dir = bench.dir();
    let store = Store::local(dir.path()).unwrap();
    let backups = Dataset::<Blob>::new(&store, "backups").unwrap();
    let chunk = vec![7; 1 << 20];
    let len = runtime.block_on(async {
        let mut writer = backups.stream_write(metadata! {}).await.unwrap();
        for _ in 0..bench.blob_mib() {
            writer.write_all(&chunk).await.unwrap();
        }
        let snapshot = writer.commit().await.unwrap();
        backups.read_blob(&snapshot).await.unwrap().len()
    });
    assert_eq!(len, bench.blob_mib() << 20);
    println!("{}", peak_rss_mib().unwrap_or_default());
}

#[derive(Serialize, Deserialize, Record)]
struct Event {
    id: u64,
    user: String,
    value: f64,
    kind: Option<String>,
}

/// Writes ten million records as a stream, and reads them as one.
pub(crate) fn records(runtime: &Runtime) {
    const COUNT: u64 = 10_000_000;
    let dir = Bench::quiet().dir();
    let store = Store::local(dir.path()).unwrap();
    let events = Dataset::<Event>::new(&store, "events").unwrap();
    let event = |id: u64| Event {
        id,
        user: format!("user-{}", id % 1000),
        value: id as f64 / 7.0,
        kind: (!id.is_multiple_of(3)).then(|| "click".to_owned()),
    };
    runtime.block_on(async {
        let source = (0..COUNT).map(event);
        let snapshot = events.stream_write_records(source, metadata! {}).await.unwrap();
        let sum = events
            .stream(&snapshot)
            .try_fold(0_u64, async |sum, event| Ok(sum + event.id))
            .await
            .unwrap();
        assert_eq!(sum, COUNT * (COUNT - 1) / 2);
    });
    println!("{}", peak_rss_mib().unwrap_or_default());
}
