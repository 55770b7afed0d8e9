//! Any bytes as the list of what a clean-up condemned, while a transaction is under way: it is committed
//! only if the list parses, leads back to where the transaction began, and names none of its objects;
//! else the error says which of them, or what is wrong with the list.

use std::sync::Arc;

use lode::{Dataset, Error, Store, metadata};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::Value;

use crate::block_on;
use crate::support::ambient::{CountingIds, uuid};
use crate::support::{Row, contents, forge, put, rows};

/// The clean-up's write id: `01900000000070008000000000000064`.
const GC: u64 = 100;

pub fn run(data: &[u8]) {
    block_on(check(data));
}

async fn check(data: &[u8]) {
    let inner = Arc::new(InMemory::new());
    let store = Store::from(Arc::clone(&inner) as Arc<dyn ObjectStore>);
    // The transaction's write id is `01900000000070008000000000000002`.
    let store = store.with_ids(Arc::new(CountingIds::from(1)));
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    dataset.write(&rows(0..2), metadata! {}).await.unwrap();
    let before = contents(&*inner).await;
    let transaction = dataset.begin(metadata! {}).append().await.unwrap();
    transaction.write(&rows(2..3)).await.unwrap();
    transaction.attach("a", b"beside").await.unwrap();
    let after = contents(&*inner).await;
    let ours: Vec<_> = after.into_keys().filter(|key| !before.contains_key(key)).collect();
    assert_eq!(ours.len(), 2);
    forge::gc(&*inner, "d", 1, uuid(GC), &[]).await;
    let list = forge::gc_key("d", uuid(GC));
    put(&*inner, &list, data.to_vec()).await;

    let json = serde_json::from_slice::<Value>(data).unwrap_or_default();
    let names = json["condemned"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let named = names.clone().filter(|name| ours.iter().any(|key| key == name)).count();
    match transaction.commit().await {
        Ok(snapshot) => {
            assert_eq!((named, snapshot.id().get(), snapshot.row_count()), (0, 3, 3));
            assert_eq!(dataset.read(&snapshot).await.unwrap().len(), 3);
            assert_eq!(dataset.attachment(&snapshot, "a").await.unwrap(), "beside");
        }
        Err(Error::Condemned { paths, .. }) => {
            assert!(!paths.is_empty() && paths.iter().all(|path| ours.contains(path)));
            assert!(named > 0);
        }
        Err(Error::ManifestInvalid { path, field, reason }) => {
            let head = forge::manifest_key("d", 2);
            assert!(path.starts_with("datasets/d/gc/") || path == head, "{path}");
            assert!(!field.is_empty() && !reason.is_empty());
        }
        Err(other) => panic!("{other}"),
    }
    // Whatever it said, what was committed is there, and only what is this transaction's own is gone.
    let left = contents(&*inner).await;
    assert!(
        before.iter().all(|(key, bytes)| left.get(key) == Some(bytes) || key.ends_with("/latest"))
    );
}
