//! What a program can see of what lode does: spans, events, progress.

use std::io::Write;
use std::sync::{Arc, Mutex};

use futures::TryStreamExt;
use lode::codec::Jsonl;
use lode::compress::Zstd;
use lode::{Blob, Dataset, Limits, Progress, Record, Store, metadata};
use tokio::io::AsyncWriteExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Patient {
    name: String,
    number: u32,
}

fn patients(count: u32) -> Vec<Patient> {
    (0..count).map(|number| Patient { name: format!("SECRET{number}"), number }).collect()
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Spans and events of writes, commits, retries and reads; no content, and no metadata.
#[tokio::test]
async fn what_happens_is_traced_and_what_is_stored_is_not() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW)
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let store = Store::memory();
    let [one, two] = [(); 2].map(|()| Dataset::<Patient>::new(&store, "patients").unwrap());
    one.write(&patients(3), metadata! { "doctor": "SECRET" }).await.unwrap();
    let mut slow = one.record_writer(metadata! {}).append().await.unwrap();
    slow.push(&patients(1)[0]).await.unwrap();
    two.append(&patients(1), metadata! {}).await.unwrap();
    let last = slow.commit().await.unwrap();
    assert_eq!(two.read(&last).await.unwrap().len(), 5);
    drop(one.record_writer(metadata! {}).await.unwrap());
    two.stream_write_records(patients(2), metadata! {}).append().await.unwrap();

    let scans = Dataset::<Blob>::new(&store, "scans").unwrap();
    let mut writer = scans.stream_write(metadata! {}).await.unwrap();
    writer.write_all(b"SECRET bytes").await.unwrap();
    let scan = writer.commit().await.unwrap();
    scans.read_blob(&scan).await.unwrap();
    scans.read_blob_range(&scan, 2..5).await.unwrap();
    let streamed: Vec<_> = scans.stream_blob(&scan).try_collect().await.unwrap();
    assert_eq!(streamed.concat(), b"SECRET bytes");

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "lode.write{dataset=patients operation=write",
        "commit{dataset=patients operation=",
        "committed snapshot=1",
        "rebasing",
        "committed snapshot=3",
        "lode.read{dataset=patients snapshot=3",
        "a record writer was dropped without `commit` or `abort`",
        "lode.record_writer{dataset=patients operation=append}:commit{dataset=patients",
        "lode.stream_write_records{dataset=patients operation=append}:",
        "committed snapshot=4",
        "lode.stream_write{dataset=scans}:commit{dataset=scans",
        "lode.read_blob{dataset=scans snapshot=1}: lode",
        "lode.read_blob_range{dataset=scans snapshot=1 start=2 end=5}: lode",
        "streaming a blob dataset=scans snapshot=1",
    ] {
        assert!(log.contains(expected), "{expected} is missing in:\n{log}");
    }
    assert!(!log.contains("SECRET"), "{log}");
}

#[tokio::test]
async fn progress_grows_to_the_totals() {
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let tell = Arc::clone(&seen);
    let dataset = Dataset::<Patient>::new(&Store::memory(), "patients")
        .unwrap()
        .codec(Jsonl::new().compress(Zstd::default()))
        .limits(Limits { target_file_bytes: 1, ..Limits::default() })
        .on_progress(move |progress| tell.lock().unwrap().push(progress));
    let records = patients(60_000);
    let snapshot = dataset.write(&records, metadata! {}).await.unwrap();
    assert!(snapshot.files().len() > 1, "it rolled over");
    let check = |what| {
        let told = std::mem::take(&mut *seen.lock().unwrap());
        let totals = told.iter().copied().reduce(|a, b| {
            let mut most = a;
            most.bytes = a.bytes.max(b.bytes);
            most.records = a.records.max(b.records);
            most.files = a.files.max(b.files);
            most
        });
        let totals = totals.unwrap();
        let expected = (snapshot.size_bytes(), 60_000, snapshot.files().len() as u64);
        assert_eq!((totals.bytes, totals.records, totals.files), expected, "{what}");
        let between = told.iter().any(|p| p.records > 0 && p.records < 60_000);
        assert!(between, "{what}: nothing was told on the way");
    };
    check("write");
    dataset.read(&snapshot).await.unwrap();
    check("read");

    let told: Arc<Mutex<u64>> = Arc::default();
    let tell = Arc::clone(&told);
    let backups = Dataset::<Blob>::new(&Store::memory(), "backups")
        .unwrap()
        .on_progress(move |progress| *tell.lock().unwrap() = progress.bytes);
    let mut writer = backups.stream_write(metadata! {}).await.unwrap();
    writer.write_all(&vec![7; 3 << 20]).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(*told.lock().unwrap(), 3 << 20);
}
