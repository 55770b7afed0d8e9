//! Transactions beside other writers, and made again.

use std::sync::Arc;

use lode::{Dataset, Error, OnConflict, metadata};

use crate::support::ambient::uuid;
use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{
    Class, Fault, FaultStore, Op, Row, contents, forge, lode_store, memory, rows,
};

async fn start() -> (FaultStore, Dataset<Row>) {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    faulty.clear();
    (faulty, dataset)
}

async fn rival(faulty: &FaultStore) -> u64 {
    let other = Dataset::<Row>::new(&lode_store(Arc::clone(faulty.inner())), "d").unwrap();
    other.append(&rows(3..5), metadata! {}).await.unwrap().id().get()
}

#[tokio::test(start_paused = true)]
async fn an_append_is_moved_onto_the_new_head() {
    let (faulty, dataset) = start().await;
    let transaction = dataset.begin(metadata! {}).append().await.unwrap();
    transaction.write(&rows(10..12)).await.unwrap();
    transaction.attach("a", b"x").await.unwrap();
    rival(&faulty).await;
    let puts = faulty.counts().on(Op::Put, Class::Data);
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!(snapshot.id().get(), 3);
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [0, 1, 2, 3, 4, 10, 11]);
    assert_eq!(dataset.attachment(&snapshot, "a").await.unwrap(), "x");
    assert_eq!(faulty.counts().on(Op::Put, Class::Data), puts, "nothing is stored again");
}

#[tokio::test(start_paused = true)]
async fn what_replaces_or_is_bound_is_never_moved() {
    for append in [false, true] {
        let (faulty, dataset) = start().await;
        let head = dataset.latest().await.unwrap().unwrap();
        let mut begin = dataset.begin(metadata! {});
        if append {
            begin = begin.append().on(&head);
        }
        let transaction = begin.await.unwrap();
        transaction.write(&rows(10..12)).await.unwrap();
        rival(&faulty).await;
        let error = transaction.commit().await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }) && error.is_conflict(), "{error}");
        let latest = dataset.latest().await.unwrap().unwrap();
        assert_eq!(numbers(&dataset, &latest).await.unwrap(), [0, 1, 2, 3, 4]);
        // Bound to what is not the head any more: told at once.
        let error = dataset.begin(metadata! {}).on(&head).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error}");
        // Computed again from the head.
        let transaction = dataset.begin(metadata! {}).append().on(&latest).await.unwrap();
        transaction.write(&rows(10..12)).await.unwrap();
        assert_eq!(transaction.commit().await.unwrap().row_count(), 7);
    }
}

#[tokio::test]
async fn it_can_be_bound_to_there_being_nothing_and_to_no_other_dataset() {
    let (faulty, dataset) = start().await;
    let error = dataset.begin(metadata! {}).expect_head(None).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    let other = Dataset::<Row>::new(&faulty.store(), "other").unwrap();
    let head = dataset.latest().await.unwrap().unwrap();
    let error = other.begin(metadata! {}).on(&head).await.unwrap_err();
    assert!(matches!(error, Error::SnapshotNotFound { .. }), "{error}");
    other.begin(metadata! {}).expect_head(None).await.unwrap().commit().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn with_a_key_it_is_committed_once() {
    let (faulty, dataset) = start().await;
    for attempt in 0..3 {
        let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
        let begin = dataset.begin(metadata! {}).append().idempotency_key("load 7");
        let transaction = begin.await.unwrap();
        assert_eq!(transaction.committed_before().is_some(), attempt > 0);
        let before = contents(&**faulty.inner()).await;
        let writer = transaction.writer();
        writer.write(&rows(10..12)).await.unwrap();
        writer.stream_write_records(rows(12..14)).await.unwrap();
        writer.attach("a", b"x").await.unwrap();
        assert!(matches!(writer.attach("..", b"x").await, Err(Error::InvalidAttachment { .. })));
        if attempt > 0 {
            assert_eq!(contents(&**faulty.inner()).await, before, "nothing is stored twice");
        }
        let snapshot = transaction.commit().await.unwrap();
        assert_eq!(snapshot.id().get(), 2);
        assert_eq!(dataset.attachment(&snapshot, "a").await.unwrap(), "x");
    }
    assert_eq!(dataset.latest().await.unwrap().unwrap().row_count(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_policy_to_fail_holds_for_it() {
    let (faulty, plain) = start().await;
    let dataset = plain.on_conflict(OnConflict::Fail);
    let transaction = dataset.begin(metadata! {}).append().await.unwrap();
    rival(&faulty).await;
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
}

/// A clean-up that condemned any of its objects, records or attachment, stops it.
#[tokio::test(start_paused = true)]
async fn what_was_condemned_is_not_committed() {
    for folder in ["/data/", "/attachments/"] {
        let (faulty, dataset) = start().await;
        let transaction = dataset.begin(metadata! {}).append().await.unwrap();
        transaction.write(&rows(10..12)).await.unwrap();
        transaction.attach("a", b"x").await.unwrap();
        let calls = faulty.calls().into_iter().filter(|call| call.path.contains(folder));
        let condemned: Vec<_> = calls.map(|call| call.path).collect();
        forge::gc(&**faulty.inner(), "d", 1, uuid(7), &condemned).await;
        let error = transaction.commit().await.unwrap_err();
        assert!(matches!(&error, Error::Condemned { paths, .. } if *paths == condemned), "{error}");
        assert!(error.is_retryable());
        assert_eq!(dataset.latest().await.unwrap().unwrap().id().get(), 2);
    }
    // A clean-up of others' objects is no conflict, not even for what replaces.
    let (faulty, dataset) = start().await;
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    transaction.write(&rows(10..12)).await.unwrap();
    forge::gc(&**faulty.inner(), "d", 1, uuid(7), &["datasets/d/data/0/0.x".to_owned()]).await;
    assert_eq!(transaction.commit().await.unwrap().id().get(), 3);
}

/// A reply that is lost is no failure; when it stays unknown, nothing is deleted and the token tells.
#[tokio::test(start_paused = true)]
async fn an_unknown_commit_is_resolved_with_its_attachments() {
    let (faulty, dataset) = start().await;
    let transaction = dataset.begin(metadata! {}).append().await.unwrap();
    transaction.write(&rows(10..12)).await.unwrap();
    transaction.attach("a", b"x").await.unwrap();
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Before).for_ever());
    let error = transaction.commit().await.unwrap_err();
    let Error::CommitUnknown { token, .. } = error else { panic!("{error}") };
    assert_eq!(faulty.counts().on(Op::Delete, Class::Data), 0);
    faulty.heal();
    let snapshot = dataset.resolve(*token).await.unwrap().unwrap();
    assert_eq!(dataset.attachment(&snapshot, "a").await.unwrap(), "x");
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [0, 1, 2, 10, 11]);
}
