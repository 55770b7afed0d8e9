//! Several writers of one dataset.

use futures::TryStreamExt;
use futures::future::try_join_all;

use super::datasets::{Reading, readings};
use super::{Outcome, checks, ensure, ensure_eq};
use crate::{Dataset, Error, Store, metadata};

checks! {
    /// A write for a head that is not the newest is refused, and leaves nothing visible.
    expected_heads => expected_heads_body;
    /// Writers that know nothing of each other all commit, one after the other, in one chain.
    many_writers => many_writers_body;
}

fn dataset(store: &Store) -> crate::Result<Dataset<Reading>> {
    Dataset::new(store, "readings")
}

async fn expected_heads_body(store: Store) -> Outcome {
    let first = dataset(&store)?.write(&readings(0..1), metadata! {}).expect_head(None).await?;
    let (dataset_again, other) = (dataset(&store)?, readings(1..2));
    let second = dataset_again.write(&other, metadata! {}).expect_head(Some(first.id())).await?;
    for head in [None, Some(first.id()), Some(second.id().next()?)] {
        let refused = dataset(&store)?.write(&readings(2..3), metadata! {}).expect_head(head).await;
        ensure!(
            matches!(&refused, Err(error) if error.is_conflict()),
            "a write that expected {head:?} gave {refused:?}"
        );
        let refused =
            dataset(&store)?.append(&readings(2..3), metadata! {}).expect_head(head).await;
        ensure!(refused.is_err(), "an append that expected {head:?} gave {refused:?}");
    }
    ensure_eq!(dataset(&store)?.latest().await?, Some(second), "the newest");
    Ok(())
}

/// How many write at once, and how often.
const WRITERS: u64 = 8;
const WRITES: u64 = 4;

async fn many_writers_body(store: Store) -> Outcome {
    let write = |writer: u64| {
        let dataset = dataset(&store);
        async move {
            let dataset = dataset?;
            for n in writer * WRITES..(writer + 1) * WRITES {
                dataset.append(&readings(n..n + 1), metadata! { "n": n }).await?;
            }
            Ok::<_, Error>(())
        }
    };
    try_join_all((0..WRITERS).map(write)).await?;

    let reader = dataset(&store)?;
    let mut chain: Vec<_> = reader.history().try_collect().await?;
    chain.reverse();
    ensure_eq!(chain.len() as u64, WRITERS * WRITES, "the number of snapshots");
    let mut parent = None;
    for (snapshot, n) in chain.iter().zip(1..) {
        ensure_eq!(snapshot.id().get(), n, "an id");
        ensure_eq!(snapshot.parent(), parent, "a parent");
        ensure_eq!(snapshot.row_count(), n, "the number of records");
        parent = Some(snapshot.id());
    }
    let Some(newest) = chain.last() else { return Err("there is no snapshot".into()) };
    let mut found = reader.read(newest).await?;
    found.sort_by_key(|reading| reading.n);
    ensure_eq!(found, readings(0..WRITERS * WRITES), "all records");
    Ok(())
}
