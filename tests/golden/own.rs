//! What format 1.1 wrote is read for ever, and is written the same again.
//!
//! `LODE_BLESS=1 cargo test -p lode-tests golden::own` writes the folder, if there is none.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt;
use lode::codec::Auto;
use lode::layout::Layout;
use lode::{Blob, Dataset, Error, FlatLayout, HiveLayout, SnapshotId, Store, metadata};

use super::own_content::{Everything, blob, records, write_all};
use super::{copy, folder, golden};
use crate::support::{Contents, contents};

const FOLDER: &str = "lode-1.1";

/// Reads all snapshots, oldest first: the numbers of their records.
async fn read<L: Layout<Everything> + Sync>(
    dataset: Dataset<Everything, Auto, L>,
) -> Vec<Vec<u64>> {
    let mut snapshots: Vec<_> = dataset.history().try_collect().await.unwrap();
    snapshots.reverse();
    assert_eq!(dataset.latest().await.unwrap().as_ref(), snapshots.last());
    let mut all = Vec::new();
    for snapshot in &snapshots {
        let mut numbers = Vec::new();
        for record in dataset.read(snapshot).await.unwrap() {
            let number = u64::MAX - record.unsigned;
            assert_eq!(record, records(number, 1)[0]);
            numbers.push(number);
        }
        assert_eq!(numbers.len() as u64, snapshot.row_count());
        numbers.sort_unstable();
        all.push(numbers);
    }
    all
}

fn of(store: &Store, id: &str) -> Dataset<Everything> {
    Dataset::new(store, id).unwrap()
}

async fn read_everything(store: &Store) {
    let plain = read(of(store, "plain")).await;
    let expected: [Vec<u64>; 5] =
        [(0..3).collect(), (0..5).collect(), (0..9).collect(), vec![], vec![9]];
    assert_eq!(plain, expected);
    let hive = read(of(store, "hive").layout(HiveLayout)).await;
    // The partition of number 30 is that of 0, 3 and 6.
    assert_eq!(hive, [(0..9).collect(), vec![1, 2, 4, 5, 7, 8, 30]]);
    assert_eq!(read(of(store, "flat").layout(FlatLayout)).await, [[0, 1]]);
    assert_eq!(read(of(store, "mixed")).await.last().unwrap(), &[0, 1, 2, 3, 4, 5]);
    assert_eq!(read(of(store, "packed")).await.last().unwrap().len(), 10);
    assert_eq!(read(of(store, "cleaned")).await, [vec![1], vec![1], vec![1, 2]]);

    let hive = of(store, "hive").layout(HiveLayout);
    let newest = hive.latest().await.unwrap().unwrap();
    let odd = hive.read(&newest).partition("kind", "ä/b=c d%").await.unwrap();
    let null = hive.read(&newest).partition("kind", None::<String>).await.unwrap();
    assert_eq!((odd.len(), null.len()), (3, 3));

    let blobs = Dataset::<Blob>::new(store, "blobs").unwrap();
    let [one, two] = [1, 2].map(|id| SnapshotId::new(id).unwrap());
    let [one, two] = [blobs.snapshot(one).await.unwrap(), blobs.snapshot(two).await.unwrap()];
    assert_eq!(blobs.read_blob(&one).await.unwrap(), "");
    assert_eq!(blobs.read_blob(&two).await.unwrap(), blob(2000));
    let packed = Dataset::<Blob>::new(store, "packed-blobs").unwrap();
    let one = packed.latest().await.unwrap().unwrap();
    assert_eq!(packed.read_blob(&one).await.unwrap(), blob(2000));

    let cleaned = of(store, "cleaned");
    let error = cleaned.snapshot(SnapshotId::new(1).unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Expired { .. }), "{error}");
    let last = cleaned.latest().await.unwrap().unwrap();
    assert_eq!(last.manifest().last_gc.unwrap().id.get(), 3);
    let plain = of(store, "plain");
    let first = plain.snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
    let nested = r#"{"nested":{"list":[1,2.5,null,"x"]},"source":"golden"}"#;
    assert_eq!(serde_json::to_string(first.metadata()).unwrap(), nested);
}

#[tokio::test]
async fn the_folder_reads_back() {
    let store = Store::local(folder(FOLDER)).unwrap();
    let before = contents(&**store.object_store()).await;
    read_everything(&store).await;
    assert_eq!(contents(&**store.object_store()).await, before);
}

#[tokio::test]
async fn the_folder_can_be_continued() {
    let copy = copy(FOLDER);
    let store = Store::local(copy.path()).unwrap();
    for id in ["plain", "mixed", "packed", "cleaned"] {
        let dataset = of(&store, id);
        let old = dataset.latest().await.unwrap().unwrap();
        let new = dataset.append(&records(40, 2), metadata! {}).await.unwrap();
        assert_eq!(new.id().get(), old.id().get() + 1);
        let found = dataset.read(&new).await.unwrap();
        assert_eq!(found.len() as u64, old.row_count() + 2, "{id}");
    }
    let plain = of(&store, "plain");
    let again = plain.append(&records(3, 2), metadata! {}).idempotency_key("second").await;
    assert_eq!(again.unwrap().id().get(), 2);
}

/// Byte for byte, but for the name of the writer, and what other programs' compressors made.
#[tokio::test]
async fn the_same_is_written_again() {
    let written = contents(&*write_all().await).await;
    let golden = golden(FOLDER, &written).await;
    let (written, golden) = (comparable(&written), comparable(&golden));
    assert!(golden.len() > 40, "only {} objects were compared", golden.len());
    for (key, bytes) in &golden {
        assert_eq!(written[key], *bytes, "{key}");
    }
}

fn comparable(contents: &Contents) -> BTreeMap<String, String> {
    let writer = format!("lode-rs/{}", lode_version(contents));
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).replace(&writer, "lode-rs");
    let plain = contents.iter().filter(|(key, _)| !key.contains("/packed"));
    plain.map(|(key, bytes)| (key.clone(), text(bytes))).collect()
}

/// The version of lode that wrote this.
fn lode_version(contents: &Contents) -> String {
    let key = "datasets/plain/snapshots/0000000000000000001/manifest.json";
    let manifest: serde_json::Value = serde_json::from_slice(&contents[key]).unwrap();
    let writer = manifest["writer"].as_str().unwrap();
    writer.strip_prefix("lode-rs/").unwrap().to_owned()
}
