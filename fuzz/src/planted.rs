//! A store with one snapshot that lode has not written: any bytes under a manifest.

use lode::{Metadata, Store};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// What a manifest says of a data file.
pub struct Planted<'a> {
    pub bytes: &'a [u8],
    /// `None` for a blob.
    pub codec: Option<&'a str>,
    pub compressor: &'a str,
}

impl Planted<'_> {
    /// A store with a dataset `d`, whose first snapshot has this as its one file. It is as Go
    /// Lode would have written it, without checksums and without counts of records.
    pub async fn store(&self) -> Store {
        let path = "datasets/d/snapshots/0000000000000000001/data/data";
        let mut manifest = serde_json::json!({
            "schema_name": "lode-manifest",
            "format_version": "1.0.0",
            "dataset_id": "d",
            "snapshot_id": "0000000000000000001",
            "created_at": "2024-01-01T00:00:00Z",
            "metadata": Metadata::empty(),
            "files": [{"path": path, "size_bytes": self.bytes.len()}],
            "row_count": 1,
            "compressor": self.compressor,
            "partitioner": "noop",
        });
        if let Some(codec) = self.codec {
            manifest["codec"] = codec.into();
        }
        let store = Store::memory();
        put(store.object_store(), path, self.bytes.to_vec()).await;
        let manifest = serde_json::to_vec(&manifest).unwrap();
        let path = "datasets/d/snapshots/0000000000000000001/manifest.json";
        put(store.object_store(), path, manifest).await;
        store
    }
}

async fn put(store: &dyn ObjectStore, path: &str, body: Vec<u8>) {
    store.put(&Path::parse(path).unwrap(), body.into()).await.unwrap();
}
