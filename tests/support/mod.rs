//! What tests share: the store that counts and fails (lode's own), a server and a proxy that loses replies,
//! a clock and ids that are set, sources that are strict, records, and manifests written by hand.

pub mod ambient;
mod dropped;
pub mod forge;
pub mod proxy;
pub mod rows;
pub mod server;
mod strict;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

pub use dropped::poll_times;
pub use lode::testing::faults as script;
pub use rows::{Row, rows};
pub use script::{Call, Class, Fault, FaultStore, Op};
pub use strict::{StrictReader, strict};

/// Everything that lies in a store, byte for byte.
pub type Contents = BTreeMap<String, Bytes>;

/// Reads everything in a store.
pub async fn contents(store: &dyn ObjectStore) -> Contents {
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    futures::stream::iter(listed)
        .then(|meta| async move {
            let bytes = store.get(&meta.location).await.unwrap().bytes().await.unwrap();
            (meta.location.to_string(), bytes)
        })
        .collect()
        .await
}

/// The bytes at `key`.
pub async fn get(store: &dyn ObjectStore, key: &str) -> Option<Bytes> {
    match store.get(&Path::parse(key).unwrap()).await {
        Ok(found) => Some(found.bytes().await.unwrap()),
        Err(object_store::Error::NotFound { .. }) => None,
        Err(e) => panic!("{e}"),
    }
}

/// Puts an object behind everybody's back.
pub async fn put(store: &dyn ObjectStore, key: &str, bytes: impl Into<Bytes>) {
    store.put(&Path::parse(key).unwrap(), bytes.into().into()).await.unwrap();
}

/// Deletes an object behind everybody's back.
pub async fn delete(store: &dyn ObjectStore, key: &str) {
    store.delete(&Path::parse(key).unwrap()).await.unwrap();
}

/// An empty memory store, as an object store: lode takes it for one whose requests may arrive late.
pub fn memory() -> Arc<object_store::memory::InMemory> {
    Arc::new(object_store::memory::InMemory::new())
}

/// A lode store on top of `inner`.
pub fn lode_store(inner: Arc<dyn ObjectStore>) -> lode::Store {
    lode::Store::from(inner)
}

/// Lets everything that goes on in the background come to its end. The clock is paused: it moves
/// only when nothing else can.
pub async fn settle() {
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
}

/// Failures of every kind that a commit must survive, of this share of the calls.
pub fn storm(share: f64) -> script::Faults {
    let early = script::Faults::none().before(share * 0.4).partway(share * 0.1);
    early.after(share * 0.25).late(share * 0.25)
}
