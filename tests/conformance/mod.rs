//! One suite over every backend: memory, local disk, and the S3 server (`lode::testing::conformance`).

use std::sync::Arc;

use lode::{Durability, Store, testing::conformance};
use object_store::ObjectStore;

use crate::store::{Flaw, Flawed};
use crate::support::{contents, memory, server};

macro_rules! on_every_backend {
    ($($check:ident)*) => {
        mod memory_store { $(
            #[tokio::test]
            async fn $check() {
                let store = super::Store::memory();
                super::conformance::$check(&store).await.unwrap();
                assert!(super::contents(&**store.object_store()).await.is_empty());
            }
        )* }

        /// As any store, whose requests may arrive late.
        mod any_store { $(
            #[tokio::test]
            async fn $check() {
                let store = super::Store::from(super::memory() as super::Arc<dyn super::ObjectStore>);
                super::conformance::$check(&store.prefixed("a b%20ä").unwrap()).await.unwrap();
            }
        )* }

        mod local_disk { $(
            #[tokio::test]
            async fn $check() {
                let dir = tempfile::tempdir().unwrap();
                let store = super::Store::local_with(dir.path(), super::Durability::None).unwrap();
                super::conformance::$check(&store).await.unwrap();
            }
        )* }

        mod s3 { $(
            #[tokio::test]
            async fn $check() {
                let name = concat!("conformance::s3::", stringify!($check));
                let Some(store) = super::server::s3(name) else { return };
                super::conformance::$check(&store).await.unwrap();
            }
        )* }
    };
}

on_every_backend! {
    write_and_read append record_streams codecs partitions times idempotency neighbours
    blobs blob_streams blob_ranges
    expected_heads many_writers transactions restore clean_up
    volume_stage_and_commit volume_overwrite volume_writers volume_sessions volume_choices volume_streams
    volume_health
}

#[tokio::test]
async fn all_of_them_pass_with_every_put_synced() {
    let dir = tempfile::tempdir().unwrap();
    conformance::all(&Store::local(dir.path()).unwrap()).await.unwrap();
}

/// It can fail: each flaw of a store is found by some check.
#[tokio::test]
async fn a_flawed_store_fails() {
    for (flaw, check) in [
        (Flaw::IgnoresCreate, "many_writers"),
        (Flaw::RacesCreate, "many_writers"),
        (Flaw::IgnoresRanges, "blob_ranges"),
    ] {
        let flawed = Flawed { inner: object_store::memory::InMemory::new(), flaw };
        let failure =
            conformance::all(&Store::from(Arc::new(flawed) as Arc<dyn ObjectStore>)).await;
        let failure = failure.unwrap_err();
        assert_eq!(failure.check, check, "{flaw:?}: {failure}");
    }
}
