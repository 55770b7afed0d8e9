//! More records than one would want in memory: written from an iterator, pushed one by one, and
//! read as a stream.
//!
//! `cargo run --release --example stream_records`

use futures::TryStreamExt;
use lode::codec::Jsonl;
use lode::compress::Zstd;
use lode::{Dataset, Limits, Record, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Square {
    n: u64,
    square: u64,
}

impl Square {
    fn of(n: u64) -> Self {
        Self { n, square: n * n }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;
    // A new file is begun once one has 256 KiB stored, so that the files can be seen.
    let squares = Dataset::<Square>::new(&store, "squares")?
        .codec(Jsonl::new().compress(Zstd::default()))
        .limits(Limits { target_file_bytes: 256 << 10, ..Limits::default() });

    // From an iterator. A `Stream`, and `Result`s of records, will do as well.
    let count = 300_000;
    let records = (0..count).map(Square::of);
    let first = squares.stream_write_records(records, metadata! { "until": count }).await?;
    println!(
        "{} records in {} files, {} bytes",
        first.row_count(),
        first.files().len(),
        first.size_bytes()
    );
    assert_eq!(first.row_count(), count);
    assert!(first.files().len() > 1);

    // One by one, added to what is there. Nothing is visible until the commit.
    let mut writer = squares.record_writer(metadata! { "until": count + 10 }).append().await?;
    for n in count..count + 10 {
        writer.push(&Square::of(n)).await?;
    }
    assert_eq!(squares.latest().await?, Some(first.clone()));
    let second = writer.commit().await?;
    assert_eq!(second.row_count(), count + 10);

    // As a stream, in bounded memory.
    let mut stream = squares.stream(&second);
    let mut sum: u128 = 0;
    while let Some(record) = stream.try_next().await? {
        sum += u128::from(record.square);
    }
    let n = u128::from(count + 9);
    assert_eq!(sum, n * (n + 1) * (2 * n + 1) / 6);
    println!("the sum of the first {n} squares is {sum}");

    // Only what came after the first snapshot.
    let added: Vec<Square> = squares.stream_added(&first).await?.records.try_collect().await?;
    println!("{} records were added after snapshot {}", added.len(), first.id());
    assert_eq!(added, (count..count + 10).map(Square::of).collect::<Vec<_>>());
    Ok(())
}
