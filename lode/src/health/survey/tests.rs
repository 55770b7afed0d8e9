use std::time::Duration;

use object_store::ObjectStoreExt;
use object_store::path::Path;
use uuid::Uuid;

use super::*;
use crate::dataset::DatasetChain;
use crate::layout::Paths;
use crate::{Blob, Dataset, Store, metadata};

/// The key of a data file of a write that began long ago.
fn key(write: u128, part: u32) -> String {
    let write = Uuid::from_u128((1 << 80) | (7 << 76) | (1 << 63) | write);
    format!("datasets/d/data/{}/{part:05}.jsonl", write.simple())
}

/// A write that goes on for long has stored much, and what is left over comes after it.
#[tokio::test]
async fn what_is_at_work_takes_no_room_of_what_may_go() {
    let store = Store::memory();
    Dataset::<Blob>::new(&store, "d").unwrap().write(b"all of it", metadata! {}).await.unwrap();
    let put = async |key: String| {
        store.object_store().put(&Path::from(key), "x".into()).await.unwrap();
    };
    for part in 0..5 {
        put(key(1, part)).await;
    }
    put(key(2, 0)).await;
    put(key(3, 0)).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let cutoff = store.now();
    tokio::time::sleep(Duration::from_millis(5)).await;
    put(key(1, 5)).await;

    let of = DatasetChain { dataset: "d".parse().unwrap(), paths: Paths::Default };
    let history = History::new(store.clone(), of, 1 << 20);
    let survey = Survey::begin(history, cutoff).await.unwrap().unwrap();
    for (most, expected, more) in [
        (7, vec![key(2, 0), key(3, 0)], false),
        (3, vec![key(2, 0), key(3, 0)], false),
        (1, vec![key(2, 0)], true),
    ] {
        let found = survey.candidates(most).await.unwrap();
        let paths: Vec<_> = found.objects.into_iter().map(|object| object.path).collect();
        assert_eq!((paths, found.more), (expected, more), "{most}");
    }
}
