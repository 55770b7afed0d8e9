//! Datasets whose files are Parquet, through the public API.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeZone, Utc};
use futures::TryStreamExt;
use lode::codec::{Blob, Jsonl, Parquet, ParquetCompression, Raw, StreamingCodec};
use lode::compress::Gzip;
use lode::{Dataset, Error, HiveLayout, Limits, Progress, Record, Store, metadata};
use object_store::memory::InMemory;

use crate::support::{forge, get, lode_store, memory, put};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Flight {
    #[lode(timestamp)]
    time_hour: DateTime<Utc>,
    #[lode(partition)]
    carrier: String,
    flight: u32,
    dep_delay: Option<i32>,
}

fn flights(numbers: std::ops::Range<u32>) -> Vec<Flight> {
    numbers
        .map(|flight| Flight {
            time_hour: Utc.timestamp_opt(1_357_034_400 + i64::from(flight), 0).unwrap(),
            carrier: ["UA", "AA", "B6"][flight as usize % 3].to_owned(),
            flight,
            dep_delay: (flight % 3 != 0).then_some(flight as i32 - 5),
        })
        .collect()
}

fn by_number(mut flights: Vec<Flight>) -> Vec<Flight> {
    flights.sort_by_key(|flight| flight.flight);
    flights
}

#[tokio::test]
async fn partitions_appended_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local(dir.path()).unwrap();
    let dataset = Dataset::<Flight>::new(&store, "flights")
        .unwrap()
        .layout(HiveLayout)
        .codec(Parquet::new().compression(ParquetCompression::Snappy));
    let one = dataset.write(&flights(0..300), metadata! {}).await.unwrap();
    assert_eq!(one.files().len(), 3);
    assert!(one.files().iter().all(|file| file.path.ends_with(".parquet")));
    let two = dataset.append(&flights(300..600), metadata! {}).await.unwrap();
    assert_eq!(by_number(dataset.read(&two).await.unwrap()), flights(0..600));
    let some: Vec<Flight> = flights(600..700).into_iter().filter(|it| it.carrier == "UA").collect();
    let three = dataset.replace_partitions(&some, metadata! {}).await.unwrap();
    let found = dataset.read(&three).partition("carrier", "UA").await.unwrap();
    assert_eq!(found, some);
    assert_eq!(three.row_count(), 400 + some.len() as u64);
    let delayed = Flight::columns().dep_delay.gt(590) & Flight::columns().carrier.eq("AA");
    let found = dataset.scan(&three).filter(delayed).collect().await.unwrap();
    assert!(found.iter().all(|it| it.carrier == "AA" && it.dep_delay > Some(590)));
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn appended_to_json_lines() {
    let store = Store::memory();
    let lines = Dataset::<Flight>::new(&store, "flights").unwrap().codec(Jsonl::new());
    lines.write(&flights(0..10), metadata! {}).await.unwrap();
    let parquet = lines.clone().codec(Parquet::new());
    let both = parquet.append(&flights(10..30), metadata! {}).await.unwrap();
    // The handle's codec is for writing: each reads both.
    assert_eq!(lines.read(&both).await.unwrap(), flights(0..30));
    assert_eq!(parquet.stream(&both).try_collect::<Vec<_>>().await.unwrap(), flights(0..30));
}

#[tokio::test]
async fn progress_grows_to_the_totals() {
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let tell = Arc::clone(&seen);
    let dataset = Dataset::<Flight>::new(&Store::memory(), "flights")
        .unwrap()
        .codec(Parquet::new().row_group_rows(10_000))
        .on_progress(move |progress| tell.lock().unwrap().push(progress));
    let snapshot = dataset.write(&flights(0..60_000), metadata! {}).await.unwrap();
    let check = |what| {
        let told = std::mem::take(&mut *seen.lock().unwrap());
        let bytes = told.iter().map(|told| told.bytes).max();
        let records = told.iter().map(|told| told.records).max();
        let files = told.iter().map(|told| told.files).max();
        assert_eq!(bytes, Some(snapshot.size_bytes()), "{what}");
        assert_eq!((records, files), (Some(60_000), Some(1)), "{what}");
        let between = told.iter().any(|p| p.records > 0 && p.records < 60_000);
        assert!(between, "{what}: nothing was told on the way");
    };
    check("write");
    dataset.read(&snapshot).await.unwrap();
    check("read");
}

/// A write that is dropped makes no snapshot, whatever its jobs were at, and is no harm to the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_dropped() {
    let store = Store::memory();
    let codec = Parquet::new().row_group_rows(5000);
    let dataset = Dataset::<Flight>::new(&store, "flights").unwrap().codec(codec);
    let records = flights(0..200_000);
    for millis in [0, 1, 3, 10, 30] {
        let write = dataset.write(&records, metadata! {});
        let done = tokio::time::timeout(Duration::from_millis(millis), write).await;
        assert!(done.is_err() || dataset.latest().await.unwrap().is_some());
    }
    let snapshot = dataset.write(&records[..1000], metadata! {}).await.unwrap();
    assert_eq!(dataset.read(&snapshot).await.unwrap(), records[..1000]);
}

#[tokio::test]
async fn files_roll_over_and_are_within_the_limits() {
    let limits = Limits { target_file_bytes: 10_000, ..Limits::default() };
    let dataset = Dataset::<Flight>::new(&Store::memory(), "flights")
        .unwrap()
        .codec(Parquet::new().row_group_rows(10_000))
        .limits(limits);
    for snapshot in [
        dataset.write(&flights(0..300_000), metadata! {}).await.unwrap(),
        dataset.stream_write_records(flights(0..300_000), metadata! {}).await.unwrap(),
    ] {
        assert!(snapshot.files().len() > 1, "{}", snapshot.files().len());
        assert_eq!(by_number(dataset.read(&snapshot).await.unwrap()), flights(0..300_000));
    }
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Text {
    n: u32,
    text: String,
}

/// Long texts end row groups early: what is held is bounded by bytes, not by rows.
#[tokio::test]
async fn long_texts() {
    let dataset = Dataset::<Text>::new(&Store::memory(), "texts").unwrap().codec(Parquet::new());
    let text = |n: u32| Text { n, text: format!("{n}").repeat(5 << 20) };
    let records = (0..20).map(text);
    let snapshot = dataset.stream_write_records(records, metadata! {}).await.unwrap();
    let mut stream = dataset.stream(&snapshot);
    let mut count = 0;
    while let Some(record) = stream.try_next().await.unwrap() {
        assert!(record == text(count));
        count += 1;
    }
    assert_eq!(count, 20);
}

/// Others get their turn while records are encoded and decoded.
#[tokio::test]
async fn the_executor_is_not_blocked() {
    let dataset =
        Dataset::<Flight>::new(&Store::memory(), "flights").unwrap().codec(Parquet::new());
    let records = flights(0..300_000);
    let longest = Arc::new(Mutex::new(Duration::ZERO));
    let seen = Arc::clone(&longest);
    let ticks = tokio::spawn(async move {
        loop {
            let before = Instant::now();
            tokio::task::yield_now().await;
            let mut longest = seen.lock().unwrap();
            *longest = before.elapsed().max(*longest);
        }
    });
    let started = Instant::now();
    let snapshot = dataset.write(&records, metadata! {}).await.unwrap();
    assert_eq!(
        dataset.stream(&snapshot).try_fold(0, async |n, _| Ok(n + 1)).await.unwrap(),
        300_000
    );
    ticks.abort();
    let (longest, all) = (*longest.lock().unwrap(), started.elapsed());
    // Generous, for debug builds on busy machines; one block for all of it would be much more.
    assert!(longest < all / 4, "{longest:?} of {all:?}");
}

#[tokio::test]
async fn what_cannot_be_written() {
    let dataset = Dataset::<Flight>::new(&Store::memory(), "flights").unwrap();
    let mut records = flights(0..10);
    records[7].time_hour = Utc.with_ymd_and_hms(1600, 1, 1, 0, 0, 0).unwrap();
    let error =
        dataset.clone().codec(Parquet::new()).write(&records, metadata! {}).await.unwrap_err();
    assert!(
        matches!(&error, Error::Encode { row: 7, field, .. } if field == "time_hour"),
        "{error}"
    );
    assert!(dataset.latest().await.unwrap().is_none());
}

#[tokio::test]
async fn a_record_that_no_batch_can_hold_is_named() {
    let dataset = Dataset::<Flight>::new(&Store::memory(), "flights").unwrap().codec(Jsonl::new());
    let mut flights = flights(0..3);
    flights[1].time_hour = Utc.with_ymd_and_hms(3000, 1, 1, 0, 0, 0).unwrap();
    let snapshot = dataset.write(&flights, metadata! {}).await.unwrap();
    let error = dataset.scan(&snapshot).record_batches().try_collect::<Vec<_>>().await.unwrap_err();
    let path = &snapshot.files()[0].path;
    assert_eq!(error.to_string(), format!("snapshot 1, `{path}`: cannot decode a record"));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("field `time_hour`: "), "{source}");
}

fn boom() -> u8 {
    panic!("a default that cannot be had")
}

/// As [`Flight`], with a field that no file has.
#[derive(Debug, serde::Serialize, serde::Deserialize, Record)]
struct Later {
    flight: u32,
    #[serde(default = "boom")]
    gate: u8,
}

#[tokio::test]
async fn code_of_the_record_that_panics_ends_the_read() {
    let store = Store::memory();
    let dataset = Dataset::<Flight>::new(&store, "flights").unwrap().codec(Parquet::new());
    dataset.write(&flights(0..50_000), metadata! {}).await.unwrap();
    let later = Dataset::<Later>::new(&store, "flights").unwrap();
    let snapshot = later.latest().await.unwrap().unwrap();
    let read = tokio::time::timeout(Duration::from_secs(60), later.read(&snapshot));
    let error = read.await.expect("no job waits for the one that is gone").unwrap_err();
    assert!(matches!(error, Error::Task { .. }), "{error:?}");
}

#[test]
fn a_read_that_is_dropped_ends() {
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dataset = Dataset::<Flight>::new(&Store::memory(), "flights").unwrap();
            let dataset = dataset.codec(Parquet::new());
            let snapshot = dataset.write(&flights(0..100_000), metadata! {}).await.unwrap();
            for millis in 0..20 {
                let wait = Duration::from_millis(millis);
                drop(tokio::time::timeout(wait, dataset.read(&snapshot)).await);
            }
        });
        // Waits for all jobs.
        drop(runtime);
        ended.send(()).unwrap();
    });
    end.recv_timeout(Duration::from_secs(60)).expect("no job goes on for ever");
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
struct Stored {
    id: u32,
    old: i32,
    #[lode(json)]
    ip: std::net::IpAddr,
    note: String,
}

/// As [`Stored`], with a default that only whole records tell.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
struct Today {
    id: u32,
    #[serde(alias = "old")]
    new: i32,
    #[lode(json)]
    ip: std::net::IpAddr,
    #[serde(default = "seven")]
    lucky: u32,
}

fn seven() -> u32 {
    7
}

/// What files hold, and `Today` makes something else of, or nothing.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
#[serde(deny_unknown_fields)]
struct AsStored {
    id: u32,
    old: Option<i32>,
    #[lode(json)]
    ip: String,
    note: String,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Lucky {
    id: u32,
    lucky: Option<u32>,
}

async fn selected_alike<C: StreamingCodec<Stored>>(codec: C, wrapped: bool) {
    let inner = memory();
    let store = lode_store(inner.clone());
    let dataset = Dataset::<Stored>::new(&store, "d").unwrap().codec(codec);
    let stored = |id: u32| Stored {
        id,
        old: id as i32 - 3,
        ip: [127, 0, 0, 1].into(),
        note: format!("note {id}"),
    };
    let records: Vec<_> = (0..10_000).map(stored).collect();
    dataset.write(&records, metadata! {}).await.unwrap();
    if wrapped {
        compress_the_file(&inner).await;
    }
    let today = Dataset::<Today>::new(&store, "d").unwrap();
    let snapshot = today.latest().await.unwrap().unwrap();
    let as_stored = |id| AsStored {
        id,
        old: Some(id as i32 - 3),
        ip: "127.0.0.1".to_owned(),
        note: format!("note {id}"),
    };
    let lucky = |id| Lucky { id, lucky: None };
    let columns = Today::columns();
    let all: Vec<u32> = (0..10_000).collect();
    for (filter, ids) in [
        (None, &all[..]),
        (Some(columns.lucky.eq(7)), &all[..]),
        (Some(columns.lucky.eq(7) & columns.id.ge(9000)), &all[9000..]),
        (Some(columns.new.eq(2)), &all[5..6]),
        (Some(columns.lucky.eq(8)), &[]),
    ] {
        let what = format!("{filter:?}");
        let scan = || match &filter {
            Some(filter) => today.scan(&snapshot).filter(filter.clone()),
            None => today.scan(&snapshot),
        };
        let expected: Vec<_> = ids.iter().copied().map(as_stored).collect();
        assert_eq!(scan().select::<AsStored>().collect().await.unwrap(), expected, "{what}");
        let streamed = scan().select::<AsStored>().stream().try_collect::<Vec<_>>();
        assert_eq!(streamed.await.unwrap(), expected, "{what}");
        let batches = scan().select::<AsStored>().record_batches();
        let rows = batches.map_ok(|batch| batch.num_rows()).try_fold(0, async |a, b| Ok(a + b));
        assert_eq!(rows.await.unwrap(), ids.len(), "{what}");
        let expected: Vec<_> = ids.iter().copied().map(lucky).collect();
        assert_eq!(scan().select::<Lucky>().collect().await.unwrap(), expected, "{what}");
    }
}

/// Puts the only file of the dataset into a compressor, as Go does it with Parquet.
async fn compress_the_file(inner: &Arc<InMemory>) {
    let key = forge::manifest(&**inner, "d", 1).await["files"][0]["path"].clone();
    let key = key.as_str().unwrap();
    let bytes = get(&**inner, key).await.unwrap();
    let store = lode_store(inner.clone());
    let packed = Dataset::<Blob>::new(&store, "packed").unwrap();
    let packed = packed.codec(Raw::new().compress(Gzip::default()));
    let snapshot = packed.write(&bytes, metadata! {}).await.unwrap();
    let file = &snapshot.files()[0];
    let bytes = get(&**inner, &file.path).await.unwrap();
    put(&**inner, key, bytes).await;
    forge::edit(&**inner, "d", 1, |manifest| {
        manifest["compressor"] = "gzip".into();
        manifest["files"][0]["size_bytes"] = file.size_bytes.into();
        manifest["files"][0]["checksum"] = file.checksum.clone().into();
    })
    .await;
}

#[tokio::test]
async fn a_selection_is_what_the_file_holds_whatever_the_predicate_is() {
    selected_alike(Jsonl::new(), false).await;
    selected_alike(Parquet::new().row_group_rows(3000), false).await;
    selected_alike(Parquet::new().row_group_rows(3000), true).await;
}

/// The last record is none: it is told which one, and damage is found before it.
#[tokio::test]
async fn a_record_that_cannot_be_selected_is_named() {
    #[derive(Debug, serde::Serialize, serde::Deserialize, Record)]
    struct Narrow {
        #[lode(json)]
        ip: std::net::Ipv4Addr,
    }
    let store = Store::memory();
    let dataset = Dataset::<Stored>::new(&store, "d").unwrap().codec(Parquet::new());
    let stored = |id: u32| Stored {
        id,
        old: 0,
        ip: if id < 4999 { [127, 0, 0, 1].into() } else { [0_u16; 8].into() },
        note: String::new(),
    };
    dataset.write(&(0..5000).map(stored).collect::<Vec<_>>(), metadata! {}).await.unwrap();
    let today = Dataset::<Today>::new(&store, "d").unwrap();
    let snapshot = today.latest().await.unwrap().unwrap();
    let columns = Today::columns();
    let scan = |filter| today.scan(&snapshot).filter(filter).select::<Narrow>();
    let all = scan(columns.lucky.eq(7) & columns.id.lt(4999)).collect().await.unwrap();
    assert_eq!(all.len(), 4999);
    let error = scan(columns.lucky.eq(7) & columns.id.ge(4000)).collect().await.unwrap_err();
    let Error::Decode { line, .. } = &error else { panic!("{error}") };
    assert_eq!(*line, 5000, "{error}");
}
