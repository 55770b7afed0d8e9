//! `timeout(write)`: the future is dropped at every point where it waits (L36).

use std::sync::Arc;

use futures::FutureExt;
use lode::Error;

use super::cases::{self, Case, OLD, Way};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, forge, get, poll_times, settle};

/// Drops the case's future at every point; how often the commit was not made, and was.
async fn drop_everywhere(case: Case, rules: &[Rule]) -> [usize; 2] {
    let base = case.history().await;
    let mut outcomes = [0, 0];
    for at_once in [true, false] {
        if !at_once && case.parts && case.is_blob() {
            continue; // Large ones take their time.
        }
        for k in 1.. {
            let faulty = FaultStore::new(Arc::new(base.fork()));
            for rule in rules {
                faulty.rule(rule.clone());
            }
            let done = poll_times(case.run(&faulty.store()), k, at_once).await;
            let sent = faulty.counts().on(Op::Create, Class::Manifest) > 0;
            settle().await;
            let head = case.check(faulty.inner()).await;
            if sent {
                // It was sent, so it ends: whatever has to be settled is, and the hint follows.
                assert_eq!(head, OLD + 1, "{case:?} dropped after {k} polls");
                let hint = get(&**faulty.inner(), &forge::hint_key(cases::ID)).await.unwrap();
                assert_eq!(hint, format!("{head:019}"), "{case:?} dropped after {k} polls");
            }
            if let Some(result) = done {
                assert_eq!(result.unwrap(), OLD + 1);
                break;
            }
            assert!(head == OLD || head == OLD + 1, "{case:?} dropped after {k} polls: {head}");
            outcomes[(head - OLD) as usize] += 1;
            // Its key makes trying again safe: there is exactly one commit.
            let id = case.run(&faulty.store()).await.unwrap();
            assert_eq!(id, OLD + 1, "{case:?} dropped after {k} polls, then tried again");
            assert_eq!(case.check(faulty.inner()).await, OLD + 1);
            assert_eq!(case.next(&faulty.store()).await, OLD + 2);
        }
    }
    outcomes
}

#[tokio::test(start_paused = true)]
async fn a_write_dropped_anywhere_ends_by_itself() {
    for case in cases::all() {
        let [not, committed] = drop_everywhere(Case { key: Some("k"), ..case }, &[]).await;
        // Large blobs are hashed in other threads: how often they are polled is chance.
        let is_chance = case.parts && case.is_blob();
        assert!(not >= 5, "{case:?}: dropped only {not} times before its commit");
        assert!(committed >= 1 || is_chance, "{case:?}: never dropped in its commit");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_dropped_while_its_commit_is_settled_ends_by_itself() {
    let case = Case { way: Way::Append, hive: false, parts: false, key: Some("k") };
    for fault in [Fault::Before, Fault::After, Fault::Late(2)] {
        let unclear = Rule::on(Op::Create, Class::Manifest, fault);
        let [_, committed] = drop_everywhere(case, &[unclear]).await;
        assert!(committed >= 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_resolve_ends_by_itself() {
    let case = Case { way: Way::Append, hive: false, parts: false, key: None };
    let base = case.history().await;
    let faulty = FaultStore::new(Arc::new(base.fork()));
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Before).for_ever());
    let error = case.run(&faulty.store()).await.unwrap_err();
    let Error::CommitUnknown { token, .. } = error else { panic!("{error}") };
    faulty.heal();
    let store = faulty.store();
    let resolving = async move { case.resolve(&store, *token).await }.boxed();
    assert!(poll_times(resolving, 1, true).await.is_none());
    settle().await;
    assert_eq!(case.check(faulty.inner()).await, OLD + 1);
}
