//! Calls of many tasks run at the same time.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lode::{Dataset, metadata};
use tokio::sync::Barrier;
use tokio::time::timeout;

use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, Row, memory, rows};

/// Each put waits until all of them are there: one after the other they would wait for ever.
#[tokio::test(start_paused = true)]
async fn calls_upload_at_the_same_time() {
    const TASKS: u64 = 6;
    let faulty = FaultStore::new(memory());
    let barrier = Arc::new(Barrier::new(TASKS as usize));
    let wait = Fault::run(move || {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
        }
    });
    faulty.rule(Rule::on(Op::Put, Class::Data, wait).for_ever());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let tasks = (0..TASKS).map(|task| {
        let writer = transaction.writer().clone();
        tokio::spawn(async move {
            match task % 3 {
                0 => writer.write(&rows(task * 10..task * 10 + 10)).await,
                1 => writer.stream_write_records(rows(task * 10..task * 10 + 10)).await,
                _ => writer.attach(&format!("{task}"), b"beside").await,
            }
        })
    });
    let all = timeout(Duration::from_secs(60), futures::future::join_all(tasks)).await;
    for staged in all.expect("one call waits for another") {
        staged.unwrap().unwrap();
    }
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!((snapshot.row_count(), snapshot.attachments().len()), (40, 2));
}

/// Each source ends only once all of them are half taken.
#[tokio::test(start_paused = true)]
async fn calls_encode_at_the_same_time() {
    let dataset = Dataset::<Row>::new(&lode::Store::memory(), "d").unwrap();
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let barrier = Arc::new(Barrier::new(3));
    let source = |first: u64| {
        let barrier = Arc::clone(&barrier);
        let last = async move {
            barrier.wait().await;
            rows(first + 5..first + 6).remove(0)
        };
        futures::stream::iter(rows(first..first + 5)).chain(futures::stream::once(last))
    };
    let writer = transaction.writer();
    let all = async {
        tokio::try_join!(
            transaction.stream_write_records(source(0)),
            writer.stream_write_records(source(10)),
            writer.stream_write_records(source(20)),
        )
    };
    timeout(Duration::from_secs(60), all).await.expect("one call waits for another").unwrap();
    assert_eq!(transaction.commit().await.unwrap().row_count(), 18);
}
