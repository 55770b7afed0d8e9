//! For every call of every write path: it fails before it takes effect, after, or partway.

use std::sync::Arc;

use lode::Error;
use object_store::ObjectStore;

use super::cases::{self, Case, OLD, Way};
use crate::support::script::Rule;
use crate::support::{Class, Contents, Fault, FaultStore, Op, contents};

/// Runs the case under these rules; whether a rule was applied. Afterwards the store is healed, and
/// all promises are checked.
async fn run(case: Case, base: &Base, rules: &[Rule]) -> bool {
    let faulty = FaultStore::new(Arc::new(base.inner.fork()));
    for rule in rules {
        faulty.rule(rule.clone());
    }
    let what = format!("{case:?} under {rules:?}");
    let result = case.run(&faulty.store()).await;
    let fired = faulty.fired() > 0;
    let calls = faulty.calls();
    faulty.heal();
    let head = case.check(faulty.inner()).await;
    match result {
        Ok(id) => assert_eq!((id, head), (OLD + 1, OLD + 1), "{what}"),
        Err(Error::CommitUnknown { token, .. }) => {
            assert_eq!(token.id().get(), OLD + 1);
            // 'It repeats this step': unless another was first, resolving commits it.
            let resolved = case.resolve(&faulty.store(), *token).await.unwrap();
            assert_eq!(resolved, Some(OLD + 1), "{what}");
            assert_eq!(case.check(faulty.inner()).await, OLD + 1);
        }
        Err(error) => {
            assert!(fired, "{what}: {error}");
            assert_eq!(head, OLD, "{what}: {error}");
            assert!(error.is_retryable() || matches!(error, Error::WriterFailed { .. }), "{error}");
            let sent = calls.iter().any(|call| call.op == Op::Create);
            if rules.len() == 1 && !rules[0].is_for_ever() && !sent {
                assert_eq!(contents(&**faulty.inner()).await, base.contents, "{what}: litter");
            }
        }
    }
    let head = case.check(faulty.inner()).await;
    assert_eq!(case.next(&faulty.store()).await, head + 1, "{what}");
    fired
}

struct Base {
    inner: object_store::memory::InMemory,
    contents: Contents,
}

impl Base {
    async fn of(case: Case) -> Self {
        let inner = case.history().await;
        let contents = contents(&inner as &dyn ObjectStore).await;
        Self { inner, contents }
    }
}

/// One call fails: for every call, in every way.
async fn every_call(cases: impl Iterator<Item = Case>) {
    for case in cases {
        let base = Base::of(case).await;
        for fault in [Fault::Before, Fault::After, Fault::Partway] {
            let mut n = 1;
            while run(case, &base, &[Rule::nth(n, fault.clone())]).await {
                n += 1;
            }
            assert!(n > 5, "{case:?}: only {n} calls, so nothing was tested");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_of_plain_writes() {
    every_call(cases::all().into_iter().filter(|case| !case.parts && !case.hive)).await;
}

#[tokio::test(start_paused = true)]
async fn every_call_of_partitioned_writes() {
    every_call(cases::all().into_iter().filter(|case| !case.parts && case.hive)).await;
}

#[tokio::test(start_paused = true)]
async fn every_call_of_plain_writes_in_parts() {
    every_call(cases::all().into_iter().filter(|case| case.parts && !case.hive)).await;
}

#[tokio::test(start_paused = true)]
async fn every_call_of_partitioned_writes_in_parts() {
    every_call(cases::all().into_iter().filter(|case| case.parts && case.hive)).await;
}

/// From one call on the store fails for ever, as a full disk does: the write ends with an error, or
/// with a token where the commit may have happened.
#[tokio::test(start_paused = true)]
async fn from_every_call_on() {
    for case in cases::all() {
        let base = Base::of(case).await;
        for fault in [Fault::Before, Fault::After] {
            let mut n = 1;
            while run(case, &base, &[Rule::nth(n, fault.clone()).for_ever()]).await {
                n += 1;
            }
        }
    }
}

/// Any two calls fail: a lost reply, and then the reading back that would settle it.
#[tokio::test(start_paused = true)]
async fn every_two_calls() {
    let pairs = [
        (Fault::After, Fault::Before),
        (Fault::Before, Fault::After),
        (Fault::Partway, Fault::Partway),
    ];
    for (way, hive) in [(Way::Append, false), (Way::ReplacePartitions, true)] {
        let case = Case { way, hive, parts: false, key: Some("k") };
        let base = Base::of(case).await;
        for (one, two) in &pairs {
            let mut n = 1;
            while run(case, &base, &[Rule::nth(n, one.clone())]).await {
                for gap in 1..6 {
                    // Counted over calls that the first rule did not take.
                    run(
                        case,
                        &base,
                        &[Rule::nth(n, one.clone()), Rule::nth(n + gap - 1, two.clone())],
                    )
                    .await;
                }
                n += 1;
            }
        }
    }
}

/// The reply to the manifest's put is lost, and so is every read of it: only `resolve` can tell,
/// and nothing that the manifest refers to was deleted.
#[tokio::test(start_paused = true)]
async fn an_unknown_commit_is_resolved_to_what_storage_says() {
    for (landed, fault) in [(true, Fault::After), (false, Fault::Before)] {
        for case in cases::all() {
            let base = Base::of(case).await;
            let faulty = FaultStore::new(Arc::new(base.inner.fork()));
            faulty.rule(Rule::on(Op::Create, Class::Manifest, fault.clone()).for_ever());
            let read_back = Rule::on(Op::Get, Class::Manifest, Fault::Before);
            // The reads that look for the head come first.
            let looks = {
                let probe = FaultStore::new(Arc::new(base.inner.fork()));
                case.run(&probe.store()).await.unwrap();
                probe.counts().on(Op::Get, Class::Manifest)
            };
            faulty.rule(read_back.skip(looks).for_ever());
            let error = case.run(&faulty.store()).await.unwrap_err();
            let Error::CommitUnknown { token, .. } = error else { panic!("{case:?}: {error}") };
            assert!(faulty.counts().on(Op::Create, Class::Manifest) > 3, "it was put again");
            assert_eq!(faulty.counts().on(Op::Delete, Class::Data), 0);
            // While the store is down, it stays unknown.
            let still = case.resolve(&faulty.store(), (*token).clone()).await.unwrap_err();
            assert!(matches!(still, Error::CommitUnknown { .. }), "{still}");
            faulty.heal();
            assert_eq!(case.check(faulty.inner()).await, OLD + u64::from(landed));
            let resolved = case.resolve(&faulty.store(), (*token).clone()).await.unwrap();
            assert_eq!(resolved, Some(OLD + 1));
            assert_eq!(case.check(faulty.inner()).await, OLD + 1);
            // Again: the same answer, and nothing new.
            let again = case.resolve(&faulty.store(), *token).await.unwrap();
            assert_eq!(again, Some(OLD + 1));
            assert_eq!(case.next(&faulty.store()).await, OLD + 2);
        }
    }
}

/// Another commits at the id of an unknown commit: it never happened, for ever.
#[tokio::test(start_paused = true)]
async fn an_unknown_commit_that_another_overtook_never_happens() {
    let case = Case { way: Way::Append, hive: false, parts: false, key: None };
    let base = Base::of(case).await;
    let faulty = FaultStore::new(Arc::new(base.inner.fork()));
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Before).for_ever());
    let error = case.run(&faulty.store()).await.unwrap_err();
    let Error::CommitUnknown { token, .. } = error else { panic!("{error}") };
    faulty.heal();
    assert_eq!(case.next(&faulty.store()).await, OLD + 1);
    assert_eq!(case.resolve(&faulty.store(), *token).await.unwrap(), None);
    assert_eq!(case.next(&faulty.store()).await, OLD + 2);
}

/// A failed part is aborted with its upload, so that it costs nothing (L26).
#[tokio::test(start_paused = true)]
async fn a_failed_upload_is_aborted() {
    for case in cases::all().into_iter().filter(|case| case.parts) {
        let base = Base::of(case).await;
        for op in [Op::Part, Op::Complete] {
            let faulty = FaultStore::new(Arc::new(base.inner.fork()));
            faulty.rule(Rule::on(op, Class::Data, Fault::Before));
            case.run(&faulty.store()).await.unwrap_err();
            crate::support::settle().await;
            let calls = faulty.calls();
            let ended = |begun: &str| {
                calls
                    .iter()
                    .any(|call| call.path == begun && matches!(call.op, Op::Abort | Op::Complete))
            };
            let begun: Vec<_> = calls.iter().filter(|call| call.op == Op::Begin).collect();
            assert!(!begun.is_empty(), "{case:?} uploads in parts");
            for call in begun {
                assert!(ended(&call.path), "{case:?}, {op:?}: {} was left open", call.path);
            }
        }
    }
}
