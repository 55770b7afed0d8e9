//! How a transaction ends, and what becomes of writers then.

use std::time::Duration;

use futures::FutureExt;
use lode::{Dataset, Error, HiveLayout, Limits, TransactionWriter, metadata};

use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{
    Class, Fault, FaultStore, Op, Row, contents, memory, poll_times, rows, settle,
};

fn start() -> (FaultStore, Dataset<Row>) {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    (faulty, dataset)
}

async fn assert_ended(writer: &TransactionWriter<Row>) {
    let new = rows(0..3);
    let errors = [
        writer.write(&new).await.unwrap_err(),
        writer.stream_write_records(new.clone()).await.unwrap_err(),
        writer.attach("late", b"x").await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::TransactionEnded { .. }), "{error}");
        assert_eq!(error.to_string(), "this transaction on dataset `d` has ended");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_writer_that_outlives_it_is_told_and_stores_nothing() {
    let (faulty, dataset) = start();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let writer = transaction.writer();
    writer.write(&rows(0..3)).await.unwrap();
    let snapshot = transaction.commit().await.unwrap();
    let before = contents(&**faulty.inner()).await;
    assert_ended(&writer).await;
    assert_eq!(contents(&**faulty.inner()).await, before);
    assert_eq!(dataset.latest().await.unwrap(), Some(snapshot));

    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let writer = transaction.writer();
    transaction.abort().await;
    assert_ended(&writer).await;

    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let writer = transaction.writer();
    drop(transaction);
    assert_ended(&writer).await;
    assert_eq!(contents(&**faulty.inner()).await, before);
}

/// Neither a snapshot without the records of the call, nor one that waits for ever.
#[tokio::test(start_paused = true)]
async fn a_commit_while_a_writer_is_at_work_is_refused() {
    let (faulty, dataset) = start();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    transaction.write(&rows(0..3)).await.unwrap();
    transaction.attach("a", b"x").await.unwrap();
    let slow = Fault::run(|| tokio::time::sleep(Duration::from_secs(9)));
    faulty.rule(Rule::on(Op::Put, Class::Data, slow.clone()));
    faulty.rule(Rule::on(Op::Put, Class::Data, slow));
    let writer = transaction.writer();
    let task = tokio::spawn(async move {
        let records = rows(10..20);
        tokio::join!(writer.write(&records), writer.attach("slow", b"y"))
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::TransactionBusy { calls: 2, .. }), "{error:?}");
    let said = "nothing is committed to dataset `d`: 2 call(s) to writers of this transaction are not \
                over; await them before `commit`";
    assert_eq!(error.to_string(), said);
    let (write, attach) = task.await.unwrap();
    for late in [write, attach] {
        assert!(matches!(late, Err(Error::TransactionEnded { .. })), "{late:?}");
    }
    settle().await;
    assert!(contents(&**faulty.inner()).await.is_empty(), "what was stored is removed");
    assert_eq!(faulty.counts().on(Op::Create, Class::Manifest), 0);
}

#[tokio::test]
async fn an_abort_removes_what_was_stored() {
    let (faulty, plain) = start();
    let limits = Limits { part_bytes: 300, ..Limits::default() };
    let dataset = plain.limits(limits).layout(HiveLayout);
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    transaction.write(&rows(0..30)).await.unwrap();
    transaction.writer().stream_write_records(rows(30..60)).await.unwrap();
    transaction.attach("a", vec![7; 1000]).await.unwrap();
    assert_eq!(contents(&**faulty.inner()).await.len(), 7);
    transaction.abort().await;
    assert!(contents(&**faulty.inner()).await.is_empty());
}

/// What was stored stays, for a clean-up to find: names of one write id that no manifest has.
#[tokio::test]
async fn dropping_it_leaves_only_its_own_objects() {
    let (faulty, dataset) = start();
    let old = dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    let before = contents(&**faulty.inner()).await;
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    transaction.write(&rows(3..5)).await.unwrap();
    transaction.attach("a", b"x").await.unwrap();
    drop(transaction);
    let after = contents(&**faulty.inner()).await;
    let left: Vec<_> = after.keys().filter(|key| !before.contains_key(*key)).collect();
    let shape = |key: &str| {
        let parts: Vec<_> = key.split('/').collect();
        (parts[2].to_owned(), parts[3].to_owned(), parts[4].to_owned())
    };
    let (one, two) = (shape(left[0]), shape(left[1]));
    assert_eq!((left.len(), one.0.as_str(), two.0.as_str()), (2, "attachments", "data"));
    assert_eq!((one.1, one.2.as_str()), (two.1, "00000.bin"));
    assert_eq!(two.2, "00000.jsonl");
    assert_eq!(dataset.latest().await.unwrap(), Some(old));
}

/// Wherever the future of a call is dropped, its records are in no snapshot, or all of them are.
#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_not_staged_and_can_be_made_again() {
    let mut outcomes = [0, 0];
    for k in 1.. {
        let (faulty, plain) = start();
        let limits = Limits { part_bytes: 300, ..Limits::default() };
        let dataset = plain.limits(limits);
        let transaction = dataset.begin(metadata! {}).await.unwrap();
        transaction.write(&rows(0..3)).await.unwrap();
        let writer = transaction.writer();
        let call = async move {
            let records = rows(10..30);
            writer.write(&records).await?;
            writer.attach("a", vec![7; 1000]).await
        };
        let done = poll_times(call.boxed(), k, true).await;
        let is_done = done.map(|result| result.unwrap()).is_some();
        if !is_done {
            // What the dropped call left is in nobody's way.
            transaction.write(&rows(40..42)).await.unwrap();
            transaction.attach("a", b"again").await.unwrap();
        }
        settle().await;
        let snapshot = transaction.commit().await.unwrap();
        let found = numbers(&dataset, &snapshot).await.unwrap();
        let with: Vec<u64> = (0..3).chain(10..30).chain(40..42).collect();
        let without: Vec<u64> = (0..3).chain(40..42).collect();
        if is_done {
            assert_eq!(found, (0..3).chain(10..30).collect::<Vec<_>>());
            break;
        }
        assert!(found == with || found == without, "dropped after {k} polls: {found:?}");
        outcomes[usize::from(found == with)] += 1;
        assert_eq!(dataset.attachment(&snapshot, "a").await.unwrap(), "again");
        drop(faulty);
    }
    assert!(outcomes[0] > 3 && outcomes[1] > 3, "dropped only so often: {outcomes:?}");
}

#[tokio::test]
async fn a_call_that_failed_is_not_staged_and_can_be_made_again() {
    let (faulty, dataset) = start();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let writer = transaction.writer();
    writer.write(&rows(0..3)).await.unwrap();
    let stored = contents(&**faulty.inner()).await;
    faulty.rule(Rule::on(Op::Put, Class::Data, Fault::After));
    let error = writer.write(&rows(3..6)).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let broke = std::io::Error::other("the source broke");
    let source: Vec<Result<Row, _>> = rows(6..9).into_iter().map(Ok).chain([Err(broke)]).collect();
    let error = writer.stream_write_records(source).await.unwrap_err();
    assert!(matches!(error, Error::Input { row: 3, .. }), "{error}");
    assert_eq!(contents(&**faulty.inner()).await, stored, "failed calls leave nothing");
    writer.write(&rows(3..6)).await.unwrap();
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), (0..6).collect::<Vec<_>>());
}
