//! Progress of long reads and writes.

use std::sync::{Arc, Mutex};

use lode::codec::Jsonl;
use lode::compress::Zstd;
use lode::{Blob, Dataset, Limits, Progress, Record, Store, metadata};
use tokio::io::AsyncWriteExt;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Patient {
    name: String,
    number: u32,
}

fn patients(count: u32) -> Vec<Patient> {
    (0..count).map(|number| Patient { name: format!("patient {number}"), number }).collect()
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
        let grows = told.is_sorted_by_key(|p| p.bytes)
            && told.is_sorted_by_key(|p| p.records)
            && told.is_sorted_by_key(|p| p.files);
        assert!(grows, "{what}: {told:?}");
        let totals = told.last().unwrap();
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
