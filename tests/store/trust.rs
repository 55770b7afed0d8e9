//! Which stores are committed to, and by whom (L7).
#![allow(clippy::single_range_in_vec_init)]

use std::sync::Arc;

use futures::TryStreamExt;
use futures::future::try_join_all;
use lode::{Blob, Dataset, Error, OnConflict, Store, Volume, metadata};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use super::check::{Flaw, Flawed};
use crate::support::contents;
use crate::support::rows::{Row, numbers, rows};
use crate::support::server::{fresh_prefix, rclone, s3_url};

fn problem(error: Error) -> Option<String> {
    match error {
        Error::UncheckedStore { problem, .. } => problem,
        error => panic!("{error:?}"),
    }
}

fn seen(error: Error) -> String {
    match error {
        Error::UnsafeStore { problem, .. } => problem,
        error => panic!("{error:?}"),
    }
}

/// Nothing listens at the endpoint: a request would be another error.
#[tokio::test]
async fn an_endpoint_is_not_committed_to_before_it_is_checked() {
    let store = Store::builder("s3://bucket/prefix")
        .endpoint("http://127.0.0.1:1")
        .option("access_key_id", "K")
        .option("secret_access_key", "S")
        .open()
        .unwrap();
    let backups = Dataset::<Blob>::new(&store, "backups").unwrap();
    let error = backups.write(b"all of it", metadata! {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store AmazonS3(bucket)/prefix is not committed to before it is known that its create-only \
         puts are atomic: call `Store::check`, or `Store::assume_create_only` if you know that they are"
    );
    assert_eq!(problem(error), None);
    assert_eq!(problem(backups.stream_write(metadata! {}).await.unwrap_err()), None);
    let volume = Volume::create(&store, "disk", 100).unwrap();
    assert_eq!(problem(volume.stage_write_at(0, b"boot").await.unwrap_err()), None);
    assert_eq!(problem(volume.stager().stage_write_at(0, b"boot").await.unwrap_err()), None);
}

fn flawed(flaw: Flaw) -> (Arc<dyn ObjectStore>, Store) {
    let inner: Arc<dyn ObjectStore> = Arc::new(Flawed { inner: InMemory::new(), flaw });
    (Arc::clone(&inner), Store::from(inner))
}

#[tokio::test]
async fn a_store_that_was_seen_to_fail_is_not_committed_to() {
    for (flaw, found) in [
        (Flaw::IgnoresCreate, "create-only: a create of an existing object succeeded"),
        (Flaw::RacesCreate, "create-only under a race: 32 of 32 racing creates succeeded"),
    ] {
        let (inner, store) = flawed(flaw);
        let backups = Dataset::<Blob>::new(&store, "backups").unwrap();
        let volume = Volume::create(&store, "disk", 100).unwrap();
        let staged = volume.stage_write_at(0, b"boot").await.unwrap();
        let before = contents(&*inner).await;
        assert!(!store.check().await.is_ok());
        let error = backups.write(b"all of it", metadata! {}).await.unwrap_err();
        let said = format!(
            "the store {flaw:?} is not committed to, since a check saw its create-only puts fail \
             ({found}); call `Store::assume_single_writer` if no other process ever commits there"
        );
        assert_eq!(error.to_string(), said);
        assert_eq!(seen(error), found);
        let failed = staged.commit(metadata! {}).await.unwrap_err();
        assert_eq!(seen(failed.source), found);
        store.assume_create_only();
        let error = backups.write(b"all of it", metadata! {}).await.unwrap_err();
        assert_eq!(seen(error), found, "it was seen to fail");
        assert_eq!(contents(&*inner).await, before, "nothing was written");

        store.assume_single_writer();
        backups.write(b"all of it", metadata! {}).await.unwrap();
        drop(failed.staged.commit(metadata! {}).await.unwrap());
    }
}

/// A check that could not find out is to be made again. (The time between attempts is not waited for.)
#[tokio::test(start_paused = true)]
async fn a_check_that_got_no_answer_is_to_be_made_again() {
    let store = Store::builder("s3://bucket")
        .endpoint("http://127.0.0.1:1")
        .option("access_key_id", "K")
        .option("secret_access_key", "S")
        .open()
        .unwrap();
    assert!(!store.check().await.is_ok());
    let backups = Dataset::<Blob>::new(&store, "backups").unwrap();
    let error = backups.write(b"all of it", metadata! {}).await.unwrap_err();
    let said = error.to_string();
    let (begin, end) = (
        "the store AmazonS3(bucket) is not committed to before it is known that its create-only puts are \
         atomic, which its check could not find out (create-only",
        "): check it again, or `Store::assume_create_only` if you know that they are",
    );
    assert!(said.starts_with(begin) && said.ends_with(end), "{said}");
    assert!(problem(error).is_some());
}

/// What is not needed for commits is only reported.
#[tokio::test]
async fn other_flaws_do_not_stop_commits() {
    let (_, store) = flawed(Flaw::KeepsDeleted);
    assert!(!store.check().await.is_ok());
    let backups = Dataset::<Blob>::new(&store, "backups").unwrap();
    backups.write(b"all of it", metadata! {}).await.unwrap();
}

/// One process may still have many tasks, and handles that are behind.
#[tokio::test]
async fn a_single_writer_loses_nothing_on_a_store_that_ignores_the_condition() {
    let (_, store) = flawed(Flaw::IgnoresCreate);
    store.assume_single_writer();
    let appends = (0..8).map(|n| {
        let dataset = Dataset::<Row>::new(&store, "rows").unwrap();
        async move { dataset.append(&rows(n..n + 1), metadata! {}).await }
    });
    try_join_all(appends).await.unwrap();
    let dataset = Dataset::<Row>::new(&store, "rows").unwrap();
    let chain: Vec<_> = dataset.history().try_collect().await.unwrap();
    assert_eq!(chain.len(), 8);
    assert_eq!(numbers(&dataset, &chain[0]).await.unwrap(), Vec::from_iter(0..8));

    let disk = |store| Volume::create(store, "disk", 100).unwrap().on_conflict(OnConflict::Fail);
    let (a, b) = (disk(&store), disk(&store));
    let a = a.stage_write_at(0, b"boot").await.unwrap();
    let b = b.stage_write_at(50, b"data").await.unwrap();
    let a = a.commit(metadata! {}).await.unwrap();
    let error = b.commit(metadata! {}).await.unwrap_err().source;
    assert!(error.is_conflict(), "{error}");
    assert_eq!(a.latest().await.unwrap().unwrap().coverage(), [0..4]);
}

/// The real server: all of it holds, and is committed to after that.
#[tokio::test]
async fn the_server_holds_what_it_promises() {
    let Some(url) = s3_url("the_server_holds_what_it_promises") else { return };
    let store = Store::open(&url).unwrap().prefixed(&fresh_prefix()).unwrap();
    let dataset = Dataset::<Row>::new(&store, "rows").unwrap();
    let is_own = std::env::var_os("AWS_ENDPOINT").is_some();
    if is_own {
        let error = dataset.write(&rows(0..9), metadata! {}).await.unwrap_err();
        assert_eq!(problem(error), None);
    }
    let report = store.check().await;
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.checks().count(), 6);
    let snapshot = dataset.write(&rows(0..9), metadata! {}).await.unwrap();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), Vec::from_iter(0..9));
}

/// A real server that ignores the condition: several writers would lose commits there, and one does not.
#[tokio::test]
async fn a_server_that_ignores_the_condition_is_found_out() {
    let Some(store) = rclone("a_server_that_ignores_the_condition_is_found_out") else { return };
    let report = store.check().await;
    let problems: Vec<_> = report.checks().filter(|check| check.problem.is_some()).collect();
    // It answers a range with the right bytes, and a status that `object_store` does not take.
    let [one, race, range] = problems[..] else { panic!("{report}") };
    let said = |check: &lode::Check| check.problem.clone().unwrap();
    let names = [one, race, range].map(|check| check.name);
    assert_eq!(names, ["create-only", "create-only under a race", "range"]);
    assert_eq!(said(one), "a create of an existing object succeeded");
    assert!(said(race).ends_with("of 32 racing creates succeeded"), "{report}");
    let dataset = Dataset::<Row>::new(&store, "rows").unwrap();
    let error = dataset.append(&rows(0..9), metadata! {}).await.unwrap_err();
    assert_eq!(seen(error), "create-only: a create of an existing object succeeded");
    assert_eq!(dataset.latest().await.unwrap(), None);

    store.assume_single_writer();
    let appends = (0..8).map(|n| {
        let dataset = Dataset::<Row>::new(&store, "rows").unwrap();
        async move { dataset.append(&rows(n..n + 1), metadata! {}).await }
    });
    try_join_all(appends).await.unwrap();
    let snapshot = dataset.latest().await.unwrap().unwrap();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), Vec::from_iter(0..8));
}
