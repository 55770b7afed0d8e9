//! A put that is answered with an error, and takes effect only later.

use std::sync::Arc;

use lode::{Dataset, Error, Store, metadata};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use super::cases::{self, Case, OLD, Way};
use crate::store::{Flaw, Flawed};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, Row, memory, rows, settle};

const APPEND: Case = Case { way: Way::Append, hive: false, parts: false, key: None };

/// However late the manifest's put lands, there is exactly one truth.
#[tokio::test(start_paused = true)]
async fn a_manifest_that_lands_late_is_committed_once() {
    for case in cases::all() {
        let base = case.history().await;
        for for_ever in [false, true] {
            for calls in [1, 2, 3, 4, 6, 9, 14, 30] {
                let faulty = FaultStore::new(Arc::new(base.fork()));
                let late = Rule::on(Op::Create, Class::Manifest, Fault::Late(calls));
                faulty.rule(if for_ever { late.for_ever() } else { late });
                match case.run(&faulty.store()).await {
                    Ok(id) => assert_eq!(id, OLD + 1),
                    Err(Error::CommitUnknown { token, .. }) => {
                        assert!(for_ever && calls > 9, "{case:?}, {calls}");
                        faulty.heal();
                        let resolved = case.resolve(&faulty.store(), *token).await.unwrap();
                        assert_eq!(resolved, Some(OLD + 1));
                    }
                    Err(e) => panic!("{case:?}: it may be visible, and yet: {e}"),
                }
                faulty.heal();
                assert_eq!(case.check(faulty.inner()).await, OLD + 1);
                assert_eq!(case.next(&faulty.store()).await, OLD + 2);
                faulty.land().await;
                assert_eq!(case.check(faulty.inner()).await, OLD + 2);
            }
        }
    }
}

/// Another writer commits before it lands: it can never land, and the writer goes on or says so.
#[tokio::test(start_paused = true)]
async fn a_manifest_that_lands_too_late_is_not_committed() {
    for calls in [1, 2, 3, 5, 30] {
        for way in [Way::Append, Way::Write] {
            let case = Case { way, ..APPEND };
            let base = case.history().await;
            let faulty = FaultStore::new(Arc::new(base.fork()));
            let inner = Arc::clone(faulty.inner());
            faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Late(calls)));
            // The read that settles it comes after another's commit.
            let other = Fault::run(move || {
                let other = Store::from(Arc::clone(&inner));
                async move {
                    let dataset = Dataset::<Row>::new(&other, cases::ID).unwrap();
                    dataset.append(&rows(500..501), metadata! {}).await.unwrap();
                }
            });
            let looks = 1;
            faulty.rule(Rule::on(Op::Get, Class::Manifest, other).skip(looks));
            let result = case.run(&faulty.store()).await;
            faulty.land().await;
            let dataset = Dataset::<Row>::new(&faulty.store(), cases::ID).unwrap();
            let head = dataset.latest().await.unwrap().unwrap();
            let committed = result.as_ref().ok().copied();
            match (calls, way) {
                // It had landed before the other writer came.
                (1, _) => assert_eq!((committed, head.id().get()), (Some(3), 4)),
                (_, Way::Append) => {
                    assert_eq!((committed, head.id().get()), (Some(4), 4));
                    assert_eq!(head.row_count(), 20 + 1 + 40);
                }
                _ => {
                    assert!(result.unwrap_err().is_conflict());
                    assert_eq!((head.id().get(), head.row_count()), (3, 21));
                }
            }
        }
    }
}

/// Data that land late belong to nobody.
#[tokio::test(start_paused = true)]
async fn data_that_land_late_are_nobodys() {
    for case in cases::all().into_iter().filter(|case| !case.parts) {
        let base = case.history().await;
        let faulty = FaultStore::new(Arc::new(base.fork()));
        faulty.rule(Rule::on(Op::Put, Class::Data, Fault::Late(1000)));
        case.run(&faulty.store()).await.unwrap_err();
        assert!(faulty.has_late());
        faulty.land().await;
        assert_eq!(case.check(faulty.inner()).await, OLD);
        assert_eq!(case.run(&faulty.store()).await.unwrap(), OLD + 1);
        assert_eq!(case.check(faulty.inner()).await, OLD + 1);
    }
}

/// A hint that lands late points back; the head is found all the same.
#[tokio::test(start_paused = true)]
async fn a_hint_that_lands_late_points_back() {
    let faulty = FaultStore::new(memory() as Arc<dyn ObjectStore>);
    let dataset = Dataset::<Row>::new(&faulty.store(), "late").unwrap();
    faulty.rule(Rule::on(Op::Put, Class::Hint, Fault::Late(10_000)));
    for n in 0..20 {
        dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    settle().await;
    faulty.land().await;
    let fresh = Dataset::<Row>::new(&faulty.store(), "late").unwrap();
    assert_eq!(fresh.latest().await.unwrap().unwrap().id().get(), 20);
    assert_eq!(fresh.append(&rows(20..21), metadata! {}).await.unwrap().id().get(), 21);
}

/// Whoever resolves cannot send the put, but whoever committed has.
#[tokio::test(start_paused = true)]
async fn a_put_that_is_refused_at_home_says_nothing_of_the_one_that_was_sent() {
    let faulty = FaultStore::new(memory());
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Before).for_ever());
    let dataset = |store: &Store| Dataset::<Row>::new(store, "d").unwrap();
    let error = dataset(&faulty.store()).write(&rows(0..1), metadata! {}).await.unwrap_err();
    let Error::CommitUnknown { token, .. } = error else { panic!("{error:?}") };

    let home = Flawed { inner: InMemory::new(), flaw: Flaw::SendsNoCreate };
    let home = dataset(&Store::from(Arc::new(home) as Arc<dyn ObjectStore>));
    let error = home.resolve((*token).clone()).await.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");
    // Its own put was never sent: that is known.
    let error = home.write(&rows(0..1), metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::Storage { operation: "put", .. }), "{error:?}");
    faulty.heal();
    assert!(dataset(&faulty.store()).resolve(*token).await.unwrap().is_some());
}
