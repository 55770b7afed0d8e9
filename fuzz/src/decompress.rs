//! Any bytes as compressed data: what they hold, as far as the limits allow, or a precise error.
//! The first byte chooses the compressor and the limits.

use futures::TryStreamExt;
use lode::{Blob, Dataset, Error, Limits, Record, SnapshotId, Store};

use crate::block_on;
use crate::planted::Planted;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Line {
    #[serde(default)]
    text: String,
}

pub fn run(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let compressor = if choice & 1 == 0 { "gzip" } else { "zstd" };
    let limits = Limits {
        max_decoded_bytes: [Some(0), Some(1_000), Some(1 << 20), Some(8 << 20)]
            [usize::from(choice >> 1 & 3)],
        max_record_bytes: [Some(1), Some(1 << 10), Some(1 << 16), None]
            [usize::from(choice >> 3 & 3)],
        ..Limits::default()
    };
    block_on(async {
        let blob = Planted { bytes, codec: None, compressor };
        check_blob(&blob.store().await, limits.clone()).await;
        let records = Planted { bytes, codec: Some("jsonl"), compressor };
        check_records(&records.store().await, limits).await;
    });
}

async fn check_blob(store: &Store, limits: Limits) {
    let limit = limits.max_decoded_bytes.unwrap_or(u64::MAX);
    let dataset = Dataset::<Blob>::new(store, "d").unwrap().limits(limits);
    let snapshot = dataset.snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
    let whole = dataset.read_blob(&snapshot).await;
    let mut chunks = dataset.stream_blob(&snapshot);
    let mut streamed = Vec::new();
    let end = loop {
        match chunks.try_next().await {
            Ok(Some(chunk)) => streamed.extend_from_slice(&chunk),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        assert!(streamed.len() as u64 <= limit, "{} of {limit}", streamed.len());
    };
    match (whole, end) {
        (Ok(whole), Ok(())) => {
            assert!(whole.len() as u64 <= limit);
            assert_eq!(whole, streamed);
            let (from, to) = (whole.len() / 3, whole.len() / 2);
            let range = dataset.read_blob_range(&snapshot, from as u64..to as u64).await.unwrap();
            assert_eq!(range, whole.slice(from..to));
        }
        (Err(whole), Err(end)) => {
            assert!(is_expected(&whole), "{whole:?}");
            assert_eq!(whole.to_string(), end.to_string());
        }
        (whole, end) => panic!("{whole:?}, but as a stream {end:?}"),
    }
}

async fn check_records(store: &Store, limits: Limits) {
    let limit = limits.max_decoded_bytes.unwrap_or(u64::MAX);
    let dataset = Dataset::<Line>::new(store, "d").unwrap().limits(limits);
    let snapshot = dataset.snapshot(SnapshotId::new(1).unwrap()).await.unwrap();
    let whole = dataset.read(&snapshot).await;
    let streamed: Result<Vec<Line>, Error> = dataset.stream(&snapshot).try_collect().await;
    match (whole, streamed) {
        (Ok(whole), Ok(streamed)) => {
            assert!(whole.len() as u64 <= limit / 2 + 1);
            assert_eq!(whole, streamed);
        }
        (Err(whole), Err(streamed)) => {
            let is_expected = is_expected(&whole) || matches!(whole, Error::Decode { .. });
            assert!(is_expected, "{whole:?}");
            assert_eq!(whole.to_string(), streamed.to_string());
        }
        (whole, streamed) => panic!("{whole:?}, but as a stream {streamed:?}"),
    }
}

fn is_expected(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. } | Error::LimitExceeded { .. })
}
