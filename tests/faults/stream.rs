//! A stream into a store that fails: the writer is told, soon, and piles nothing up (L21, L23).

use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use lode::codec::Jsonl;
use lode::{Blob, BoxError, Dataset, Error, HiveLayout, Limits, Metadata, metadata};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, Row, contents, memory, rows};

fn full_disk() -> FaultStore {
    let faulty = FaultStore::new(memory());
    for op in [Op::Put, Op::Part] {
        faulty.rule(Rule::on(op, Class::Data, Fault::Before).for_ever());
    }
    faulty
}

fn limits() -> Limits {
    Limits { part_bytes: 100_000, buffered_bytes: 1 << 20, open_files: 2, ..Limits::default() }
}

/// An endless source of records of about 3 KB.
fn endless() -> impl Iterator<Item = Row> + Send {
    let text = "x".repeat(3000);
    (0..).map(move |n| Row { text: text.clone(), ..rows(n..n + 1).remove(0) })
}

/// Far more than a writer may hold.
const FAR_TOO_MANY: u64 = 4000;

#[tokio::test]
async fn an_endless_stream_ends_when_the_store_fails() {
    let faulty = full_disk();
    let plain = Dataset::<Row>::new(&faulty.store(), "plain").unwrap().limits(limits());
    let hive = Dataset::<Row>::new(&faulty.store(), "hive").unwrap();
    let hive = hive.layout(HiveLayout).limits(limits());
    let errors = [
        plain.stream_write_records(endless(), metadata! {}).await.unwrap_err(),
        plain.stream_write_records(endless(), metadata! {}).append().await.unwrap_err(),
        hive.stream_write_records(endless(), metadata! {}).await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_retryable(), "{error}");
    }
    assert!(contents(&**faulty.inner()).await.is_empty());
}

/// A source that gives nothing more does not keep the failure from whoever waits.
#[tokio::test(start_paused = true)]
async fn a_part_that_fails_is_told_while_the_source_waits() {
    async fn soon<T>(work: impl IntoFuture<Output = lode::Result<T>>) -> Error {
        let told = timeout(Duration::from_secs(600), work).await;
        told.expect("it waits for its source").map(drop).unwrap_err()
    }
    let faulty = full_disk();
    // One part is on its way, and none is due.
    let limits = Limits { part_bytes: 400_000, ..Limits::default() };
    let plain = Dataset::<Row>::new(&faulty.store(), "plain").unwrap();
    let plain = plain.codec(Jsonl::new()).limits(limits);
    let hive = plain.clone().layout(HiveLayout);
    let records = || stream::iter(endless().take(230)).chain(stream::pending());
    let of_a_kind = || {
        let red = endless().map(|row| Row { kind: "red".to_owned(), ..row });
        stream::iter(red.take(230)).chain(stream::pending())
    };
    let errors = [
        soon(plain.stream_write_records(records(), metadata! {})).await,
        soon(plain.stream_write_records(records(), metadata! {}).append()).await,
        soon(hive.stream_write_records(of_a_kind(), metadata! {})).await,
    ];
    for error in errors {
        assert!(error.is_retryable(), "{error}");
    }

    let transaction = plain.begin(metadata! {}).await.unwrap();
    let run = Bytes::from(vec![7; 1 << 20]);
    let bytes = || stream::iter([Ok::<_, BoxError>(run.clone())]).chain(stream::pending());
    let (mut other_end, reader) = tokio::io::duplex(run.len());
    other_end.write_all(&run).await.unwrap();
    let writer = transaction.writer();
    let errors = [
        soon(transaction.stream_write_records(records())).await,
        soon(writer.stream_write_records(records())).await,
        soon(transaction.attach_stream("a", bytes())).await,
        soon(writer.attach_reader("a", reader)).await,
    ];
    for error in errors {
        assert!(error.is_retryable(), "{error}");
    }
    drop(transaction);
    assert!(contents(&**faulty.inner()).await.is_empty());
}

#[tokio::test]
async fn a_record_writer_is_told_and_stays_failed() {
    let faulty = full_disk();
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap().limits(limits());
    let mut writer = dataset.record_writer(metadata! {}).await.unwrap();
    let mut pushed = 0;
    let mut source = endless();
    let error = loop {
        match writer.push(&source.next().unwrap()).await {
            Ok(()) => pushed += 1,
            Err(error) => break error,
        }
        assert!(pushed < FAR_TOO_MANY, "the writer piles up records");
    };
    assert!(matches!(error, Error::Storage { .. }), "{error}");
    // Also when the store is well again: records are missing.
    faulty.heal();
    let error = writer.push(&source.next().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::WriterFailed { .. }), "{error}");
    let error = writer.commit().await.unwrap_err();
    assert!(matches!(error, Error::WriterFailed { .. }), "{error}");
    assert!(dataset.latest().await.unwrap().is_none());
    assert!(contents(&**faulty.inner()).await.is_empty());
    dataset.write(&rows(0..1), metadata! {}).await.unwrap();
}

#[tokio::test]
async fn a_blob_writer_is_told_and_stays_failed() {
    let faulty = full_disk();
    let dataset = Dataset::<Blob>::new(&faulty.store(), "d").unwrap().limits(limits());
    let mut writer = dataset.stream_write(Metadata::empty()).await.unwrap();
    let chunk = vec![7; 100_000];
    let mut written = 0;
    let error = loop {
        match writer.write_all(&chunk).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the writer piles up bytes");
    };
    assert!(error.get_ref().is_some_and(|inner| inner.is::<Error>()), "{error:?}");
    faulty.heal();
    assert!(writer.write_all(&chunk).await.is_err() || writer.flush().await.is_err());
    writer.commit().await.unwrap_err();
    assert!(dataset.latest().await.unwrap().is_none());
    assert!(contents(&**faulty.inner()).await.is_empty());
    dataset.write(b"x", metadata! {}).await.unwrap();
}
