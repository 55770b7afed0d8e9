//! Clean-ups beside writers, readers, restores and other clean-ups.

use std::sync::Arc;

use lode::{Dataset, Discarded, Error, Limits, Retain, Volume, metadata};

use super::{DAY, World, blocks, files, id};
use crate::support::ambient::uuid;
use crate::support::rows::numbers as rows_of;
use crate::support::script::Rule;
use crate::support::{Class, Fault, Op, Row, contents, forge, put, rows};

/// An object that no manifest names, and that is old once a day has passed.
async fn stray(world: &World, number: u64) -> String {
    let key = format!("datasets/d/data/{}/00000.jsonl", uuid(number).simple());
    put(world.inner(), &key, "left over").await;
    key
}

/// Nothing is half condemned: the list is refused before anything is committed or deleted.
#[tokio::test(start_paused = true)]
async fn a_list_that_could_not_be_read_again_is_not_made() {
    let world = World::new();
    let dataset = world.dataset();
    dataset.write(&rows(0..5), metadata! {}).await.unwrap();
    for number in 1..100 {
        stray(&world, number).await;
    }
    world.pass(48);
    let before = contents(world.inner()).await;
    let limits = Limits { max_manifest_bytes: 4000, ..Limits::default() };
    let error = world.dataset().limits(limits).gc().await.unwrap_err();
    let Error::LimitExceeded { path, what: "the list of objects", limit: 4000, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(path.starts_with("datasets/d/gc/"), "{path}");
    assert!(error.to_string().ends_with("4000 bytes that `max_manifest_bytes` sets"), "{error}");
    assert_eq!(contents(world.inner()).await, before);
    assert_eq!(dataset.gc().await.unwrap().deleted, 99);
}

fn other(world: &World) -> Dataset<Row> {
    Dataset::new(&world.other(), "d").unwrap()
}

/// A writer that sleeps for two days before its manifest.
#[tokio::test(start_paused = true)]
async fn a_sleeping_writer_is_told_and_writes_again() {
    for replacing in [true, false] {
        let world = Arc::new(World::new());
        let dataset = world.dataset();
        dataset.write(&rows(0..5), metadata! {}).await.unwrap();
        let there = Arc::clone(&world);
        let sleeps = Fault::run(move || {
            let world = Arc::clone(&there);
            async move {
                world.pass(48);
                let report = other(&world).gc().await.unwrap();
                assert_eq!(report.deleted, 1);
            }
        });
        world.faulty.rule(Rule::on(Op::Create, Class::Manifest, sleeps));
        let batch = rows(5..7);
        let write = || match replacing {
            true => dataset.write(&batch, metadata! {}),
            false => dataset.append(&batch, metadata! {}),
        };
        let error = write().await.unwrap_err();
        assert!(matches!(error, Error::Condemned { .. }) && error.is_retryable(), "{error}");
        let snapshot = write().await.unwrap();
        assert_eq!(snapshot.id(), id(3));
        let expected: Vec<u64> = if replacing { vec![5, 6] } else { (0..7).collect() };
        assert_eq!(rows_of(&dataset, &snapshot).await.unwrap(), expected);
        world.pass(48);
        assert_eq!(dataset.gc().await.unwrap().condemned.len(), 0, "nothing is left over");
    }
}

/// The clean-up that is about to commit, when the sleeping writer commits first.
#[tokio::test(start_paused = true)]
async fn what_is_committed_first_is_not_deleted() {
    for lists_lag in [false, true] {
        committed_first(lists_lag).await;
    }
}

async fn committed_first(lists_lag: bool) {
    let world = Arc::new(World::new());
    let dataset = world.dataset();
    dataset.write(&rows(0..5), metadata! {}).await.unwrap();
    let left = stray(&world, 1).await;
    // It has stored its data, and waits.
    let (go, wait) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let writer_store = crate::support::FaultStore::new(Arc::clone(world.faulty.inner()));
    let (said, asked) = (Arc::clone(&wait), Arc::clone(&go));
    let sleeps = Fault::run(move || {
        let (said, asked) = (Arc::clone(&said), Arc::clone(&asked));
        async move {
            said.notify_one();
            asked.notified().await;
        }
    });
    writer_store.rule(Rule::on(Op::Create, Class::Manifest, sleeps));
    let writer = tokio::spawn(async move {
        let dataset = Dataset::<Row>::new(&writer_store.store(), "d").unwrap();
        dataset.append(&rows(5..7), metadata! {}).await
    });
    wait.notified().await;
    world.pass(48);
    assert_eq!(dataset.gc().dry_run().await.unwrap().condemned.len(), 2);
    // Just before the clean-up's manifest, the writer's.
    let writer = Arc::new(tokio::sync::Mutex::new(Some(writer)));
    let there = Arc::clone(&world);
    let ends = Fault::run(move || {
        let (go, writer) = (Arc::clone(&go), Arc::clone(&writer));
        let world = Arc::clone(&there);
        async move {
            go.notify_one();
            writer.lock().await.take().unwrap().await.unwrap().unwrap();
            if lists_lag {
                world.faulty.rule(Rule::on(Op::List, Class::Data, Fault::Short));
            }
        }
    });
    world.faulty.rule(Rule::on(Op::Create, Class::Manifest, ends));
    if lists_lag {
        let error = dataset.gc().await.unwrap_err();
        assert!(error.to_string().contains("is not listed"), "{error}");
    }
    let report = dataset.gc().await.unwrap();
    assert_eq!((report.condemned, report.snapshot), (vec![left], Some(id(3))));
    let head = dataset.latest().await.unwrap().unwrap();
    assert_eq!(rows_of(&dataset, &head).await.unwrap(), (0..7).collect::<Vec<_>>());
    assert_eq!(world.data().await, files(&head));
}

#[tokio::test(start_paused = true)]
async fn lost_races_are_run_again_and_two_clean_ups_agree() {
    let world = Arc::new(World::new());
    let dataset = world.dataset();
    dataset.write(&rows(0..5), metadata! {}).await.unwrap();
    for number in 1..4 {
        stray(&world, number).await;
    }
    world.pass(48);
    // Three times somebody is first: a writer, a clean-up of the same, a writer.
    for round in 0..3 {
        let there = Arc::clone(&world);
        let first = Fault::run(move || {
            let world = Arc::clone(&there);
            async move {
                let dataset = other(&world);
                match round {
                    1 => assert_eq!(dataset.gc().await.unwrap().deleted, 3),
                    _ => drop(dataset.append(&rows(8..9), metadata! {}).await.unwrap()),
                }
            }
        });
        world.faulty.rule(Rule::on(Op::Create, Class::Manifest, first));
    }
    let report = dataset.gc().await.unwrap();
    assert_eq!((report.deleted, report.snapshot), (3, Some(id(5))));
    let list = |id: u64| {
        let world = Arc::clone(&world);
        async move {
            let manifest = forge::manifest(world.inner(), "d", id).await;
            let write_id = manifest["write_id"].as_str().unwrap().to_owned();
            let list = format!("datasets/d/gc/{write_id}.json");
            let list = contents(world.inner()).await[&list].clone();
            let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
            (manifest["last_gc"].as_str().unwrap().to_owned(), list["previous"].clone())
        }
    };
    let (third, before_third) = list(3).await;
    let (_, before_fifth) = list(5).await;
    assert!(before_third.is_null());
    assert_eq!(before_fifth, third.as_str(), "each list leads to the one before");
    let head = dataset.latest().await.unwrap().unwrap();
    assert_eq!(world.data().await, files(&head));
    assert_eq!(head.row_count(), 7);
}

/// A session that goes on after days: its blocks are spared, or named as condemned.
#[tokio::test(start_paused = true)]
async fn a_resumed_session_is_spared_or_told() {
    let world = Arc::new(World::new());
    let new = Volume::create(&world.store(), "v", 1000).unwrap();
    let staged = new.stage_write_at(0, b"0123").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    let staged = volume.stage_write_at(10, b"ten").await.unwrap();
    let session = staged.session();
    drop(staged);

    // Resumed, committed beside a clean-up that took its block.
    let resumed = volume.resume(session).await.unwrap();
    let there = Arc::clone(&world);
    let sleeps = Fault::run(move || {
        let world = Arc::clone(&there);
        async move {
            world.pass(48);
            let volume = Volume::open(&world.other(), "v").await.unwrap();
            assert_eq!(volume.gc().await.unwrap().deleted, 1);
        }
    });
    world.faulty.rule(Rule::on(Op::Create, Class::Manifest, sleeps));
    let failed = resumed.commit(metadata! {}).await.unwrap_err();
    let Error::Condemned { paths, .. } = &failed.source else { panic!("{}", failed.source) };
    assert_eq!(paths.len(), 1);
    let Discarded::Empty(_) = failed.staged.discard(10..13) else { panic!("one block") };
    let volume = volume.latest().await.unwrap().unwrap();
    let staged = volume.stage_write_at(10, b"ten").await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.read_at(10..13).await.unwrap(), "ten");

    // Resumed and committed first.
    let staged = volume.stage_write_at(20, b"twenty").await.unwrap();
    let session = staged.session();
    drop(staged);
    world.pass(48);
    let there = Arc::clone(&world);
    let first = Fault::run(move || {
        let world = Arc::clone(&there);
        async move {
            let volume = Volume::open(&world.other(), "v").await.unwrap();
            let staged = volume.resume(session).await.unwrap();
            let _ = staged.commit(metadata! {}).await.unwrap();
        }
    });
    world.faulty.rule(Rule::on(Op::Create, Class::Manifest, first));
    let report = volume.gc().await.unwrap();
    assert_eq!((report.condemned.len(), report.snapshot), (0, None));
    let head = volume.latest().await.unwrap().unwrap();
    assert_eq!(head.read_at(20..26).await.unwrap(), "twenty");
    assert_eq!(world.data().await, blocks(&head));
}

/// Killed between its commit and its deletions: the next one finds the same.
#[tokio::test(start_paused = true)]
async fn what_an_interrupted_clean_up_left_is_found_again() {
    let world = World::new();
    let dataset = world.dataset();
    let one = dataset.write(&rows(0..5), metadata! {}).await.unwrap();
    for number in 1..6 {
        stray(&world, number).await;
    }
    world.pass(48);
    world.faulty.rule(Rule::on(Op::Delete, Class::Data, Fault::Before).for_ever());
    let error = dataset.gc().await.unwrap_err();
    assert!(matches!(error, Error::Storage { .. }), "{error:?}");
    assert_eq!(error.to_string(), "cannot delete objects of `datasets/d`");
    assert_eq!(dataset.latest().await.unwrap().unwrap().id(), id(2), "it has committed");
    assert_eq!(world.data().await.len(), 6);
    world.faulty.heal();
    // Some of them.
    world.faulty.rule(Rule::on(Op::Delete, Class::Data, Fault::Before).skip(2));
    dataset.gc().await.unwrap_err();
    assert_eq!(world.data().await.len(), 2);
    // What it has condemned before does no harm to those who write in between.
    let two = dataset.append(&rows(5..6), metadata! {}).await.unwrap();
    let report = dataset.gc().await.unwrap();
    assert_eq!((report.deleted, report.snapshot), (1, Some(id(5))));
    assert_eq!(world.data().await, files(&two));
    assert!(files(&one).is_subset(&files(&two)));
}

/// Nothing is deleted while it is unknown whether it was committed.
#[tokio::test(start_paused = true)]
async fn an_unknown_commit_deletes_nothing() {
    for lands in [true, false] {
        let world = World::new();
        let dataset = world.dataset();
        dataset.write(&rows(0..5), metadata! {}).await.unwrap();
        stray(&world, 1).await;
        world.pass(48);
        let fault = if lands { Fault::After } else { Fault::Before };
        world.faulty.rule(Rule::on(Op::Create, Class::Manifest, fault).for_ever());
        world.faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Before).skip(1).for_ever());
        let before = world.data().await;
        let error = dataset.gc().await.unwrap_err();
        let Error::CommitUnknown { token, .. } = error else { panic!("{error}") };
        assert_eq!(world.data().await, before);
        assert_eq!(world.faulty.counts().on(Op::Delete, Class::Data), 0);
        world.faulty.heal();
        let settled = dataset.resolve(*token).await.unwrap().unwrap();
        assert_eq!(settled.id(), id(2));
        assert_eq!(dataset.gc().await.unwrap().deleted, 1, "found again");
    }
}

/// Two processes expire and clean up in turns, with writers and readers between.
#[tokio::test(start_paused = true)]
async fn years_of_it() {
    let world = World::new();
    let dataset = world.dataset();
    for day in 0..60_u64 {
        let head = dataset.append(&rows(day..day + 1), metadata! {}).await.unwrap();
        let numbers = rows_of(&dataset, &head).await.unwrap();
        if day % 9 == 8 {
            let few = rows(day..day + 1);
            dataset.write(&few, metadata! {}).await.unwrap();
        }
        assert_eq!(numbers.last(), Some(&day));
        stray(&world, 100 + day).await;
        other(&world).expire(Retain::last(5)).await.unwrap();
        other(&world).gc().older_than(DAY).await.unwrap();
        world.pass(13);
    }
    world.pass(100);
    other(&world).gc().await.unwrap();
    let live: Vec<_> = futures::TryStreamExt::try_collect(dataset.history()).await.unwrap();
    let named = live.iter().flat_map(files).collect();
    assert_eq!(world.data().await, named);
    for snapshot in &live {
        rows_of(&dataset, snapshot).await.unwrap();
    }
    // The list is followed by a writer that slept through all of it.
    assert!(world.lists().await > 10);
}

/// It was committed, overwritten, expired and cleaned up: another delivery of it changes nothing.
#[tokio::test]
async fn a_block_that_was_committed_before_it_was_condemned_is_a_no_op() {
    let world = World::new();
    let volume = Volume::create(&world.store(), "v", 100).unwrap();
    let one = volume.stage_write_at(0, b"one").await.unwrap().commit(metadata! {}).await.unwrap();
    let sent = one.stager().stage_overwrite_at(0, b"two").await.unwrap();
    let again = one.accept(sent.clone()).await.unwrap();
    let two = one.accept(sent).await.unwrap().commit(metadata! {}).await.unwrap();
    let three =
        two.stage_overwrite_at(0, b"ten").await.unwrap().commit(metadata! {}).await.unwrap();
    three.expire(Retain::last(1)).await.unwrap();
    world.pass(48);
    assert_eq!(three.gc().await.unwrap().deleted, 2);
    let newest = again.commit(metadata! {}).await.unwrap();
    assert_eq!(newest.read_at(0..3).await.unwrap(), "ten");
    assert_eq!(world.data().await, blocks(&newest));
}
