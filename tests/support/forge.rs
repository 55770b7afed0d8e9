//! Manifests, lists of condemned objects and tombstones, written by hand.

use object_store::ObjectStore;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{get, put};

pub fn manifest_key(dataset: &str, id: u64) -> String {
    format!("datasets/{dataset}/snapshots/{id:019}/manifest.json")
}

pub fn hint_key(dataset: &str) -> String {
    format!("datasets/{dataset}/latest")
}

pub fn gc_key(dataset: &str, write_id: Uuid) -> String {
    format!("datasets/{dataset}/gc/{}.json", write_id.simple())
}

/// The manifest of a snapshot, as it stands.
pub async fn manifest(store: &dyn ObjectStore, dataset: &str, id: u64) -> Value {
    json_at(store, &manifest_key(dataset, id)).await
}

pub async fn json_at(store: &dyn ObjectStore, key: &str) -> Value {
    serde_json::from_slice(&get(store, key).await.expect("no such object")).unwrap()
}

pub async fn put_json(store: &dyn ObjectStore, key: &str, value: &Value) {
    put(store, key, serde_json::to_vec_pretty(value).unwrap()).await;
}

/// The manifest of snapshot `id`, changed and put back.
pub async fn edit(
    store: &dyn ObjectStore,
    dataset: &str,
    id: u64,
    change: impl FnOnce(&mut Value),
) {
    let mut value = manifest(store, dataset, id).await;
    change(&mut value);
    put_json(store, &manifest_key(dataset, id), &value).await;
}

/// A child of snapshot `parent` with the same content, as another program would commit it.
pub async fn child(
    store: &dyn ObjectStore,
    dataset: &str,
    parent: u64,
    write_id: Uuid,
    change: impl FnOnce(&mut Value),
) {
    let mut value = manifest(store, dataset, parent).await;
    value["snapshot_id"] = json!(format!("{:019}", parent + 1));
    value["parent_snapshot_id"] = json!(format!("{parent:019}"));
    value["write_id"] = json!(write_id.simple().to_string());
    value.as_object_mut().unwrap().remove("idempotency_key");
    change(&mut value);
    put_json(store, &manifest_key(dataset, parent + 1), &value).await;
}

/// A clean-up on top of snapshot `parent` that condemned these objects. Its list is written too.
pub async fn gc(
    store: &dyn ObjectStore,
    dataset: &str,
    parent: u64,
    write_id: Uuid,
    condemned: &[String],
) {
    let previous = manifest(store, dataset, parent).await["last_gc"].clone();
    let list = json!({ "previous": previous, "condemned": condemned });
    put_json(store, &gc_key(dataset, write_id), &list).await;
    child(store, dataset, parent, write_id, |value| {
        value["operation"] = json!("gc");
        value["last_gc"] = json!(last_gc(parent + 1, write_id));
    })
    .await;
}

pub fn last_gc(id: u64, write_id: Uuid) -> String {
    format!("{id:019}-{}", write_id.simple())
}

/// Replaces the manifest of snapshot `id` by its tombstone.
pub async fn expire(store: &dyn ObjectStore, dataset: &str, id: u64) {
    edit(store, dataset, id, |value| {
        let fields = value.as_object_mut().unwrap();
        for gone in [
            "metadata",
            "row_count",
            "min_timestamp",
            "max_timestamp",
            "codec",
            "compressor",
            "partitioner",
            "checksum_algorithm",
            "schemas",
        ] {
            fields.remove(gone);
        }
        let files = fields.insert("files".to_owned(), json!("expired")).unwrap();
        fields.insert("expired_files".to_owned(), files);
        fields.insert("expired_at".to_owned(), json!("2040-01-01T00:00:00Z"));
        fields.insert("format_version".to_owned(), json!("2.0.0"));
    })
    .await;
}
