//! Several writers on a store that fails by chance, in every way at once.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use futures::future::join_all;
use lode::{Dataset, Error, Snapshot, metadata};

use crate::support::rows::numbers;
use crate::support::{FaultStore, Row, memory, rows, settle, storm};

const WRITERS: u64 = 3;
const COMMITS: u64 = 4;

/// Appends one row, and does not give up: the id of its snapshot.
async fn append(dataset: &Dataset<Row>, n: u64) -> u64 {
    let row = rows(n..n + 1);
    let id = |snapshot: Snapshot<Row>| snapshot.id().get();
    loop {
        let append = dataset.append(&row, metadata! { "n": n });
        match append.idempotency_key(n.to_string()).await {
            Ok(snapshot) => return id(snapshot),
            Err(Error::CommitUnknown { token, .. }) => loop {
                match dataset.resolve((*token).clone()).await {
                    Ok(Some(snapshot)) => return id(snapshot),
                    Ok(None) => break,
                    Err(Error::CommitUnknown { .. }) => {}
                    Err(error) => assert!(error.is_retryable(), "{error}"),
                }
            },
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_row_is_committed_once_through_a_storm() {
    let mut fired = 0;
    for seed in 0..40 {
        let faulty = FaultStore::new(memory());
        let share = (5 + seed % 30) as f64 / 100.0;
        faulty.faults(seed, storm(share));
        let writers = (0..WRITERS).map(|writer| {
            let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
            async move {
                let mut acknowledged = Vec::new();
                for commit in 0..COMMITS {
                    let n = writer * COMMITS + commit;
                    acknowledged.push((append(&dataset, n).await, n));
                }
                acknowledged
            }
        });
        let acknowledged: BTreeMap<u64, u64> =
            join_all(writers).await.into_iter().flatten().collect();
        fired += faulty.fired();
        faulty.heal();
        settle().await;
        faulty.land().await;

        let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
        let mut chain: Vec<_> = dataset.history().try_collect().await.unwrap();
        chain.reverse();
        let all = WRITERS * COMMITS;
        assert_eq!(chain.len() as u64, all, "seed {seed}");
        let found: BTreeMap<u64, u64> = chain
            .iter()
            .map(|snapshot| {
                let n = snapshot.metadata().get("n").unwrap().as_u64().unwrap();
                (snapshot.id().get(), n)
            })
            .collect();
        assert_eq!(found, acknowledged, "seed {seed}");
        let head = dataset.latest().await.unwrap().unwrap();
        let expected: Vec<u64> = (0..all).collect();
        assert_eq!(numbers(&dataset, &head).await.unwrap(), expected, "seed {seed}");
    }
    assert!(fired > 1000, "only {fired} calls failed");
}
