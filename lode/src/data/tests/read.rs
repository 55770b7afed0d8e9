//! What the reader accepts, and how it refuses the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;

use super::support::*;
use crate::codec::{Codec, DecodeError, Jsonl, RecordCodec, RecordEncoder};
use crate::compress::{Compressor, Noop};
use crate::data::{self, FileToRead, read_all};
use crate::error::Error;
use crate::limits::Limits;
use crate::store::Store;

#[tokio::test]
async fn records_come_back_in_order() {
    for compressor in compressors() {
        // None, one; one small job; several runs; records longer than a run.
        for (count, text_len) in [(0, 0), (1, 10), (500, 50), (30_000, 60), (3, 2 << 20)] {
            let store = Store::memory();
            let rows = rows(count, text_len);
            let chunk = Bytes::from(jsonl(&rows));
            let written = write(&store, options(compressor.name()), [chunk]).await.unwrap();
            let back = read_rows(&store, file(&written, compressor.name())).await.unwrap();
            assert!(back == rows, "{} {count}", compressor.name());
        }
    }
}

#[cfg(feature = "local")]
#[tokio::test]
async fn local_files_read_as_memory_does() {
    let (store, _dir) = local();
    for compressor in compressors() {
        let name = compressor.name();
        let rows = rows(20_000, 80);
        let bytes = Bytes::from(jsonl(&rows));
        let written = write(&store, options(name), [bytes.clone()]).await.unwrap();
        assert!(read_rows(&store, file(&written, name)).await.unwrap() == rows);
        assert_eq!(read_all(&store, file(&written, name)).await.unwrap(), bytes);
        assert_eq!(stream_bytes(&store, file(&written, name)).await.unwrap(), bytes);
    }
}

/// Every way to read the file, and what each gives.
async fn read_each_way(store: &Store, file: &FileToRead) -> [Result<(), Error>; 3] {
    [
        read_all(store, file.clone()).await.map(drop),
        stream_bytes(store, file.clone()).await.map(drop),
        read_rows(store, file.clone()).await.map(drop),
    ]
}

#[tokio::test]
async fn damage_at_any_byte_is_corruption() {
    for compressor in compressors() {
        let store = Store::memory();
        let bytes = Bytes::from(jsonl(&rows(3, 20)));
        let written = write(&store, options(compressor.name()), [bytes]).await.unwrap();
        let stored = store.get_bytes(KEY, u64::MAX, None).await.unwrap().unwrap();
        for at in 0..stored.len() {
            let mut damaged = stored.to_vec();
            damaged[at] ^= 1 << (at % 8);
            store.put(KEY, damaged.into()).await.unwrap();
            for outcome in read_each_way(&store, &file(&written, compressor.name())).await {
                match outcome {
                    Err(Error::Corrupt { path, .. }) => assert_eq!(path, KEY),
                    other => panic!("{} damaged at {at}: {other:?}", compressor.name()),
                }
            }
        }
    }
}

#[tokio::test]
async fn damage_in_an_early_run_is_corruption_and_not_a_bad_line() {
    let store = Store::memory();
    let mut stored = jsonl(&rows(40_000, 60));
    let expected = put(&store, stored.clone(), "noop").await;
    stored[100] = b'\n';
    store.put(KEY, stored.into()).await.unwrap();
    match read_rows(&store, expected).await {
        Err(Error::Corrupt { reason, .. }) => assert!(reason.contains("xxh3-128"), "{reason}"),
        other => panic!("{:?}", other.map(|rows| rows.len())),
    }
}

#[tokio::test]
async fn what_cannot_be_decompressed_is_corruption_and_not_a_bad_line_before_it() {
    for compressor in compressors().iter().filter(|it| it.name() != "noop") {
        let store = Store::memory();
        let mut bytes = b"no record\n".to_vec();
        bytes.extend(jsonl(&rows(60_000, 60)));
        let written = write(&store, options(compressor.name()), [bytes.into()]).await.unwrap();
        let whole = file(&written, compressor.name());
        assert!(matches!(read_rows(&store, whole).await, Err(Error::Decode { line: 1, .. })));
        let stored = store.get_bytes(KEY, u64::MAX, None).await.unwrap().unwrap();
        // The checksum is of what is there.
        let cut = put(&store, stored[..stored.len() - 3].to_vec(), compressor.name()).await;
        match read_rows(&store, cut).await {
            Err(Error::Corrupt { reason, .. }) => {
                assert!(reason.contains("decompress"), "{reason}");
            }
            other => panic!("{:?}", other.map(|rows| rows.len())),
        }
    }
}

#[tokio::test]
async fn damage_before_a_record_above_the_limit_is_corruption_and_not_a_bad_line() {
    let store = Store::memory();
    let mut stored = jsonl(&rows(6_000, 60));
    stored.extend(jsonl(&rows(1, 2 << 20)));
    let right = put(&store, stored.clone(), "noop").await;
    stored[100] = b'\n';
    store.put(KEY, stored.into()).await.unwrap();
    let limits = Limits { max_record_bytes: Some(1 << 20), ..Limits::default() };
    match read_rows(&store, FileToRead { limits, ..right }).await {
        Err(Error::Corrupt { reason, .. }) => assert!(reason.contains("xxh3-128"), "{reason}"),
        other => panic!("{:?}", other.map(|rows| rows.len())),
    }
}

#[tokio::test]
async fn another_size_is_corruption_before_anything_is_read() {
    let store = Store::memory();
    let right = put(&store, jsonl(&rows(5, 30)), "noop").await;
    for size_bytes in [right.size_bytes - 1, right.size_bytes + 1, u64::MAX] {
        for outcome in read_each_way(&store, &FileToRead { size_bytes, ..right.clone() }).await {
            match outcome {
                Err(Error::Corrupt { reason, .. }) => assert!(reason.contains("manifest says")),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_missing_object_is_not_found() {
    let store = Store::memory();
    let missing = put(&store, Vec::new(), "noop").await;
    store.delete(KEY).await.unwrap();
    for outcome in read_each_way(&store, &missing).await {
        assert!(outcome.unwrap_err().is_not_found());
    }
}

#[tokio::test]
async fn bad_lines_are_named_by_their_number_in_the_file() {
    let store = Store::memory();
    let rows = rows(40_000, 60);
    for bad in [0, 1, 20_000, 39_999] {
        let mut stored = jsonl(&rows[..bad]);
        stored.extend_from_slice(b"\n{\"id\":1,\"text\":2}\n");
        stored.extend(jsonl(&rows[bad..]));
        let file = put(&store, stored, "noop").await;
        match read_rows(&store, file).await {
            Err(Error::Decode { snapshot: id, path, line, column, source }) => {
                assert_eq!((id, path.as_str()), (snapshot(), KEY));
                assert_eq!((line, column), (bad as u64 + 2, 16));
                assert!(source.to_string().contains("expected a string"), "{source}");
            }
            other => panic!("{:?}", other.map(|rows| rows.len())),
        }
    }
}

#[tokio::test]
async fn a_decompression_bomb_stops_at_the_limit() {
    for compressor in compressors() {
        let store = Store::memory();
        let bomb = Bytes::from(vec![b'\n'; 12 << 20]);
        let written = write(&store, options(compressor.name()), [bomb]).await.unwrap();
        let limits = Limits { max_decoded_bytes: Some(3 << 20), ..Limits::default() };
        let file = FileToRead { limits, ..file(&written, compressor.name()) };
        for outcome in read_each_way(&store, &file).await {
            match outcome {
                Err(Error::LimitExceeded { limit, .. }) => assert_eq!(limit, 3 << 20),
                other => panic!("{}: {other:?}", compressor.name()),
            }
        }
        let limits = Limits { max_decoded_bytes: Some(12 << 20), ..Limits::default() };
        for outcome in read_each_way(&store, &FileToRead { limits, ..file }).await {
            outcome.unwrap();
        }
    }
}

#[tokio::test]
async fn a_record_above_the_limit_is_refused_wherever_it_lies() {
    let store = Store::memory();
    let small = rows(20_000, 60);
    let large = rows(1, 300);
    let size = jsonl(&large).len() as u64;
    for at in [0, 1, 10_000, 20_000] {
        for ended in [true, false] {
            let mut stored = jsonl(&small[..at]);
            stored.extend(jsonl(&large));
            stored.extend(jsonl(&small[at..]));
            if !ended {
                stored.pop();
            }
            let file = put(&store, stored, "noop").await;
            let read = async |limit| {
                let limits = Limits { max_record_bytes: Some(limit), ..Limits::default() };
                read_rows(&store, FileToRead { limits, ..file.clone() }).await
            };
            assert_eq!(read(size).await.unwrap().len(), 20_001);
            let last = at == 20_000 && !ended;
            match read(size - 1 - u64::from(last)).await {
                Err(Error::LimitExceeded { what: "a record", .. }) => {}
                other => panic!("{at}: {:?}", other.map(|rows| rows.len())),
            }
        }
    }
}

/// JSON lines that counts the runs it decodes, and panics where told.
#[derive(Debug, Clone)]
struct Watched {
    decoded: Arc<AtomicUsize>,
    panics: bool,
}

impl RecordCodec<Row> for Watched {
    fn name(&self) -> &str {
        "watched"
    }

    fn extension(&self) -> &str {
        ".watched"
    }

    fn compression(&self) -> Arc<dyn Compressor> {
        Arc::new(Noop)
    }

    fn encoder(&self) -> Box<dyn RecordEncoder<Row>> {
        Jsonl::new().encoder()
    }

    fn split(&self, bytes: &[u8]) -> usize {
        RecordCodec::<Row>::split(&Jsonl::new(), bytes)
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<Row>) -> Result<(), DecodeError> {
        self.decoded.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "told to");
        Jsonl::new().decode(bytes, records)
    }
}

#[tokio::test]
async fn a_slow_or_dropped_reader_stops_the_work() {
    let store = Store::memory();
    let file = put(&store, jsonl(&rows(200_000, 60)), "noop").await;
    let decoded = Arc::new(AtomicUsize::new(0));
    let codec = Watched { decoded: Arc::clone(&decoded), panics: false };
    let codec = Codec::<Row>::format(&codec).decoder();
    let mut batches = data::records(&store, file, codec, snapshot());
    batches.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ahead = decoded.load(Ordering::SeqCst);
    assert!(ahead <= data::parallelism() + 1, "{ahead} runs for one that was wanted");
    drop(batches);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(decoded.load(Ordering::SeqCst), ahead);
}

#[tokio::test]
async fn a_codec_that_panics_is_an_error() {
    for count in [10, 100_000] {
        let store = Store::memory();
        let file = put(&store, jsonl(&rows(count, 60)), "noop").await;
        let codec = Watched { decoded: Arc::default(), panics: true };
        let codec = Codec::<Row>::format(&codec).decoder();
        let mut batches = data::records(&store, file, codec, snapshot());
        assert!(matches!(batches.next().await, Some(Err(Error::Task { .. }))));
        assert!(batches.next().await.is_none());
    }
}

#[tokio::test]
async fn lines_of_codecs_without_lines_are_records() {
    let store = Store::memory();
    let rows = rows(30_000, 60);
    let mut stored = jsonl(&rows);
    stored.extend_from_slice(b"{}\n");
    let file = put(&store, stored, "noop").await;
    let codec = Watched { decoded: Arc::default(), panics: false };
    let codec = Codec::<Row>::format(&codec).decoder();
    let batches = data::records(&store, file, codec, snapshot());
    let items: Vec<_> = batches.collect().await;
    let last = items.into_iter().find_map(Result::err);
    assert!(matches!(last, Some(Error::Decode { line: 30_001, .. })), "{last:?}");
}

#[test]
fn many_idle_streams_do_not_exhaust_the_threads() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(4)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::memory();
        let file = put(&store, noise(6 << 20).to_vec(), "noop").await;
        let mut streams: Vec<_> = (0..20).map(|_| data::bytes(&store, file.clone())).collect();
        for stream in &mut streams {
            stream.next().await.unwrap().unwrap();
        }
        for stream in streams.into_iter().rev() {
            assert_eq!(stream.count().await, 5);
        }
    });
}
