//! A store that never answers (L21).

use std::sync::Arc;
use std::time::Duration;

use lode::{Blob, Dataset, Limits, Metadata};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::cases::{self, OLD};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, memory};

const LONG: Duration = Duration::from_secs(600);

/// What a write needs never comes: the caller's own time limit ends it, and harms nothing.
#[tokio::test(start_paused = true)]
async fn a_caller_can_give_up_on_a_store_that_hangs() {
    for case in cases::all() {
        let base = case.history().await;
        let begun =
            if case.parts { vec![Op::Begin, Op::Part, Op::Complete] } else { vec![Op::Put] };
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
            let result =
                result.unwrap_or_else(|_| panic!("{case:?}: {clean_up:?} hangs the writer"));
            result.unwrap_err();
            faulty.heal();
            assert_eq!(case.check(faulty.inner()).await, OLD);
            assert_eq!(case.next(&faulty.store()).await, OLD + 1);
        }
    }
}

/// A blob's writer is given up while the store hangs.
#[tokio::test(start_paused = true)]
async fn a_blob_writer_can_be_aborted_while_the_store_hangs() {
    let faulty = FaultStore::new(memory());
    faulty.rule(Rule::on(Op::Begin, Class::Data, Fault::Hang).for_ever());
    let limits = Limits { part_bytes: 1000, ..Limits::default() };
    let dataset = Dataset::<Blob>::new(&faulty.store(), "blobs").unwrap().limits(limits);
    let mut writer = dataset.stream_write(Metadata::empty()).await.unwrap();
    let chunk = vec![7; 3 << 20];
    assert!(timeout(LONG, writer.write_all(&chunk)).await.is_err(), "it must wait, not pile up");
    timeout(LONG, writer.abort()).await.expect("the abort hangs");
    faulty.heal();
    assert!(dataset.latest().await.unwrap().is_none());
}
