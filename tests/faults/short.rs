//! Reads that break off without an error.

use std::sync::Arc;

use lode::Error;

use super::cases::{self, OLD};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op};

/// A manifest that arrives in part is not a damaged one: a commit that landed is not reported as failed.
#[tokio::test(start_paused = true)]
async fn a_short_read_of_a_manifest_is_no_damage() {
    for case in cases::all() {
        let base = case.history().await;
        let looks = {
            let probe = FaultStore::new(Arc::new(base.fork()));
            case.run(&probe.store()).await.unwrap();
            probe.counts().on(Op::Get, Class::Manifest)
        };
        let faulty = FaultStore::new(Arc::new(base.fork()));
        faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::After));
        faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Short).skip(looks));
        assert_eq!(case.run(&faulty.store()).await.unwrap(), OLD + 1, "{case:?}");
        assert_eq!(faulty.fired(), 2);
        assert_eq!(case.check(faulty.inner()).await, OLD + 1);

        // Without a commit to settle, it is the store that failed.
        let faulty = FaultStore::new(Arc::new(base.fork()));
        faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Short));
        let error = case.run(&faulty.store()).await.unwrap_err();
        assert!(matches!(error, Error::Storage { .. }) && error.is_retryable(), "{error:?}");
    }
}
