//! Files and batches that other programs make.

mod batches;
mod codecs;
mod pyarrow;

use lode::Store;
use serde_json::json;

use crate::support::put;

/// A store with one snapshot of a dataset `d`, whose one file has these bytes. Its manifest is as Go
/// Lode writes it: without checksums, schemas and counts of files.
async fn planted(bytes: &[u8], codec: &str) -> Store {
    let folder = "datasets/d/snapshots/0000000000000000001";
    let path = format!("{folder}/data/data");
    let manifest = json!({
        "schema_name": "lode-manifest",
        "format_version": "1.0.0",
        "dataset_id": "d",
        "snapshot_id": "0000000000000000001",
        "created_at": "2024-01-01T00:00:00Z",
        "metadata": {},
        "files": [{"path": path, "size_bytes": bytes.len()}],
        "row_count": 1,
        "codec": codec,
        "compressor": "noop",
        "partitioner": "noop",
    });
    let store = Store::memory();
    let objects = &**store.object_store();
    put(objects, &path, bytes.to_vec()).await;
    put(objects, &format!("{folder}/manifest.json"), serde_json::to_vec(&manifest).unwrap()).await;
    store
}
