use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, Result};
use tokio::time::{Instant, timeout};

use super::*;

fn store() -> FaultStore {
    FaultStore::new(Arc::new(InMemory::new()))
}

fn at(path: &str) -> Path {
    Path::parse(path).unwrap()
}

async fn put(store: &FaultStore, path: &str) -> Result<()> {
    store.put(&at(path), Bytes::from_static(b"0123456789").into()).await.map(drop)
}

async fn create(store: &FaultStore, path: &str) -> Result<()> {
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    store.put_opts(&at(path), Bytes::from_static(b"abc").into(), options).await.map(drop)
}

async fn get(store: &FaultStore, path: &str) -> Result<Bytes> {
    store.get(&at(path)).await?.bytes().await
}

/// What lies there, whatever fails.
async fn there(store: &FaultStore, path: &str) -> Option<Bytes> {
    Some(store.inner().get(&at(path)).await.ok()?.bytes().await.unwrap())
}

fn is_lost(result: &Result<()>) -> bool {
    matches!(result, Err(Error::Generic { .. }))
}

#[tokio::test]
async fn a_put_fails_as_it_is_told() {
    for (fault, lies_there) in [
        (Fault::Before, None),
        (Fault::After, Some("0123456789")),
        (Fault::Partway, Some("01234")),
        (Fault::Late(1), None),
        (Fault::Refused(Status::Unavailable), None),
        (Fault::Refused(Status::TooManyRequests), None),
        (Fault::Landed(Status::Unavailable), Some("0123456789")),
    ] {
        let store = store();
        store.rule(Rule::on(Op::Put, Class::Data, fault.clone()));
        assert!(is_lost(&put(&store, "a").await), "{fault:?}");
        let found = there(&store, "a").await;
        assert_eq!(found.as_deref(), lies_there.map(str::as_bytes), "{fault:?}");
        put(&store, "a").await.unwrap();
        assert_eq!(store.fired(), 1);
    }
}

#[tokio::test]
async fn create_only_puts_answer_as_stores_do() {
    let store = store();
    store.rule(Rule::on(Op::Create, Class::Manifest, Fault::Refused(Status::Conflict)));
    let refused = create(&store, "x/manifest.json").await;
    assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{refused:?}");
    assert_eq!(there(&store, "x/manifest.json").await, None);

    store.rule(Rule::on(Op::Create, Class::Manifest, Fault::Refused(Status::PreconditionFailed)));
    let refused = create(&store, "x/manifest.json").await;
    assert!(matches!(refused, Err(Error::Precondition { .. })), "{refused:?}");

    store.rule(Rule::on(Op::Create, Class::Manifest, Fault::Landed(Status::Conflict)));
    let landed = create(&store, "x/manifest.json").await;
    assert!(matches!(landed, Err(Error::AlreadyExists { .. })), "{landed:?}");
    assert!(there(&store, "x/manifest.json").await.is_some());

    // An answer that is an error anyway stays what it is.
    store.rule(Rule::on(Op::Create, Class::Manifest, Fault::Landed(Status::Unavailable)));
    let landed = create(&store, "x/manifest.json").await;
    assert!(matches!(landed, Err(Error::AlreadyExists { .. })), "{landed:?}");
}

#[tokio::test]
async fn late_puts_land_later() {
    let store = store();
    store.rule(Rule::nth(1, Fault::Late(2)));
    assert!(is_lost(&put(&store, "late").await));
    put(&store, "a").await.unwrap();
    assert!(there(&store, "late").await.is_none() && store.has_late());
    put(&store, "b").await.unwrap();
    assert!(there(&store, "late").await.is_some() && !store.has_late());

    // A create-only one that comes too late changes nothing.
    store.rule(Rule::nth(1, Fault::Late(100)));
    assert!(is_lost(&create(&store, "late").await));
    store.land().await;
    assert_eq!(there(&store, "late").await.unwrap(), "0123456789");
}

#[tokio::test]
async fn reads_are_short_or_altered_or_break_off() {
    let store = store();
    put(&store, "a").await.unwrap();
    store.rule(Rule::on(Op::Get, Class::Data, Fault::Short));
    assert_eq!(get(&store, "a").await.unwrap(), "01234");
    store.rule(Rule::on(Op::Get, Class::Data, Fault::Altered));
    let altered = get(&store, "a").await.unwrap();
    let bits = altered.iter().zip(b"0123456789").map(|(a, b)| (a ^ b).count_ones());
    assert_eq!((altered.len(), bits.sum::<u32>()), (10, 1));
    store.rule(Rule::on(Op::Get, Class::Data, Fault::Partway));
    assert!(get(&store, "a").await.is_err());
    let mut parts = {
        store.rule(Rule::on(Op::Get, Class::Data, Fault::Partway));
        store.get(&at("a")).await.unwrap().into_stream()
    };
    assert_eq!(parts.try_next().await.unwrap().unwrap(), "01234");
    assert!(parts.try_next().await.is_err());
    store.rule(Rule::nth(1, Fault::Altered));
    put(&store, "empty").await.unwrap();
    assert_eq!(get(&store, "empty").await.unwrap(), "0123456789");
}

#[tokio::test]
async fn listings_deletions_and_copies_fail_too() {
    let store = store();
    for path in ["f/a", "f/b", "f/c", "f/d"] {
        put(&store, path).await.unwrap();
    }
    store.rule(Rule::on(Op::List, Class::Data, Fault::Partway));
    let mut listed = store.list(Some(&at("f")));
    assert!(listed.try_next().await.unwrap().is_some());
    assert!(listed.try_next().await.unwrap().is_some());
    assert!(listed.try_next().await.is_err());
    store.rule(Rule::on(Op::List, Class::Data, Fault::Before));
    assert!(store.list_with_delimiter(None).await.is_err());

    store.rule(Rule::on(Op::Delete, Class::Data, Fault::After));
    assert!(store.delete(&at("f/a")).await.is_err());
    assert!(there(&store, "f/a").await.is_none());
    store.rule(Rule::on(Op::Delete, Class::Data, Fault::Before));
    assert!(store.delete(&at("f/b")).await.is_err());
    assert!(there(&store, "f/b").await.is_some());
    store.rule(Rule::on(Op::Copy, Class::Data, Fault::Before));
    assert!(store.copy(&at("f/b"), &at("f/z")).await.is_err());
    store.copy(&at("f/b"), &at("f/z")).await.unwrap();
    assert!(there(&store, "f/z").await.is_some());
}

#[tokio::test]
async fn an_upload_that_lacks_a_part_is_never_completed() {
    for fault in [Fault::Before, Fault::Partway, Fault::Refused(Status::Unavailable)] {
        let store = store();
        store.rule(Rule::on(Op::Part, Class::Data, fault));
        let mut upload = store.put_multipart(&at("a")).await.unwrap();
        let (first, second) = (upload.put_part("aaaa".into()), upload.put_part("bb".into()));
        assert!(first.await.is_err());
        second.await.unwrap();
        assert!(upload.complete().await.is_err());
        assert!(there(&store, "a").await.is_none());
        upload.abort().await.unwrap();
    }
    let store = store();
    store.rule(Rule::on(Op::Complete, Class::Data, Fault::After));
    let mut upload = store.put_multipart(&at("a")).await.unwrap();
    let (first, second) = (upload.put_part("aaaa".into()), upload.put_part("bb".into()));
    second.await.unwrap(); // in any order
    first.await.unwrap();
    assert!(upload.complete().await.is_err());
    assert_eq!(there(&store, "a").await.unwrap(), "aaaabb");
    store.rule(Rule::on(Op::Complete, Class::Data, Fault::Partway));
    let mut torn = store.put_multipart(&at("torn")).await.unwrap();
    torn.put_part("aaaa".into()).await.unwrap();
    assert!(torn.complete().await.is_err());
    assert_eq!(there(&store, "torn").await.unwrap(), "aa");
}

#[tokio::test(start_paused = true)]
async fn calls_are_slow_or_hang() {
    let store = store();
    let begun = Instant::now();
    store.rule(Rule::nth(1, Fault::Delay(Duration::from_secs(40))));
    put(&store, "a").await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 40);
    store.rule(Rule::nth(1, Fault::Hang));
    assert!(timeout(Duration::from_secs(1000), put(&store, "b")).await.is_err());
    assert!(there(&store, "b").await.is_none());
    assert_eq!(store.calls()[1].answer, None);
}

#[tokio::test(start_paused = true)]
async fn processes_have_rules_of_their_own_and_one_log() {
    let store = store();
    let (one, two) = (store.process("one"), store.process("two"));
    one.rule(Rule::nth(1, Fault::Before).for_ever());
    assert!(is_lost(&put(&one, "a").await));
    put(&two, "a").await.unwrap();
    let calls = store.calls();
    assert_eq!(calls.iter().map(|call| &*call.process).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(calls[0].fault.as_deref(), Some("Before"));
    assert_eq!(calls[0].answer.as_deref(), Some("the connection was lost"));
    assert!(calls[1].to_string().ends_with("a  -> done"), "{}", calls[1]);

    // Healed, it goes on; killed, it does not.
    one.heal();
    put(&one, "b").await.unwrap();
    one.kill();
    one.heal();
    assert!(timeout(Duration::from_secs(1000), put(&one, "c")).await.is_err());
    assert!(there(&store, "c").await.is_none());
    put(&two, "c").await.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_has_asked_for_may_have_landed() {
    let store = store();
    let ours = store.clone();
    store.rule(Rule::nth(
        1,
        Fault::run(move || {
            ours.kill();
            async {}
        }),
    ));
    let waits = timeout(Duration::from_millis(20), put(&store, "a"));
    assert!(waits.await.is_err());
    assert!(there(&store, "a").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn chances_are_those_of_the_seed() {
    let run = async |seed, faults: Faults| {
        let store = store();
        store.faults(seed, faults);
        for n in 0..400 {
            let path = format!("{n}");
            let _ = put(&store, &path).await;
            let _ = create(&store, &path).await;
            let _ = get(&store, &path).await;
        }
        store.calls()
    };
    let storm = run(7, Faults::storm(0.5)).await;
    assert_eq!(storm, run(7, Faults::storm(0.5)).await);
    assert_ne!(storm, run(8, Faults::storm(0.5)).await);
    let kinds = storm.iter().filter_map(|call| call.fault.as_deref());
    let mut kinds: Vec<_> = kinds.map(|kind| kind.split(['(', ')']).next().unwrap()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let every =
        ["After", "Altered", "Before", "Delay", "Landed", "Late", "Partway", "Refused", "Short"];
    assert_eq!(kinds, every);
    assert!(run(7, Faults::none()).await.iter().all(|call| call.fault.is_none()));
    let all = run(7, Faults::none().before(1.0)).await;
    assert!(all.iter().all(|call| call.fault.as_deref() == Some("Before")));
}

#[tokio::test]
async fn what_is_counted_is_what_was_called() {
    let store = store();
    put(&store, "a").await.unwrap();
    create(&store, "d/manifest.json").await.unwrap();
    put(&store, "d/latest").await.unwrap();
    put(&store, "d/gc/1.json").await.unwrap();
    let counts = store.counts();
    assert_eq!((counts.total(), counts.puts(), counts.lists()), (4, 4, 0));
    for (op, class) in [
        (Op::Put, Class::Data),
        (Op::Create, Class::Manifest),
        (Op::Put, Class::Hint),
        (Op::Put, Class::GcList),
    ] {
        assert_eq!(counts.on(op, class), 1, "{op:?} {class:?}");
    }
    store.clear();
    assert_eq!(store.counts(), Counts::default());
}
