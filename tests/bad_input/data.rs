//! Data files that are not what was written.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use lode::checksum::Checksum;
use lode::codec::{Parquet, ParquetCompression, Raw};
use lode::compress::Gzip;
use lode::layout::Layout;
use lode::{Blob, Codec, Dataset, Error, HiveLayout, Limits, Record, Snapshot, metadata};
use object_store::ObjectStore;

use super::{Shelf, about};
use crate::support::{Row, delete, get, lode_store, memory, put};

/// What is done to a file.
fn damages(good: &Bytes) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let last = good.len() - 1;
    // Every header and trailer byte, and a sample between.
    let inside = (0..good.len()).step_by(good.len() / 24 + 1);
    for at in (0..20.min(last)).chain(inside).chain(last.saturating_sub(12)..=last) {
        let mut bad = good.to_vec();
        bad[at] ^= 1 << (at % 8);
        all.push((format!("bit {} of byte {at} is flipped", at % 8), bad));
    }
    for length in [0, 1, good.len() / 2, last] {
        all.push((format!("it is cut to {length} bytes"), good[..length].to_vec()));
    }
    all.push(("a byte follows".to_owned(), [&good[..], b"x"].concat()));
    all.push(("it is doubled".to_owned(), [&good[..], &good[..]].concat()));
    all
}

async fn records<C: Codec<Row>, L: Layout<Row> + Sync>(shelf: &Shelf, dataset: Dataset<Row, C, L>) {
    let snapshots: Vec<Snapshot<Row>> = dataset.history().try_collect().await.unwrap();
    let [newest, other] = &snapshots[..] else { panic!("{snapshots:?}") };
    let good_rows = dataset.read(newest).await.unwrap();
    for file in newest.files() {
        let good = shelf.before[&file.path].clone();
        for (what, bad) in damages(&good) {
            put(&*shelf.inner, &file.path, bad).await;
            let whole = dataset.read(newest).await;
            let streamed: lode::Result<Vec<Row>> = dataset.stream(newest).try_collect().await;
            for result in [whole, streamed] {
                let error = about(result, &file.path);
                assert!(matches!(error, Error::Corrupt { .. }), "{what}: {error}");
            }
            assert_eq!(dataset.read(other).await.unwrap().len(), 10);
            assert_eq!(dataset.latest().await.unwrap().unwrap(), *newest);
        }
        delete(&*shelf.inner, &file.path).await;
        let error = about(dataset.read(newest).await, &file.path);
        assert!(error.to_string().contains("missing"), "{error}");
        put(&*shelf.inner, &file.path, good).await;
        assert_eq!(dataset.read(newest).await.unwrap(), good_rows);
    }
    shelf.assert_untouched().await;
}

#[tokio::test]
async fn a_data_file_altered_anywhere_is_corrupt() {
    let shelf = Shelf::new().await;
    for id in ["plain", "zstd", "gzip"] {
        records(&shelf, Dataset::<Row>::new(&shelf.store, id).unwrap()).await;
    }
    records(&shelf, Dataset::<Row>::new(&shelf.store, "hive").unwrap().layout(HiveLayout)).await;
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Stone {
    noise: String,
    color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, lode::Enum)]
enum Color {
    Amethyst,
    Heliotrope,
}

/// A file that is read while it is checked: what is made of its damage is not reported in its place, how
/// far ever the one is ahead of the other.
#[tokio::test]
async fn damage_of_a_large_parquet_file_is_not_a_bad_row() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(Arc::clone(&inner));
    let codec = Parquet::new().compression(ParquetCompression::None);
    let dataset = Dataset::<Stone>::new(&store, "stones").unwrap().codec(codec);
    let mut stones: Vec<Stone> = (0_u64..30_000)
        .map(|i| Stone {
            noise: blake3::hash(&i.to_le_bytes()).to_hex().repeat(6),
            color: Color::Amethyst,
        })
        .collect();
    stones.last_mut().unwrap().color = Color::Heliotrope;
    let snapshot = dataset.write(&stones, metadata! {}).await.unwrap();
    let file = &snapshot.files()[0];
    assert!(file.size_bytes > 8 << 20, "{}", file.size_bytes);
    let mut bytes = get(&*inner, &file.path).await.unwrap().to_vec();
    // In the dictionary; statistics name it too, later.
    let name = b"Heliotrope";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[at] = b'h';
    put(&*inner, &file.path, bytes).await;
    for _ in 0..5 {
        let whole = dataset.read(&snapshot).await;
        let streamed: lode::Result<Vec<Stone>> = dataset.stream(&snapshot).try_collect().await;
        for result in [whole, streamed] {
            let error = about(result, &file.path);
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn a_blob_altered_anywhere_is_corrupt() {
    let shelf = Shelf::new().await;
    for id in ["blobs", "packed"] {
        let dataset = Dataset::<Blob>::new(&shelf.store, id).unwrap();
        let snapshots: Vec<_> = dataset.history().try_collect().await.unwrap();
        let [newest, other] = &snapshots[..] else { panic!("{snapshots:?}") };
        let path = &newest.files()[0].path;
        let good = shelf.before[path].clone();
        for (what, bad) in damages(&good) {
            let is_shorter = bad.len() < good.len();
            put(&*shelf.inner, path, bad).await;
            let whole = dataset.read_blob(newest).await;
            let streamed = dataset.stream_blob(newest).try_collect::<Vec<_>>().await;
            for result in [whole, streamed.map(|chunks| chunks.concat().into())] {
                let error = about(result, path);
                assert!(matches!(error, Error::Corrupt { .. }), "{what}: {error}");
            }
            if is_shorter && id == "blobs" {
                // Part of a blob is not verified, but never made up.
                about(dataset.read_blob_range(newest, 490..500).await, path);
            }
            assert_eq!(dataset.read_blob(other).await.unwrap().len(), 500);
        }
        put(&*shelf.inner, path, good).await;
    }
    shelf.assert_untouched().await;
}

/// A range that is all of a compressed blob is verified, wherever its chunks end.
#[tokio::test]
async fn a_range_that_is_all_of_a_compressed_blob_is_verified() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(Arc::clone(&inner));
    for length in [3 << 20, (3 << 20) + 1, 100] {
        let dataset = Dataset::<Blob>::new(&store, "packed").unwrap();
        let dataset = dataset.codec(Raw::new().compress(Gzip::default()));
        let snapshot = dataset.write(&vec![7; length as usize], metadata! {}).await.unwrap();
        let path = &snapshot.files()[0].path;
        let mut bytes = get(&*inner, path).await.unwrap().to_vec();
        // A byte of the time in the header (RFC 1952, 2.3): what is decompressed stays the same.
        bytes[5] ^= 1;
        put(&*inner, path, bytes).await;
        about(dataset.read_blob_range(&snapshot, 0..length).await, path);
        let part = dataset.read_blob_range(&snapshot, 0..length / 2).await;
        assert!(part.is_ok() || length < 1 << 20, "{part:?}");
    }
}

/// A small file that would fill the memory.
#[tokio::test]
async fn a_file_that_decompresses_without_end_meets_the_limit() {
    let shelf = Shelf::new().await;
    let limits = Limits { max_decoded_bytes: Some(400), ..Limits::default() };
    for id in ["zstd", "gzip", "plain"] {
        let dataset = Dataset::<Row>::new(&shelf.store, id).unwrap().limits(limits.clone());
        let newest = dataset.latest().await.unwrap().unwrap();
        let error = about(dataset.read(&newest).await, &newest.files()[0].path);
        assert!(matches!(error, Error::LimitExceeded { limit: 400, .. }), "{error}");
    }
    let packed = Dataset::<Blob>::new(&shelf.store, "packed").unwrap().limits(limits);
    let newest = packed.latest().await.unwrap().unwrap();
    about(packed.read_blob(&newest).await, &newest.files()[0].path);
    shelf.assert_untouched().await;
}

/// A line that is not a record, in a file whose checksum is right.
#[tokio::test]
async fn a_bad_line_is_named() {
    let shelf = Shelf::new().await;
    let dataset = Dataset::<Row>::new(&shelf.store, "plain").unwrap();
    let newest = dataset.latest().await.unwrap().unwrap();
    let file = &newest.files()[0];
    let good = String::from_utf8(shelf.before[&file.path].to_vec()).unwrap();
    let bad: String = {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        lines[6] = lines[6].replace("\"n\":16", "\"n\":-1");
        lines.join("\n") + "\n"
    };
    assert_eq!(bad.len(), good.len());
    put(&*shelf.inner, &file.path, bad.clone()).await;
    crate::support::forge::edit(&*shelf.inner, "plain", 2, |manifest| {
        let sum = Checksum::default().of(bad.as_bytes());
        manifest["files"][0]["checksum"] = serde_json::json!(sum);
    })
    .await;
    let dataset = Dataset::<Row>::new(&shelf.store, "plain").unwrap();
    let newest = dataset.latest().await.unwrap().unwrap();
    let error = about(dataset.read(&newest).await, &file.path);
    let Error::Decode { snapshot, line, column, .. } = error else { panic!("{error}") };
    assert_eq!((snapshot.get(), line), (2, 7));
    assert!(column > 0);
}
