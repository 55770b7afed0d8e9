//! Reading what Go Lode 0.9 wrote: `format.md` §11.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use lode::codec::Auto;
use lode::layout::{Layout, ListableLayout};
use lode::{
    Blob, Catalog, Dataset, DatasetId, Error, FlatLayout, HiveLayout, Record, Snapshot, Store,
};

use super::{copy, folder};
use crate::support::contents;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
pub struct Event {
    pub id: i64,
    #[lode(timestamp)]
    pub ts: DateTime<Utc>,
    pub user: String,
    pub event: String,
    pub value: f64,
    pub tags: [String; 3],
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
pub struct DayEvent {
    pub id: i64,
    #[lode(timestamp)]
    pub ts: DateTime<Utc>,
    pub user: String,
    pub event: String,
    pub value: f64,
    pub tags: [String; 3],
    #[lode(partition)]
    pub day: String,
}

fn golden() -> Store {
    Store::local(folder("go-lode")).unwrap()
}

pub fn events(store: &Store, id: &str) -> Dataset<Event> {
    Dataset::new(store, id).unwrap()
}

pub fn hive(store: &Store) -> Dataset<DayEvent, Auto, HiveLayout> {
    Dataset::<DayEvent>::new(store, "events-hive").unwrap().layout(HiveLayout)
}

pub fn flat(store: &Store) -> Dataset<Event, Auto, FlatLayout> {
    Dataset::<Event>::new(store, "flat-events").unwrap().layout(FlatLayout)
}

/// Reads all snapshots, oldest first, both ways, verified: their row counts.
async fn counts<T, L>(dataset: &Dataset<T, Auto, L>) -> Vec<u64>
where
    T: Record + PartialEq + std::fmt::Debug,
    L: Layout<T> + Sync,
    Auto: lode::Codec<T>,
{
    let mut snapshots: Vec<Snapshot<T>> = dataset.history().try_collect().await.unwrap();
    snapshots.reverse();
    let ids: Vec<_> = snapshots.iter().map(Snapshot::id).collect();
    assert_eq!(dataset.snapshots().await.unwrap(), ids);
    assert_eq!(dataset.latest().await.unwrap().as_ref(), snapshots.last());
    let mut counts = Vec::new();
    for snapshot in &snapshots {
        assert_eq!(dataset.snapshot(snapshot.id()).await.unwrap(), *snapshot);
        assert_eq!(dataset.as_of(snapshot.created_at()).await.unwrap().as_ref(), Some(snapshot));
        let whole = dataset.read(snapshot).await.unwrap();
        let streamed: Vec<T> = dataset.stream(snapshot).try_collect().await.unwrap();
        assert_eq!(whole, streamed);
        assert_eq!(whole.len() as u64, snapshot.row_count());
        if let Some((first, last)) = snapshot.time_range() {
            let times = || whole.iter().filter_map(Record::timestamp);
            assert_eq!((times().min(), times().max()), (Some(first), Some(last)));
        }
        counts.push(whole.len() as u64);
    }
    counts
}

#[tokio::test]
async fn every_dataset_reads_back() {
    let store = golden();
    let before = contents(&**store.object_store()).await;
    assert_eq!(counts(&events(&store, "events-jsonl")).await, [1000, 500, 250]);
    assert_eq!(counts(&events(&store, "events-zstd")).await, [2000, 1]);
    assert_eq!(counts(&events(&store, "empty-jsonl")).await, [0]);
    assert_eq!(counts(&hive(&store)).await, [400, 150]);
    assert_eq!(counts(&flat(&store)).await, [100, 10]);

    let events = events(&store, "events-jsonl");
    let newest = events.latest().await.unwrap().unwrap();
    assert!(newest.manifest().is_foreign());
    let records = events.read(&newest).await.unwrap();
    assert!(records.windows(2).all(|pair| pair[0].id < pair[1].id));

    for (id, sizes) in [("blobs", &[11, 262_144][..]), ("blobs-gzip", &[100_000])] {
        let blobs = Dataset::<Blob>::new(&store, id).unwrap();
        let mut snapshots: Vec<_> = blobs.history().try_collect().await.unwrap();
        snapshots.reverse();
        assert_eq!(snapshots.len(), sizes.len());
        for (snapshot, size) in snapshots.iter().zip(sizes) {
            let whole = blobs.read_blob(snapshot).await.unwrap();
            assert_eq!((whole.len(), snapshot.row_count()), (*size, 1));
            let streamed: Vec<_> = blobs.stream_blob(snapshot).try_collect().await.unwrap();
            assert_eq!(streamed.concat(), whole);
            let range = blobs.read_blob_range(snapshot, 3..9).await.unwrap();
            assert_eq!(range, whole[3..9]);
        }
    }
    assert_eq!(contents(&**store.object_store()).await, before, "readers never write");
}

#[tokio::test]
async fn metadata_of_all_kinds_reads_back() {
    let blobs = Dataset::<Blob>::new(&golden(), "blobs").unwrap();
    let newest = blobs.latest().await.unwrap().unwrap();
    let metadata = newest.metadata();
    assert_eq!(metadata.get("html").unwrap(), "<&>");
    assert_eq!(metadata.get("f").unwrap(), 1.5);
    assert_eq!(metadata.get("name").unwrap(), "prng");
}

#[tokio::test]
async fn partitions_are_filtered_by_path() {
    let store = golden();
    let dataset = hive(&store);
    let mut total = 0;
    let newest = dataset.latest().await.unwrap().unwrap();
    for day in ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"] {
        let found = dataset.read(&newest).partition("day", day).await.unwrap();
        assert!(found.iter().all(|event| event.day == day));
        assert_eq!(found.is_empty(), day == "2024-01-04");
        total += found.len();
    }
    assert_eq!(total, 150);
    let partitions = Catalog::new(&store).layout(HiveLayout);
    assert_eq!(partitions.partitions(dataset.id()).await.unwrap().len(), 3);
}

async fn listed<L: ListableLayout>(catalog: Catalog<L>) -> Vec<String> {
    let found: Vec<DatasetId> = catalog.datasets().await.unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn datasets_are_listed_by_layout() {
    let store = golden();
    let all = listed(Catalog::new(&store)).await;
    for id in
        ["blobs", "blobs-gzip", "empty-jsonl", "events-jsonl", "events-zstd", "parquet-snappy"]
    {
        assert!(all.iter().any(|found| found == id), "{id} in {all:?}");
    }
    let hive = listed(Catalog::new(&store).layout(HiveLayout)).await;
    assert!(hive.iter().any(|found| found == "events-hive"), "{hive:?}");
}

/// The columns of `parquet-snappy`: those named `n_` are null but in some rows.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Columns {
    i32: i32,
    i64: i64,
    f32: f32,
    f64: f64,
    str: String,
    flag: bool,
    raw: lode::Bytes,
    #[lode(timestamp)]
    ts: DateTime<Utc>,
    n_i32: Option<i32>,
    n_i64: Option<i64>,
    n_f32: Option<f32>,
    n_f64: Option<f64>,
    n_str: Option<String>,
    n_flag: Option<bool>,
    n_raw: Option<lode::Bytes>,
    n_ts: Option<DateTime<Utc>>,
}

#[tokio::test]
async fn parquet_is_read_by_name() {
    let store = golden();
    let dataset = Dataset::<Columns>::new(&store, "parquet-snappy").unwrap();
    assert_eq!(counts(&dataset).await, [1000, 1]);
    let ids = dataset.snapshots().await.unwrap();
    let first = dataset.snapshot(ids[0]).await.unwrap();
    let rows = dataset.read(&first).await.unwrap();
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let third = Columns {
        i32: -1_722_783_903,
        i64: 7_621_113_624_420_504_425,
        f32: 1.0,
        f64: 0.10355994734501184,
        str: "row-2-é-<&>".into(),
        flag: true,
        raw: vec![b',', b'c', 0xdd].into(),
        ts: time("2024-01-01T02:00:00.123456789Z"),
        n_i32: Some(-2),
        n_i64: Some(-9_223_372_036_854_775_806),
        n_f32: Some(-1.25),
        n_f64: Some(-1.0 / 3.0),
        n_str: Some(String::new()),
        n_flag: Some(false),
        n_raw: Some(lode::Bytes::default()),
        n_ts: Some(time("2024-01-01T02:00:00.123456789Z")),
    };
    assert_eq!(rows[2], third);
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(row.str, format!("row-{i}-é-<&>"));
        assert_eq!(row.f32, i as f32 / 2.0);
        let hours = chrono::TimeDelta::hours(i as i64);
        assert_eq!(row.ts, time("2024-01-01T00:00:00.123456789Z") + hours);
    }
    // The statistics that Go wrote say the same.
    let stats = first.files()[0].stats.as_ref().unwrap();
    let nulls = rows.iter().filter(|row| row.n_str.is_none()).count() as u64;
    let column = stats.columns.iter().find(|column| column.name == "n_str").unwrap();
    assert_eq!(column.null_count, Some(nulls));
    let second = dataset.snapshot(ids[1]).await.unwrap();
    let only = dataset.read(&second).await.unwrap();
    assert_eq!(only[0], rows[0]);

    let wanted = Columns::columns().i32.eq(rows[7].i32);
    let found = dataset.scan(&first).filter(wanted.clone()).collect().await.unwrap();
    let expected: Vec<_> =
        rows.iter().filter(|row| wanted.matches(row) == Some(true)).cloned().collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn other_columns_than_the_record_has_are_not_parquet_of_it() {
    let dataset = events(&golden(), "parquet-snappy");
    let newest = dataset.latest().await.unwrap().unwrap();
    let error = dataset.read(&newest).await.unwrap_err();
    let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains("`id`: the column is missing"), "{text}");
}

/// A byte of each data file is changed: its md5 tells.
#[tokio::test]
async fn every_md5_is_verified() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let mut flipped = 0;
    flipped += flip(copy.path(), &events(&store, "events-jsonl")).await;
    flipped += flip(copy.path(), &hive(&store)).await;
    flipped += flip(copy.path(), &flat(&store)).await;
    assert_eq!(flipped, 3 + 7 + 2);
}

/// How many files were found to be corrupt, which all must be.
async fn flip<T, L>(root: &Path, dataset: &Dataset<T, Auto, L>) -> u64
where
    T: Record + std::fmt::Debug,
    L: Layout<T> + Sync,
    Auto: lode::Codec<T>,
{
    let mut flipped = 0;
    let snapshots: Vec<_> = dataset.history().try_collect().await.unwrap();
    for snapshot in &snapshots {
        for file in snapshot.files() {
            assert!(file.checksum.is_some());
            let path = root.join(&file.path);
            let good = fs::read(&path).unwrap();
            let mut bad = good.clone();
            let middle = bad.len() / 2;
            bad[middle] ^= 0x10;
            fs::write(&path, bad).unwrap();
            let whole = dataset.read(snapshot).await.map(drop);
            let streamed = dataset.stream(snapshot).try_collect::<Vec<T>>().await.map(drop);
            for result in [whole, streamed] {
                let error = result.unwrap_err();
                let is_it = matches!(&error, Error::Corrupt { path, .. } if *path == file.path);
                assert!(is_it, "{error}");
            }
            fs::write(&path, good).unwrap();
            flipped += 1;
        }
        dataset.read(snapshot).await.unwrap();
    }
    flipped
}

/// Go's hint can lie behind, be missing, or be damaged.
#[tokio::test]
async fn the_head_is_found_whatever_the_hint_says() {
    let copy = copy("go-lode");
    let store = Store::local(copy.path()).unwrap();
    let hint = copy.path().join("datasets/events-jsonl/latest");
    let ids = events(&store, "events-jsonl").snapshots().await.unwrap();
    let newest = ids[2];
    assert_eq!(fs::read_to_string(&hint).unwrap(), newest.to_string());
    for text in [ids[0].to_string(), ids[1].to_string(), "1".to_owned(), String::new(), "x".into()]
    {
        fs::write(&hint, &text).unwrap();
        let found = events(&store, "events-jsonl").latest().await.unwrap().unwrap();
        assert_eq!(found.id(), newest, "{text:?}");
    }
    fs::remove_file(&hint).unwrap();
    let found = events(&store, "events-jsonl").latest().await.unwrap().unwrap();
    assert_eq!(found.id(), newest);

    for path in ["datasets/events-hive/latest", "flat-events/latest"] {
        fs::remove_file(copy.path().join(path)).unwrap();
    }
    assert_eq!(hive(&store).latest().await.unwrap().unwrap().row_count(), 150);
    assert_eq!(flat(&store).latest().await.unwrap().unwrap().row_count(), 10);
}

#[tokio::test]
async fn a_scan_of_files_without_statistics_reads_them() {
    let store = golden();
    let events = events(&store, "events-zstd");
    let newest = events.snapshot(events.snapshots().await.unwrap()[0]).await.unwrap();
    let wanted = || Event::columns().value.gt(0.5) & Event::columns().user.ne("ann");
    let scan = || events.scan(&newest).filter(wanted());
    assert_eq!(scan().plan().unwrap().skipped, []);
    let mut expected = events.read(&newest).await.unwrap();
    expected.retain(|event| wanted().matches(event) == Some(true));
    assert!(!expected.is_empty());
    assert_eq!(scan().collect().await.unwrap(), expected);
    assert_eq!(scan().count().await.unwrap(), expected.len() as u64);

    // Partitions are known by the paths.
    let hive = hive(&store);
    let newest = hive.latest().await.unwrap().unwrap();
    let day = hive.read(&newest).await.unwrap().pop().unwrap().day;
    let scan = || hive.scan(&newest).filter(DayEvent::columns().day.eq(&day));
    assert_eq!(scan().plan().unwrap().read.len(), 1);
    let found = scan().collect().await.unwrap();
    assert!(!found.is_empty() && found.iter().all(|event| event.day == day));
}
