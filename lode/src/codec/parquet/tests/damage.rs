//! Files that were damaged, or made to harm.

use super::*;
use crate::Error;
use crate::data::{Columns, FileToRead, collect_columns};
use crate::id::SnapshotId;
use crate::progress::Meter;

/// An error or other values, whatever byte is changed: never a panic, nor more records.
#[test]
fn every_byte_flipped() {
    for compression in [ParquetCompression::None, ParquetCompression::default()] {
        let codec = Parquet::new().compression(compression).row_group_rows(6).page_rows(4);
        flip(&encode(&codec, &ranked(10)).unwrap(), 1, |bytes, limits| {
            decode_with::<Ranked>(bytes, limits).map(|found| found.len())
        });
        flip(&encode(&codec, &trips(10)).unwrap(), 7, |bytes, limits| {
            decode_with::<Trip>(bytes, limits).map(|found| found.len())
        });
    }
}

fn flip(bytes: &[u8], step: usize, decode: impl Fn(&[u8], &Limits) -> Result<usize, DecodeError>) {
    let limits = Limits { max_decoded_bytes: Some(1 << 20), ..Limits::default() };
    let mut errors = 0;
    for at in (0..bytes.len()).step_by(step) {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= [0x01, 0xff][at % 2];
        match decode(&damaged, &limits) {
            Ok(found) => assert_eq!(found, 10),
            Err(_) => errors += 1,
        }
    }
    assert!(errors > bytes.len() / step / 4, "{errors} of {}", bytes.len());
}

#[test]
fn cut_anywhere() {
    let bytes = encode(&Parquet::new(), &trips(20)).unwrap();
    for len in 0..bytes.len() {
        decode::<Trip>(&bytes[..len]).unwrap_err();
    }
}

#[tokio::test]
async fn damage_is_told_from_bytes_that_were_never_records() {
    let store = Store::memory();
    let dataset = Dataset::<Trip>::new(&store, "trips").unwrap().codec(Parquet::new());
    let written = dataset.write(&trips(100), Metadata::empty()).await.unwrap();
    let file = &written.files()[0];
    let mut bytes = stored(&store, &written).await.remove(0);
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    store.put_hint(&file.path, bytes.into()).await.unwrap();
    let error = dataset.read(&written).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

/// A manifest that lies can name one.
#[tokio::test]
async fn a_file_of_no_bytes_is_no_parquet() {
    let store = Store::memory();
    store.put("empty", Bytes::new().into()).await.unwrap();
    let file = FileToRead {
        key: "empty".to_owned(),
        size_bytes: 0,
        checksum: None,
        compressor: Arc::new(Noop),
        limits: Limits::default(),
        meter: Meter::default(),
    };
    let columns = Columns { file, snapshot: SnapshotId::new(1).unwrap(), rows: None };
    let error = collect_columns::<Trip>(&store, columns).await.unwrap_err();
    let text = crate::error::chain(&error);
    assert!(text.contains("empty") && text.contains("too short for a Parquet file"), "{text}");
}

#[tokio::test]
async fn limits_hold_for_what_is_read_and_written() {
    let store = Store::memory();
    let dataset = Dataset::<Trip>::new(&store, "trips").unwrap().codec(Parquet::new());
    let written = dataset.write(&trips(10_000), Metadata::empty()).await.unwrap();
    let small = Limits { max_decoded_bytes: Some(100_000), ..Limits::default() };
    let limited = dataset.clone().limits(small);
    let error = limited.read(&written).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 100_000, .. }), "{error}");

    // What it writes it can read, in more files.
    let many = limited.write(&trips(10_000), Metadata::empty()).await.unwrap();
    assert!(many.files().len() > 3);
    assert_eq!(limited.read(&many).await.unwrap(), trips(10_000));

    let mut large = trip(1);
    large.name = "x".repeat(5000);
    let short = Limits { max_record_bytes: Some(4000), ..Limits::default() };
    let error = dataset.limits(short).write(&[large], Metadata::empty()).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { limit: 4000, .. }), "{error}");
}
