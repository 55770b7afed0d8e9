//! Codecs that store no names of fields, through datasets.

use futures::TryStreamExt;
use lode::codec::{Bincode, Codec, Jsonl, Postcard, StreamingCodec};
use lode::compress::{Gzip, Zstd};
use lode::{Dataset, Error, HiveLayout, Record, Store, metadata};
use serde::{Deserialize, Serialize};

use crate::support::rows::numbers;
use crate::support::script::{Class, Op};
use crate::support::{FaultStore, Row, forge, get, memory, put, rows};

async fn every_way<C: StreamingCodec<Row>>(codec: C, name: &str, extension: &str) {
    let inner = memory();
    let store = Store::from(inner.clone() as std::sync::Arc<dyn object_store::ObjectStore>);
    let dataset = Dataset::<Row>::new(&store, "d").unwrap().codec(codec).layout(HiveLayout);
    dataset.write(&rows(0..100), metadata! {}).await.unwrap();
    dataset.append(&rows(100..150), metadata! {}).await.unwrap();
    dataset.stream_write_records(rows(150..300), metadata! {}).append().await.unwrap();
    dataset.replace_partitions(&rows(0..300), metadata! {}).await.unwrap();
    let latest = dataset.latest().await.unwrap().unwrap();
    assert_eq!(latest.manifest().codec.as_deref(), Some(name));
    assert!(latest.files().iter().all(|file| file.path.ends_with(extension)));
    let all: Vec<u64> = (0..300).collect();
    assert_eq!(numbers(&dataset, &latest).await.unwrap(), all);
    // A handle that writes something else reads it, and continues it.
    let other = Dataset::<Row>::new(&store, "d").unwrap().layout(HiveLayout);
    assert_eq!(numbers(&other, &latest).await.unwrap(), all);
    let mixed = other.append(&rows(300..310), metadata! {}).await.unwrap();
    assert_eq!(numbers(&dataset, &mixed).await.unwrap().len(), 310);
    // What does not come whole is not taken for less.
    let path = &latest.files()[0].path;
    let whole = get(&*inner, path).await.unwrap();
    put(&*inner, path, whole.slice(..whole.len() / 2)).await;
    assert!(dataset.read(&latest).await.unwrap_err().is_corrupt());
}

#[tokio::test]
async fn bincode_goes_every_way() {
    every_way(Bincode::new(), "bincode", ".bincode").await;
    every_way(Bincode::new().compress(Gzip::default()), "bincode", ".bincode.gz").await;
}

#[tokio::test]
async fn postcard_goes_every_way() {
    every_way(Postcard::new(), "postcard", ".postcard").await;
    every_way(Postcard::new().compress(Zstd::default()), "postcard", ".postcard.zst").await;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Old {
    id: u32,
    name: String,
}

/// By name it would be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct New {
    name: Option<String>,
    id: u64,
}

async fn exact<C: Codec<Old> + Codec<New>>(codec: C, name: &str) {
    let faulty = FaultStore::new(memory());
    let old = Dataset::<Old>::new(&faulty.store(), "d").unwrap().codec(codec.clone());
    let new = Dataset::<New>::new(&faulty.store(), "d").unwrap().codec(codec);
    let record = Old { id: 1, name: "one".to_owned() };
    let path = old.write(&[record], metadata! {}).await.unwrap().files()[0].path.clone();
    let snapshot = new.latest().await.unwrap().unwrap();
    faulty.clear();
    let read = new.read(&snapshot).await.unwrap_err();
    let text = format!(
        "snapshot 1 of dataset `d`, `{path}`: cannot be read as `New` \
         (`{name}` stores no names of fields: the schemas must be equal):\n\
         `id`: uint32 becomes uint64\n`name`: string becomes nullable string\n\
         the fields are in another order"
    );
    assert_eq!(read.to_string(), text);
    // It would stay unreadable in whatever is made of it.
    let record = New { name: None, id: 2 };
    let append = new.append(std::slice::from_ref(&record), metadata! {}).await.unwrap_err();
    assert_eq!(append.to_string(), text);
    let jsonl = Dataset::<New>::new(&faulty.store(), "d").unwrap().codec(Jsonl::new());
    let append = jsonl.append(std::slice::from_ref(&record), metadata! {}).await.unwrap_err();
    assert_eq!(append.to_string(), text);
    assert_eq!(faulty.counts().on(Op::Get, Class::Data), 0);
    assert_eq!(faulty.counts().puts(), 0);
    new.write(std::slice::from_ref(&record), metadata! {}).await.unwrap();
    let latest = new.latest().await.unwrap().unwrap();
    assert_eq!(new.read(&latest).await.unwrap(), [record]);
}

#[tokio::test]
async fn only_the_very_schema_is_read() {
    exact(Bincode::new(), "bincode").await;
    exact(Postcard::new(), "postcard").await;
}

#[tokio::test]
async fn without_a_schema_nothing_is_read() {
    let inner = memory();
    let store = Store::from(inner.clone() as std::sync::Arc<dyn object_store::ObjectStore>);
    let dataset = Dataset::<Old>::new(&store, "d").unwrap().codec(Postcard::new());
    let record = Old { id: 1, name: "one".to_owned() };
    let path = dataset.write(&[record], metadata! {}).await.unwrap().files()[0].path.clone();
    let key = forge::manifest_key("d", 1);
    let json = String::from_utf8(get(&*inner, &key).await.unwrap().to_vec()).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&json).unwrap();
    manifest["files"][0].as_object_mut().unwrap().remove("schema").unwrap();
    put(&*inner, &key, manifest.to_string()).await;
    let dataset = Dataset::<Old>::new(&store, "d").unwrap();
    let snapshot = dataset.latest().await.unwrap().unwrap();
    let text = format!(
        "snapshot 1 of dataset `d`, `{path}`: `postcard` stores no names of fields, \
         and the manifest does not say the file's schema"
    );
    let whole = dataset.read(&snapshot).await.unwrap_err();
    let streamed = dataset.stream(&snapshot).try_collect::<Vec<_>>().await.unwrap_err();
    let appended = dataset.append(&[], metadata! {}).await.unwrap_err();
    for error in [whole, streamed, appended] {
        assert!(matches!(error, Error::SchemaUnknown { .. }), "{error}");
        assert_eq!(error.to_string(), text);
    }
}

/// NaN is refused by JSON only.
#[tokio::test]
async fn every_float_is_stored() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    struct Reading {
        celsius: f64,
    }
    let store = Store::memory();
    let odd = [f64::from_bits(0x7ff4_dead_beef_0001), f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE];
    let records = odd.map(|celsius| Reading { celsius });
    let dataset = Dataset::<Reading>::new(&store, "d").unwrap().codec(Postcard::new());
    let snapshot = dataset.write(&records, metadata! {}).await.unwrap();
    let found = dataset.read(&snapshot).await.unwrap();
    assert_eq!(
        found.iter().map(|it| it.celsius.to_bits()).collect::<Vec<_>>(),
        odd.map(f64::to_bits)
    );
}
