//! What the writer stores, and how.

use bytes::Bytes;
use proptest::prelude::*;

use super::support::*;
use crate::checksum::Checksum;
use crate::data::{FileOptions, FileWriter, read_all};
use crate::progress::{Meter, Progress};
use crate::store::Store;

#[tokio::test]
async fn every_size_comes_back_through_every_compressor() {
    for compressor in compressors() {
        let name = compressor.name();
        // Around the sizes of the inline path, of members and of parts.
        for len in [0, 1, 16 << 10, (16 << 10) + 1, 512 << 10, (1 << 20) + 1, 3 << 20] {
            let input = noise(len);
            for part_bytes in [64 << 10, 1 << 20, 8 << 20] {
                let store = Store::memory();
                let options = FileOptions { part_bytes, ..options(name) };
                let written = write(&store, options, [input.clone()]).await.unwrap();

                let stored = store.get_bytes(KEY, u64::MAX, None).await.unwrap().unwrap();
                assert_eq!(stored.len() as u64, written.size_bytes, "{name} {len}");
                assert_eq!(written.checksum.as_ref(), Some(&Checksum::default().of(&stored)));
                assert_eq!(read_all(&store, file(&written, name)).await.unwrap(), input);
                assert_eq!(stream_bytes(&store, file(&written, name)).await.unwrap(), input);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn chunks_come_back_in_order(
        chunks in prop::collection::vec(0..(900_usize << 10), 0..8),
        small in prop::collection::vec(0..300_usize, 0..40),
        part_bytes in 1_usize << 10..2 << 20,
        parts_in_flight in 1..4_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let input = noise(1 << 20);
        let chunks: Vec<Bytes> =
            small.iter().chain(&chunks).chain(&small).map(|&len| input.slice(..len)).collect();
        runtime.block_on(async {
            for compressor in compressors().iter().filter(|c| c.name() != "gzip") {
                let store = Store::memory();
                let options =
                    FileOptions { part_bytes, parts_in_flight, ..options(compressor.name()) };
                let written = write(&store, options, chunks.clone()).await.unwrap();
                let back = read_all(&store, file(&written, compressor.name())).await.unwrap();
                assert_eq!(back, chunks.concat());
            }
        });
    }
}

#[tokio::test]
async fn a_compressed_file_of_nothing_is_one_that_other_tools_can_read() {
    for compressor in compressors() {
        let store = Store::memory();
        let written = write(&store, options(compressor.name()), []).await.unwrap();
        assert_eq!(written.size_bytes > 0, compressor.name() != "noop");
    }
}

#[tokio::test]
async fn every_checksum_can_be_off() {
    let store = Store::memory();
    let options = FileOptions { checksum: None, ..options("noop") };
    let written = write(&store, options, [noise(100_000)]).await.unwrap();
    assert_eq!(written.checksum, None);
    assert_eq!(read_all(&store, file(&written, "noop")).await.unwrap(), noise(100_000));
}

#[tokio::test]
async fn memory_stays_bounded_by_the_parts_in_flight() {
    let store = Store::memory();
    let (part_bytes, parts_in_flight) = (1 << 20, 2);
    for compressor in compressors().iter().filter(|c| c.name() != "gzip") {
        let options = FileOptions { part_bytes, parts_in_flight, ..options(compressor.name()) };
        let mut writer = FileWriter::new(&store, KEY.to_owned(), options);
        let chunk = noise(300_000);
        let bound =
            (parts_in_flight + 1) * part_bytes + (crate::data::parallelism() + 2) * (1 << 20);
        for _ in 0..100 {
            writer.write(chunk.clone()).await.unwrap();
            assert!(writer.buffered_bytes() <= bound, "{}", writer.buffered_bytes());
        }
        // The same chunk again and again compresses, but not to less than it was once a member.
        assert!(writer.stored_bytes() > 5 << 20);
        assert!(writer.finish().await.unwrap().size_bytes > 5 << 20);
    }
}

#[tokio::test]
async fn progress_counts_stored_bytes_and_the_file() {
    for part_bytes in [8 << 20, 100_000] {
        let store = Store::memory();
        let last = std::sync::Arc::new(std::sync::Mutex::new(Progress::default()));
        let seen = last.clone();
        // Told from several threads, so the greatest counts.
        let meter = Meter::new(Some(std::sync::Arc::new(move |now: Progress| {
            let mut seen = seen.lock().unwrap();
            seen.bytes = seen.bytes.max(now.bytes);
            seen.files = seen.files.max(now.files);
        })));
        let options = FileOptions { meter: meter.clone(), part_bytes, ..options("noop") };
        let written = write(&store, options, [noise(1_234_567)]).await.unwrap();
        let expected = Progress { bytes: written.size_bytes, files: 1, records: 0 };
        assert_eq!(*last.lock().unwrap(), expected);
    }
}

#[cfg(feature = "local")]
#[tokio::test]
async fn an_aborted_or_dropped_file_leaves_nothing() {
    let (store, dir) = local();
    for drop_it in [false, true] {
        let options = FileOptions { part_bytes: 64 << 10, ..options("noop") };
        let mut writer = FileWriter::new(&store, KEY.to_owned(), options);
        writer.write(noise(1 << 20)).await.unwrap();
        let entries = || std::fs::read_dir(dir.path().join("data")).unwrap().count();
        assert_eq!(entries(), 1, "the upload has begun");
        match drop_it {
            false => writer.abort().await,
            true => drop(writer),
        }
        for _ in 0..500 {
            if entries() == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(entries(), 0);
    }
}

#[tokio::test]
async fn a_cancelled_write_cannot_be_followed() {
    let store = Store::memory();
    let options = FileOptions { part_bytes: 1 << 10, parts_in_flight: 1, ..options("noop") };
    let mut writer = FileWriter::new(&store, KEY.to_owned(), options);
    {
        // One poll begins the upload, and the rest of the chunk is not taken.
        let write = writer.write(noise(1 << 20));
        futures::pin_mut!(write);
        assert!(futures::poll!(write).is_pending());
    }
    assert!(writer.write(noise(1)).await.is_err());
    assert!(writer.finish().await.is_err());
    assert!(store.get(KEY).await.unwrap().is_none());
}
