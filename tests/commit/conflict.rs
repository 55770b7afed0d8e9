//! Two writers on one dataset, interleaved step by step.

use std::sync::Arc;
use std::time::Duration;

use lode::{Dataset, Error, HiveLayout, OnConflict, Retry, SnapshotId, Store, metadata};
use object_store::ObjectStore;

use crate::support::ambient::SetClock;
use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, Row, contents, lode_store, memory, rows};

/// Before the next manifest is put, this many others are committed.
fn others(faulty: &FaultStore, count: u64, first: u64) {
    others_before(faulty, Op::Create, count, first);
}

/// Before the next manifest is put, or read, this many others are committed.
fn others_before(faulty: &FaultStore, op: Op, count: u64, first: u64) {
    let inner = Arc::clone(faulty.inner());
    let append = Fault::run(move || {
        let store = lode_store(Arc::clone(&inner));
        async move {
            let other = Dataset::<Row>::new(&store, "d").unwrap();
            for n in first..first + count {
                other.append(&rows(n..n + 1), metadata! {}).await.unwrap();
            }
        }
    });
    faulty.rule(Rule::on(op, Class::Manifest, append));
}

async fn start() -> (FaultStore, Dataset<Row>) {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    dataset.write(&rows(0..10), metadata! {}).await.unwrap();
    faulty.clear();
    (faulty, dataset)
}

fn conflict(error: &Error) -> (Option<u64>, Option<u64>) {
    assert!(error.is_conflict(), "{error}");
    let Error::Conflict { expected, found, owner } = error else { panic!("{error}") };
    assert_eq!(owner.to_string(), "dataset `d`");
    (expected.map(SnapshotId::get), found.map(SnapshotId::get))
}

#[tokio::test(start_paused = true)]
async fn an_append_rebases_and_rewrites_no_data() {
    for (count, puts) in [(1, 1), (5, 1), (200, 1)] {
        let (faulty, dataset) = start().await;
        others(&faulty, count, 100);
        let snapshot = dataset.append(&rows(10..13), metadata! { "a": 1 }).await.unwrap();
        assert_eq!(snapshot.id().get(), 2 + count);
        assert_eq!(snapshot.parent().unwrap().get(), 1 + count);
        assert_eq!(faulty.counts().on(Op::Put, Class::Data), puts);
        assert_eq!(faulty.counts().on(Op::Create, Class::Manifest), 2);
        let expected: Vec<u64> = (0..13).chain(100..100 + count).collect();
        assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_append_that_loses_again_and_again_gets_through() {
    let (faulty, dataset) = start().await;
    for n in 0..10 {
        others(&faulty, 1, 100 + n);
    }
    let snapshot = dataset.append(&rows(10..13), metadata! {}).await.unwrap();
    assert_eq!(snapshot.id().get(), 12);
    assert_eq!(faulty.counts().on(Op::Put, Class::Data), 1);
    let expected: Vec<u64> = (0..13).chain(100..110).collect();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), expected);
}

/// What came while a writer looked at what came before does not cost it another lost race.
#[tokio::test(start_paused = true)]
async fn a_writer_that_is_behind_catches_up() {
    let (faulty, dataset) = start().await;
    others(&faulty, 4, 100);
    others_before(&faulty, Op::Get, 3, 104);
    let snapshot = dataset.append(&rows(10..13), metadata! {}).await.unwrap();
    assert_eq!(snapshot.id().get(), 9);
    assert_eq!(faulty.counts().on(Op::Create, Class::Manifest), 2);
    let expected: Vec<u64> = (0..13).chain(100..107).collect();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted() {
    for attempts in [0, 1, 3] {
        for losses in [attempts, attempts + 1] {
            let (faulty, dataset) = start().await;
            let policy = OnConflict::Retry(Retry {
                attempts,
                base_delay: Duration::from_millis(1),
                ..Retry::default()
            });
            for n in 0..losses {
                others(&faulty, 1, 100 + u64::from(n));
            }
            let result = dataset.on_conflict(policy).append(&rows(10..13), metadata! {}).await;
            let head = u64::from(losses) + 1;
            match losses > attempts {
                false => assert_eq!(result.unwrap().id().get(), head + 1),
                true => assert_eq!(conflict(&result.unwrap_err()), (Some(1), Some(head))),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_can_forbid_rebasing() {
    let (faulty, dataset) = start().await;
    others(&faulty, 2, 100);
    let dataset = dataset.on_conflict(OnConflict::Fail);
    let error = dataset.append(&rows(10..13), metadata! {}).await.unwrap_err();
    assert_eq!(conflict(&error), (Some(1), Some(3)));
    assert_eq!(dataset.append(&rows(10..13), metadata! {}).await.unwrap().id().get(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_replaces_is_never_rebased() {
    let (faulty, dataset) = start().await;
    others(&faulty, 1, 100);
    let error = dataset.write(&rows(10..13), metadata! {}).await.unwrap_err();
    assert_eq!(conflict(&error), (Some(1), Some(2)));
    others(&faulty, 1, 101);
    let error = dataset.stream_write_records(rows(10..13), metadata! {}).await.unwrap_err();
    assert_eq!(conflict(&error), (Some(2), Some(3)));
    assert_eq!(dataset.latest().await.unwrap().unwrap().row_count(), 12);
    assert_eq!(dataset.write(&rows(10..13), metadata! {}).await.unwrap().id().get(), 4);

    // Partitions: another handle replaces others, and it is a conflict all the same.
    let faulty = FaultStore::new(memory());
    let hive = |store: &Store| Dataset::<Row>::new(store, "d").unwrap().layout(HiveLayout);
    let dataset = hive(&faulty.store());
    dataset.write(&rows(0..9), metadata! {}).await.unwrap();
    let inner = Arc::clone(faulty.inner());
    let replace = Fault::run(move || {
        let other = hive(&lode_store(Arc::clone(&inner)));
        async move {
            let blue = rows(2..3);
            other.replace_partitions(&blue, metadata! {}).await.unwrap();
        }
    });
    faulty.rule(Rule::on(Op::Create, Class::Manifest, replace));
    let red = rows(30..31);
    let error = dataset.replace_partitions(&red, metadata! {}).await.unwrap_err();
    assert_eq!(conflict(&error), (Some(1), Some(2)));
    let snapshot = dataset.replace_partitions(&red, metadata! {}).await.unwrap();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [1, 2, 4, 7, 30]);
}

#[tokio::test(start_paused = true)]
async fn an_expected_head_is_compared_and_never_rebased() {
    let (faulty, dataset) = start().await;
    let one = SnapshotId::new(1).unwrap();
    others(&faulty, 1, 100);
    let append = dataset.append(&rows(10..13), metadata! {}).expect_head(Some(one)).await;
    assert_eq!(conflict(&append.unwrap_err()), (Some(1), Some(2)));
    // Before anything is written.
    faulty.clear();
    let append = dataset.append(&rows(10..13), metadata! {}).expect_head(Some(one)).await;
    assert_eq!(conflict(&append.unwrap_err()), (Some(1), Some(2)));
    let write = dataset.write(&rows(10..13), metadata! {}).expect_head(None).await;
    assert_eq!(conflict(&write.unwrap_err()), (None, Some(2)));
    assert_eq!(faulty.counts().puts(), 0);

    // The first of all, raced.
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    others(&faulty, 1, 100);
    let append = dataset.append(&rows(10..13), metadata! {}).expect_head(None).await;
    assert_eq!(conflict(&append.unwrap_err()), (None, Some(1)));
    // Of a dataset that has nothing yet.
    let empty = Dataset::<Row>::new(&faulty.store(), "empty").unwrap();
    let error = empty.append(&rows(0..1), metadata! {}).expect_head(Some(one)).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { found: None, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_first_append_rebases_onto_a_first_commit() {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    others(&faulty, 3, 100);
    let snapshot = dataset.append(&rows(0..3), metadata! {}).await.unwrap();
    assert_eq!(numbers(&dataset, &snapshot).await.unwrap(), [0, 1, 2, 100, 101, 102]);
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    others(&faulty, 1, 100);
    let error = dataset.write(&rows(0..3), metadata! {}).await.unwrap_err();
    assert_eq!(conflict(&error), (None, Some(1)));
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, lode::Record)]
struct Wider {
    n: u64,
    extra: String,
}

#[tokio::test(start_paused = true)]
async fn a_rebase_checks_the_schema_again() {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Wider>::new(&faulty.store(), "d").unwrap();
    others(&faulty, 1, 0);
    let record = [Wider { n: 1, extra: String::new() }];
    let error = dataset.append(&record, metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { .. }), "{error}");
    let rows = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    assert_eq!(rows.latest().await.unwrap().unwrap().row_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_layout_is_noticed_before_the_first_commit() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(inner);
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    let hive = Dataset::<Row>::new(&store, "d").unwrap().layout(HiveLayout);
    let flat = Dataset::<Row>::new(&store, "d").unwrap().layout(lode::FlatLayout);
    flat.write(&rows(0..1), metadata! {}).await.unwrap();
    for error in [
        dataset.write(&rows(0..1), metadata! {}).await.unwrap_err(),
        hive.write(&rows(0..1), metadata! {}).await.unwrap_err(),
        hive.append(&rows(0..1), metadata! {}).await.unwrap_err(),
        dataset.latest().await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::LayoutMismatch { found: "flat", .. }), "{error}");
        assert!(error.to_string().ends_with("open it with `.layout(FlatLayout)`"), "{error}");
    }
    assert_eq!(flat.append(&rows(1..2), metadata! {}).await.unwrap().id().get(), 2);
}

/// The other layout's first snapshot may come while this one's is written.
#[tokio::test]
async fn another_layout_is_noticed_at_the_first_commit() {
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(Arc::clone(&inner));
    let dataset = || Dataset::<Row>::new(&store, "d").unwrap();
    let mut writer = dataset().record_writer(metadata! {}).await.unwrap();
    writer.push(&rows(0..1)[0]).await.unwrap();
    dataset().layout(HiveLayout).write(&rows(0..1), metadata! {}).await.unwrap();
    let before = contents(&*inner).await;
    let error = writer.commit().await.unwrap_err();
    assert!(matches!(error, Error::LayoutMismatch { found: "hive", .. }), "{error}");
    assert_eq!(contents(&*inner).await, before, "what it had stored is gone");
}

#[tokio::test(start_paused = true)]
async fn times_increase_whatever_the_clocks_say() {
    let clock = Arc::new(SetClock::new([5000, 1000, 1000, -1, 5000, 9000, 10]));
    let inner = memory() as Arc<dyn ObjectStore>;
    let store = lode_store(inner).with_clock(clock);
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    let mut last = None;
    for n in 0..8 {
        let snapshot = dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
        assert!(last < Some(snapshot.created_at()), "snapshot {}", snapshot.id());
        last = Some(snapshot.created_at());
        // And a time is found again.
        let found = dataset.as_of(snapshot.created_at()).await.unwrap();
        assert_eq!(found, Some(snapshot));
    }
    let found = Dataset::<Row>::new(&store, "d").unwrap().latest().await.unwrap().unwrap();
    assert_eq!(found.created_at(), last.unwrap());
}
