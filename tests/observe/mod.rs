//! What a program can see of what lode does: spans and events.
//!
//! A process of its own: `tracing` caches, for the whole process, who is interested in what.

use std::io::Write;
use std::sync::{Arc, Mutex};

use futures::TryStreamExt;
use lode::{Base, Blob, Dataset, Discarded, Record, Store, Volume, metadata};
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

    stage_and_drop(&store).await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "lode.write{dataset=patients operation=write",
        "commit{of=dataset `patients` operation=",
        "committed snapshot=1",
        "rebasing",
        "committed snapshot=3",
        "lode.read{dataset=patients snapshot=3",
        "a record writer was dropped without `commit` or `abort`",
        "lode.record_writer{dataset=patients operation=append}:commit{of=dataset `patients`",
        "lode.stream_write_records{dataset=patients operation=append}:",
        "committed snapshot=4",
        "lode.stream_write{dataset=scans}:commit{of=dataset `scans`",
        "lode.read_blob{dataset=scans snapshot=1}: lode",
        "lode.read_blob_range{dataset=scans snapshot=1 start=2 end=5}: lode",
        "streaming a blob dataset=scans snapshot=1",
        "commit{of=volume `disk` operation=commit",
    ] {
        assert!(log.contains(expected), "{expected} is missing in:\n{log}");
    }
    assert!(!log.contains("SECRET"), "{log}");

    // A handle that was dropped with its blocks says so; and only such a one.
    let warnings: Vec<&str> =
        log.lines().filter(|line| line.contains("staged blocks were not committed")).collect();
    assert_eq!(warnings.len(), 3, "{warnings:#?}");
    for (warning, expected) in warnings.iter().zip(["one blocks=2", "two blocks=1", "two blocks=1"])
    {
        let (volume, blocks) = expected.split_once(' ').unwrap();
        assert!(warning.contains("WARN"), "{warning}");
        assert!(warning.contains(&format!("volume={volume} session=")), "{warning}");
        assert!(warning.ends_with(blocks), "{warning}");
    }
}

/// Three handles are dropped with blocks that are staged, and others as they should be.
async fn stage_and_drop(store: &Store) {
    let staged = stage(store, "one").await;
    staged.stage_write_at(100, b"SECRET").await.unwrap();
    drop(staged);
    // A commit that failed gives back what was staged.
    let failed = stage(store, "two").await.commit(metadata! { "x": f64::NAN }).await.unwrap_err();
    drop(failed);

    let volume = stage(store, "disk").await.commit(metadata! { "is": "SECRET" }).await.unwrap();
    let Discarded::Empty(Base::New(_)) = stage(store, "empty").await.discard(0..100) else {
        panic!("one block was staged")
    };
    // Whoever has the block answers for it.
    let block = volume.stager().stage_write_at(100, b"SECRET").await.unwrap();
    let staged = volume.accept(block).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.read_at(0..6).await.unwrap(), "SECRET");
    // What was refused staged nothing.
    volume.stage_write_at(0, b"SECRET").await.unwrap_err();

    let two = Volume::create(store, "two", 1000).unwrap();
    let session = two.sessions().await.unwrap()[0].id;
    drop(two.resume(session).await.unwrap());
}

async fn stage(store: &Store, id: &str) -> Volume<lode::Staged> {
    Volume::create(store, id, 1000).unwrap().stage_write_at(0, b"SECRET").await.unwrap()
}
