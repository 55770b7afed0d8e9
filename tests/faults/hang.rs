//! A store that never answers (L21).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::cases::{self, OLD};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op};

const LONG: Duration = Duration::from_secs(600);

/// What a write needs never comes: the caller's own time limit ends it, and harms nothing.
#[tokio::test(start_paused = true)]
async fn a_caller_can_give_up_on_a_store_that_hangs() {
    for case in cases::all() {
        let base = case.history().await;
        let begun = if case.parts { vec![Op::Begin, Op::Part, Op::Complete] } else { vec![Op::Put] };
        let data = begun.into_iter().map(|op| (op, Class::Data));
        for (op, class) in data.chain([(Op::Create, Class::Manifest)]) {
            let faulty = FaultStore::new(Arc::new(base.fork()));
            faulty.rule(Rule::on(op, class, Fault::Hang).for_ever());
            let result = timeout(LONG, case.run(&faulty.store())).await;
            assert!(result.is_err(), "{case:?}: {op:?} hangs, and yet {result:?}");
            faulty.heal();
            assert_eq!(case.check(faulty.inner()).await, OLD);
            assert_eq!(case.next(&faulty.store()).await, OLD + 1);
        }
    }
}

/// What is only best effort never comes: the writer is told its result all the same.
#[tokio::test(start_paused = true)]
async fn what_is_best_effort_cannot_hang_a_writer() {
    for case in cases::all() {
        let base = case.history().await;

        let faulty = FaultStore::new(Arc::new(base.fork()));
        faulty.rule(Rule::on(Op::Put, Class::Hint, Fault::Hang));
        let result = timeout(LONG, case.run(&faulty.store())).await;
        let result = result.unwrap_or_else(|_| panic!("{case:?}: the hint hangs the writer"));
        assert_eq!(result.unwrap(), OLD + 1);
        assert_eq!(case.check(faulty.inner()).await, OLD + 1);

        let put = if case.parts { Op::Part } else { Op::Put };
        for clean_up in [Op::Abort, Op::Delete] {
            let faulty = FaultStore::new(Arc::new(base.fork()));
            faulty.rule(Rule::on(put, Class::Data, Fault::Before).for_ever());
            faulty.rule(Rule::on(clean_up, Class::Data, Fault::Hang).for_ever());
            let result = timeout(LONG, case.run(&faulty.store())).await;
            let result = result.unwrap_or_else(|_| panic!("{case:?}: {clean_up:?} hangs the writer"));
            result.unwrap_err();
            faulty.heal();
            assert_eq!(case.check(faulty.inner()).await, OLD);
            assert_eq!(case.next(&faulty.store()).await, OLD + 1);
        }
    }
}
