//! Any bytes as a data file of a codec for records: records that are written and read back the same,
//! or a precise error. Whole and streamed agree, and limits hold.

use std::collections::BTreeMap;
use std::fmt::Debug;

use chrono::{DateTime, NaiveDate, Utc};
use futures::TryStreamExt;
use lode::codec::{Bincode, Parquet, Postcard, StreamingCodec};
use lode::predicate::Predicate;
use lode::{Bytes, Dataset, Error, Limits, Record, Snapshot, Store, metadata};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::block_on;

#[derive(Debug, Clone, Serialize, Deserialize, lode::Enum)]
enum Status {
    OnTime,
    Late,
}

#[derive(Debug, Clone, Serialize, Deserialize, Record)]
struct Leg {
    origin: String,
    miles: Option<f32>,
    stops: Vec<Option<i16>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Record)]
struct Row {
    id: u64,
    #[lode(bloom)]
    name: Option<String>,
    at: Option<DateTime<Utc>>,
    day: NaiveDate,
    late: bool,
    raw: Bytes,
    status: Option<Status>,
    key: uuid::Uuid,
    legs: Vec<Leg>,
    last: Option<Leg>,
    pair: [u8; 2],
    counts: BTreeMap<String, Option<u32>>,
}

/// Bincode and Postcard have no place for JSON.
#[derive(Debug, Clone, Serialize, Deserialize, Record)]
struct WithJson {
    row: Row,
    #[lode(json)]
    json: Option<Vec<i8>>,
}

/// The bytes are a file; and changes of good ones, since few changes leave a footer in its place. Read whole,
/// and in part.
pub fn parquet(data: &[u8]) {
    any_parquet(data);
    let mut good = GOOD_PARQUET[data.len() % GOOD_PARQUET.len()].to_vec();
    for change in data.chunks_exact(3).take(6) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % good.len();
        good[at] ^= change[2];
    }
    any_parquet(&good);
}

fn any_parquet(data: &[u8]) {
    block_on(check::<WithJson, _>(data, Parquet::new()));
    let c = Row::columns;
    let questions = [
        c().id.ge(2),
        c().name.eq("name 4"),
        c().id.is_in([1, 7]) | c().day.is_null(),
        c().late.eq(true) & !c().at.is_null(),
    ];
    block_on(scans::<Row, Slim>(data, questions.into()));
    let c = WithJson::columns;
    let questions = [c().row.id.lt(2), c().row.name.eq("name 4"), c().row.status.is_null()];
    block_on(scans::<WithJson, JustJson>(data, questions.into()));
}

/// Some of the fields.
#[derive(Debug, Serialize, Deserialize, Record)]
struct Slim {
    id: u64,
    name: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, Record)]
struct JustJson {
    #[lode(json)]
    json: Option<Vec<i8>>,
}

/// Scans of a file that lies about itself may find anything, but they end, and find as much in every form.
async fn scans<T: Record, P: Record>(data: &[u8], questions: Vec<Predicate<T>>) {
    let store = Store::memory();
    let limits = Limits { max_decoded_bytes: Some(MOST_BYTES), ..Limits::default() };
    let dataset = Dataset::<T>::new(&store, "d").unwrap().codec(Parquet::new());
    let dataset = dataset.checksum(None).limits(limits);
    let snapshot = dataset.write(&[], metadata! {}).await.unwrap();
    plant(&store, &snapshot, data).await;
    let snapshot = dataset.snapshot(snapshot.id()).await.unwrap();
    for question in questions {
        let scan = || dataset.scan(&snapshot).filter(question.clone());
        let (whole, part) = (scan().collect().await, scan().select::<P>().collect().await);
        let batches = scan().record_batches().try_collect::<Vec<_>>().await;
        let rows =
            batches.map(|batches| batches.iter().map(|it| it.num_rows() as u64).sum::<u64>());
        let counts = [
            whole.map(|it| it.len() as u64).ok(),
            part.map(|it| it.len() as u64).ok(),
            rows.ok(),
            scan().count().await.ok(),
        ];
        let found: Vec<u64> = counts.into_iter().flatten().collect();
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{question}: {counts:?}");
    }
}

const GOOD_PARQUET: [&[u8]; 4] = [
    include_bytes!("../corpus/parquet_decode/bloom-row-groups"),
    include_bytes!("../corpus/parquet_decode/none"),
    include_bytes!("../corpus/parquet_decode/zstd"),
    include_bytes!("../corpus/parquet_decode/snappy-row-groups"),
];

pub fn bincode(data: &[u8]) {
    block_on(check::<Row, _>(data, Bincode::new()));
}

pub fn postcard(data: &[u8]) {
    block_on(check::<Row, _>(data, Postcard::new()));
}

const MOST_BYTES: u64 = 4 << 20;

async fn check<T: Record + Debug, C: StreamingCodec<T>>(data: &[u8], codec: C) {
    let store = Store::memory();
    let limits = Limits {
        max_record_bytes: Some(1 << 20),
        max_decoded_bytes: Some(MOST_BYTES),
        ..Limits::default()
    };
    let dataset = Dataset::<T>::new(&store, "d").unwrap().codec(codec).checksum(None);
    let dataset = dataset.limits(limits);
    let snapshot = dataset.write(&[], metadata! {}).await.unwrap();
    plant(&store, &snapshot, data).await;
    let snapshot = dataset.snapshot(snapshot.id()).await.unwrap();
    let whole = dataset.read(&snapshot).await;
    let streamed: Result<Vec<T>, Error> = dataset.stream(&snapshot).try_collect().await;
    match (whole, streamed) {
        (Ok(whole), Ok(streamed)) => {
            // Floats can be NaN.
            assert_eq!(text(&whole), text(&streamed));
            // No record takes less than a bit, of whatever codec.
            assert!(whole.len() as u64 <= 8 * MOST_BYTES);
            // What is read of one codec is written by another, unless it has no place for a time.
            let Ok(copy) = dataset.write(&whole, metadata! {}).await else { return };
            assert_eq!(text(&dataset.read(&copy).await.unwrap()), text(&whole));
        }
        (Err(whole), Err(streamed)) => {
            let is_expected = matches!(
                whole,
                Error::Decode { .. } | Error::Corrupt { .. } | Error::LimitExceeded { .. }
            );
            assert!(is_expected, "{whole:?}");
            assert_eq!(whole.to_string(), streamed.to_string());
        }
        (whole, streamed) => panic!("{whole:?}, but as a stream {streamed:?}"),
    }
}

fn text(records: &impl Debug) -> String {
    format!("{records:?}")
}

/// Puts a file with these bytes into a snapshot of none.
async fn plant<T>(store: &Store, snapshot: &Snapshot<T>, data: &[u8]) {
    let objects = &**store.object_store();
    let path = "datasets/d/data/planted";
    put(objects, path, data.to_vec()).await;
    let id = snapshot.id().get();
    let key = format!("datasets/d/snapshots/{id:019}/manifest.json");
    let bytes = objects.get(&Path::parse(&key).unwrap()).await.unwrap().bytes().await.unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let file = serde_json::json!({"path": path, "size_bytes": data.len(), "schema": 0});
    manifest["files"] = serde_json::json!([file]);
    manifest["row_count"] = 1.into();
    put(objects, &key, serde_json::to_vec(&manifest).unwrap()).await;
}

async fn put(store: &dyn ObjectStore, path: &str, body: Vec<u8>) {
    store.put(&Path::parse(path).unwrap(), body.into()).await.unwrap();
}
