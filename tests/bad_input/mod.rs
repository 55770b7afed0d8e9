//! Bad input: a precise error that names the object; nothing is written, nothing is deleted, and
//! other snapshots stay readable.

mod data;
#[cfg(unix)]
mod local;
mod manifest;
mod misuse;
mod volume;

use std::fmt::Debug;
use std::sync::Arc;

use lode::checksum::Checksum;
use lode::codec::{Jsonl, Raw};
use lode::compress::{Gzip, Zstd};
use lode::{Blob, Dataset, Error, HiveLayout, Store, metadata};
use object_store::ObjectStore;

use crate::support::{Contents, Row, contents, lode_store, memory, rows};

/// A store with a snapshot of each kind, and one more to tell whether others are harmed.
struct Shelf {
    inner: Arc<dyn ObjectStore>,
    store: Store,
    before: Contents,
}

impl Shelf {
    async fn new() -> Self {
        let inner = memory() as Arc<dyn ObjectStore>;
        let store = lode_store(Arc::clone(&inner));
        let rows_in = |id: &'static str| Dataset::<Row>::new(&store, id).unwrap();
        for n in 0..2 {
            let new = rows(10 * n..10 * n + 10);
            rows_in("plain").write(&new, metadata! {}).await.unwrap();
            let zstd = Jsonl::new().compress(Zstd::default());
            let zstd = rows_in("zstd").codec(zstd).checksum(Checksum::Blake3);
            zstd.write(&new, metadata! {}).await.unwrap();
            let gzip = Jsonl::new().compress(Gzip::default());
            let gzip = rows_in("gzip").codec(gzip).checksum(Checksum::Sha256);
            gzip.write(&new, metadata! {}).await.unwrap();
            let hive = rows_in("hive").layout(HiveLayout).checksum(Checksum::Md5);
            hive.write(&new, metadata! {}).await.unwrap();
            let bytes: Vec<u8> = (0..500).map(|i| (i * i + n) as u8).collect();
            let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap();
            blobs.write(&bytes, metadata! {}).await.unwrap();
            let packed = Dataset::<Blob>::new(&store, "packed").unwrap();
            let packed = packed.codec(Raw::new().compress(Gzip::default()));
            packed.write(&bytes, metadata! {}).await.unwrap();
        }
        let before = contents(&*inner).await;
        Self { inner, store, before }
    }

    async fn assert_untouched(&self) {
        assert!(contents(&*self.inner).await == self.before, "something was written or deleted");
    }
}

/// The error, which must be about this object.
#[track_caller]
fn about<T: Debug>(result: Result<T, Error>, path: &str) -> Error {
    let error = result.expect_err("bad input was taken for good");
    let found = match &error {
        Error::Corrupt { path, .. }
        | Error::Decode { path, .. }
        | Error::ManifestInvalid { path, .. }
        | Error::UnsupportedVersion { path, .. }
        | Error::LimitExceeded { path, .. } => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(found, path, "{error}");
    error
}
