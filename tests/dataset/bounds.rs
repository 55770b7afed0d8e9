//! What a write holds and does at once is bounded, as its limits say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use lode::{Blob, Dataset, Error, HiveLayout, Limits, Record, metadata};
use tokio::io::AsyncWriteExt;

use crate::support::script::Rule;
use crate::support::{
    Call, Class, Fault, FaultStore, Op, Row, contents, delete, get, memory, put, rows,
};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Sample {
    #[lode(partition)]
    place: String,
    n: u64,
    value: f64,
    #[serde(with = "counted")]
    #[lode(json)]
    text: String,
}

thread_local! {
    /// How many samples this thread (a test's) has encoded.
    static ENCODED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

mod counted {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        super::ENCODED.set(super::ENCODED.get() + 1);
        serializer.serialize_str(text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

/// One sample of `bytes` bytes in each of `places` places, twice.
fn samples(places: u64, bytes: usize) -> Vec<Sample> {
    let sample = |n| Sample {
        place: format!("place-{:05}", n % places),
        n,
        value: 0.5,
        text: "x".repeat(bytes),
    };
    (0..2 * places).map(sample).collect()
}

fn hive(faulty: &FaultStore, limits: Limits) -> Dataset<Sample, lode::codec::Auto, HiveLayout> {
    let dataset = Dataset::<Sample>::new(&faulty.store(), "d").unwrap();
    dataset.layout(HiveLayout).limits(limits)
}

/// Notes at every put of a data object what `count` gives.
fn at_puts(
    faulty: &FaultStore,
    count: impl Fn() -> u64 + Send + Sync + 'static,
) -> Arc<Mutex<Vec<u64>>> {
    let noted = Arc::<Mutex<Vec<u64>>>::default();
    let (notes, count) = (Arc::clone(&noted), Arc::new(count));
    let note = Fault::run(move || {
        notes.lock().unwrap().push(count());
        async {}
    });
    faulty.rule(Rule::on(Op::Put, Class::Data, note).for_ever());
    noted
}

/// The most uploads in parts that were open at once.
fn peak_uploads(calls: &[Call]) -> usize {
    let (mut open, mut peak) = (BTreeSet::new(), 0);
    for call in calls {
        match call.op {
            Op::Begin => drop(open.insert(&call.path)),
            Op::Complete | Op::Abort => drop(open.remove(&call.path)),
            _ => {}
        }
        peak = peak.max(open.len());
    }
    peak
}

async fn is_readable(
    dataset: &Dataset<Sample, lode::codec::Auto, HiveLayout>,
    expected: &[Sample],
) {
    let snapshot = dataset.latest().await.unwrap().unwrap();
    let mut found = dataset.read(&snapshot).await.unwrap();
    found.sort_by_key(|sample| sample.n);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_batch_of_small_partitions_gives_others_their_turn() {
    let faulty = FaultStore::new(memory());
    let turns = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&turns);
    let ticking = tokio::spawn(async move {
        loop {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let noted = at_puts(&faulty, move || turns.load(Ordering::Relaxed));
    // 12.8 MB, in 64 files of 200 KB.
    let batch = samples(64, 100_000);
    hive(&faulty, Limits::default()).write(&batch, metadata! {}).await.unwrap();
    ticking.abort();
    let first = noted.lock().unwrap()[0];
    assert!(first > 20, "there were {first} turns before the first put");
}

#[tokio::test]
async fn a_batch_holds_as_many_files_open_as_it_may() {
    let faulty = FaultStore::new(memory());
    let limits = Limits { open_files: 2, part_bytes: 64 << 10, ..Limits::default() };
    let dataset = hive(&faulty, limits);
    let batch = samples(20, 60_000);
    dataset.write(&batch, metadata! {}).await.unwrap();
    assert_eq!(faulty.counts().on(Op::Complete, Class::Data), 20);
    assert_eq!(peak_uploads(&faulty.calls()), 2);
    is_readable(&dataset, &batch).await;
}

#[tokio::test]
async fn a_batch_holds_as_many_bytes_as_it_may() {
    let faulty = FaultStore::new(memory());
    // A codec may look at a record more than once.
    let one = Dataset::<Sample>::new(&lode::Store::memory(), "one").unwrap();
    one.write(&samples(1, 1)[..1], metadata! {}).await.unwrap();
    let looks = ENCODED.replace(0);
    let noted = at_puts(&faulty, move || ENCODED.get() / looks);
    let limits = Limits { buffered_bytes: 1 << 20, open_files: 1000, ..Limits::default() };
    let dataset = hive(&faulty, limits);
    let batch = samples(100, 50_000);
    dataset.append(&batch, metadata! {}).await.unwrap();
    let at = noted.lock().unwrap().clone();
    assert_eq!(at.len(), 100);
    // All records are encoded once before the first put; after that, at most 1.5 MiB (and a record)
    // from one put to the next.
    assert!(at[0] >= 200, "the first put was after {} records", at[0]);
    let most = at.windows(2).map(|two| two[1] - two[0]).max().unwrap();
    assert!((1..=32).contains(&most), "{most} records were encoded between two puts");
    is_readable(&dataset, &batch).await;
}

/// The rule of the format: for a batch, every record is encoded before the first object is put.
#[tokio::test]
async fn a_bad_record_at_the_end_is_found_before_the_first_put() {
    for (open_files, buffered_bytes) in [(2, 64 << 20), (1000, 100_000), (1, 0)] {
        let faulty = FaultStore::new(memory());
        let limits = Limits { open_files, buffered_bytes, ..Limits::default() };
        let dataset = hive(&faulty, limits);
        let mut batch = samples(30, 50_000);
        batch[59].value = f64::NAN;
        let error = dataset.write(&batch, metadata! {}).await.unwrap_err();
        assert!(matches!(error, Error::Encode { row: 59, .. }), "{error}");
        assert_eq!(faulty.counts().puts(), 0);
        assert!(contents(&**faulty.inner()).await.is_empty());
    }
}

#[tokio::test]
async fn no_file_is_written_that_could_not_be_read() {
    let faulty = FaultStore::new(memory());
    let limits = Limits { max_decoded_bytes: Some(100_000), ..Limits::default() };
    let dataset = hive(&faulty, limits.clone());
    let batch = samples(2, 45_000);
    let one = dataset.write(&batch, metadata! {}).await.unwrap();
    is_readable(&dataset, &batch).await;
    let two = dataset.stream_write_records(batch.clone(), metadata! {}).await.unwrap();
    is_readable(&dataset, &batch).await;
    // A file of one record gets another, one of two is too large to get a third.
    let batch = [samples(1, 45_000), samples(1, 45_000)].concat();
    let three = dataset.write(&batch, metadata! {}).await.unwrap();
    assert_eq!([one, two, three].map(|snapshot| snapshot.files().len()), [2, 2, 2]);

    faulty.clear();
    let error = dataset.write(&samples(3, 100_000), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 100_000, .. }), "{error}");
    assert_eq!(faulty.counts().puts(), 0);

    let blobs = Dataset::<Blob>::new(&faulty.store(), "blobs").unwrap().limits(limits);
    blobs.write(&[7; 100_000], metadata! {}).await.unwrap();
    let error = blobs.write(&[7; 100_001], metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 100_000, .. }), "{error}");
    let mut stream = blobs.stream_write(metadata! {}).await.unwrap();
    let written = stream.write_all(&[7; 100_001]).await.is_ok();
    assert!(!written || stream.commit().await.is_err());
}

/// What had to be read of files that do not say it (Go's) is written down.
#[tokio::test]
async fn what_was_measured_is_not_measured_again() {
    let faulty = FaultStore::new(memory());
    let make = || Dataset::<Row>::new(&faulty.store(), "d").unwrap().layout(HiveLayout);
    make().write(&rows(0..30), metadata! {}).await.unwrap();
    let is_commit = |call: &Call| call.op == Op::Create && call.class == Class::Manifest;
    let key = faulty.calls().into_iter().find(is_commit).unwrap().path;
    let bytes = get(&**faulty.inner(), &key).await.unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    for file in manifest["files"].as_array_mut().unwrap() {
        let file = file.as_object_mut().unwrap();
        assert!(file.remove("row_count").is_some() && file.remove("stats").is_some());
    }
    put(&**faulty.inner(), &key, manifest.to_string()).await;

    let red: Vec<Row> = rows(0..60).into_iter().filter(|row| row.kind == "red").collect();
    let mut reads = Vec::new();
    for _ in 0..2 {
        faulty.clear();
        let snapshot = make().replace_partitions(&red, metadata! {}).await.unwrap();
        reads.push(faulty.counts().on(Op::Get, Class::Data));
        for file in snapshot.files() {
            assert_eq!(file.row_count, Some(if file.size_bytes > 1500 { 20 } else { 10 }));
            assert_eq!(file.stats.as_ref().unwrap().columns[0].null_count, Some(0));
        }
        assert_eq!(snapshot.time_range().unwrap().1, red[19].at);
        assert_eq!(make().read(&snapshot).await.unwrap().len(), 40);
    }
    assert_eq!(reads, [2, 0]);
}

/// A slow store is waited for, however much there is to be removed.
#[tokio::test(start_paused = true)]
async fn a_slow_store_is_cleaned_up_whole() {
    let faulty = FaultStore::new(memory());
    let dataset = hive(&faulty, Limits { open_files: 1, ..Limits::default() });
    let mut writer = dataset.record_writer(metadata! {}).await.unwrap();
    for sample in samples(100, 10) {
        writer.push(&sample).await.unwrap();
    }
    assert!(contents(&**faulty.inner()).await.len() > 150);
    let slow = Fault::run(|| tokio::time::sleep(Duration::from_secs(10)));
    faulty.rule(Rule::on(Op::Delete, Class::Data, slow).for_ever());
    let before = tokio::time::Instant::now();
    writer.abort().await;
    assert!(contents(&**faulty.inner()).await.is_empty());
    assert!(before.elapsed() < Duration::from_secs(10 * 200 / 10), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn uploads_that_cannot_be_aborted_are_waited_for_once() {
    let faulty = FaultStore::new(memory());
    let limits = Limits { part_bytes: 64 << 10, ..Limits::default() };
    let dataset = hive(&faulty, limits);
    let mut writer = dataset.record_writer(metadata! {}).await.unwrap();
    for sample in samples(5, 600_000) {
        writer.push(&sample).await.unwrap();
    }
    assert_eq!(faulty.counts().on(Op::Begin, Class::Data), 5);
    faulty.rule(Rule::on(Op::Abort, Class::Data, Fault::Hang).for_ever());
    let before = tokio::time::Instant::now();
    writer.abort().await;
    assert!(before.elapsed() < Duration::from_secs(40), "{:?}", before.elapsed());
}

#[tokio::test]
async fn chunks_end_after_the_first_error() {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap().layout(HiveLayout);
    let snapshot = dataset.write(&rows(0..30), metadata! {}).await.unwrap();
    delete(&**faulty.inner(), &snapshot.files()[1].path).await;
    let chunks: Vec<_> = dataset.stream(&snapshot).chunks().collect().await;
    let good: Vec<bool> = chunks.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false]);
    let records: Vec<_> = dataset.stream(&snapshot).collect().await;
    assert_eq!(records.len(), 11);
}
