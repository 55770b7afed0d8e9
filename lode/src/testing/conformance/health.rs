//! Transactions, and keeping datasets and volumes healthy.

use std::time::Duration;

use futures::TryStreamExt;
use futures::future::try_join_all;

use super::datasets::{Reading, readings};
use super::{Outcome, checks, ensure, ensure_eq, noise};
use crate::{Dataset, Error, Retain, Store, VerifyLevel, Volume, metadata};

checks! {
    /// What many tasks write is one snapshot, with its attachments; what is given up is none.
    transactions => transactions_body;
    /// An older snapshot's content is committed again, and nothing is copied.
    restore => restore_body;
    /// Expired snapshots say so; a clean-up deletes nothing that any other snapshot names, and all of
    /// those are whole after it.
    clean_up => clean_up_body;
    /// The same for volumes.
    volume_health => volume_health_body;
}

fn dataset(store: &Store) -> crate::Result<Dataset<Reading>> {
    Dataset::new(store, "readings")
}

async fn transactions_body(store: Store) -> Outcome {
    let readings_set = dataset(&store)?;
    let picture = noise(3, 9 << 20);
    let transaction = readings_set.begin(metadata! { "run": 7 }).append().await?;
    let writes = (0..4).map(|n| {
        let writer = transaction.writer();
        async move { writer.write(&readings(n * 10..n * 10 + 10)).await }
    });
    try_join_all(writes).await?;
    transaction.attach("calibration.json", b"{}").await?;
    transaction.attach("pictures/sky.raw", picture.clone()).await?;
    ensure!(readings_set.latest().await?.is_none(), "what is staged is visible");
    let snapshot = transaction.commit().await?;

    let reader = dataset(&store)?;
    let mut found = reader.read(&snapshot).await?;
    found.sort_by_key(|reading| reading.n);
    ensure_eq!(found, readings(0..40), "the records of four writers");
    let attached = reader.attachment(&snapshot, "pictures/sky.raw").await?;
    ensure!(attached == picture, "another attachment came back");
    ensure_eq!(reader.attachment(&snapshot, "calibration.json").await?, "{}", "an attachment");

    let given_up = readings_set.begin(metadata! {}).await?;
    given_up.write(&readings(0..3)).await?;
    given_up.abort().await;
    ensure_eq!(reader.latest().await?, Some(snapshot), "the newest after an abort");
    Ok(())
}

async fn restore_body(store: Store) -> Outcome {
    let dataset = dataset(&store)?;
    let good = dataset.write(&readings(0..9), metadata! {}).await?;
    dataset.write(&readings(9..10), metadata! {}).await?;
    let restored = dataset.restore(good.id(), metadata! { "reason": "bad data" }).await?;
    ensure_eq!(restored.id().get(), 3, "the id");
    ensure_eq!(restored.files(), good.files(), "the files");
    ensure_eq!(dataset.read(&restored).await?, readings(0..9), "the records");
    ensure_eq!(dataset.latest().await?, Some(restored), "the newest");
    Ok(())
}

async fn clean_up_body(store: Store) -> Outcome {
    let dataset = dataset(&store)?;
    for n in 0..6 {
        dataset.write(&readings(n..n + 5), metadata! {}).await?;
    }
    let report = dataset.expire(Retain::last(2)).await?;
    ensure_eq!(report.expired.len(), 4, "how many snapshots have expired");
    for id in report.expired {
        let found = dataset.snapshot(id).await;
        ensure!(matches!(found, Err(Error::Expired { .. })), "an expired snapshot: {found:?}");
    }
    let report = dataset.gc().older_than(Duration::ZERO).await?;
    ensure_eq!(report.deleted, report.condemned.len() as u64, "how many objects were deleted");
    let live: Vec<_> = dataset
        .history()
        .try_take_while(|at| {
            let is_live = at.id().get() > 4;
            async move { Ok(is_live) }
        })
        .try_collect()
        .await?;
    ensure!(live.len() >= 2, "{} snapshots are left", live.len());
    for snapshot in live {
        let expected = if snapshot.id().get() == 5 { readings(4..9) } else { readings(5..10) };
        ensure_eq!(dataset.read(&snapshot).await?, expected, "a snapshot after a clean-up");
    }
    let report = dataset.verify(VerifyLevel::Content).await?;
    ensure!(report.is_ok(), "after a clean-up: {report}");
    dataset.append(&readings(10..11), metadata! {}).await?;
    Ok(())
}

async fn volume_health_body(store: Store) -> Outcome {
    let open = || Volume::open(&store, "disk");
    let staged = Volume::create(&store, "disk", 10_000)?.stage_write_at(0, noise(1, 100)).await?;
    let first = staged.commit(metadata! {}).await?;
    for n in 1..4 {
        let staged = open().await?.stage_overwrite_at(0, noise(n + 1, 100)).await?;
        drop(staged.commit(metadata! {}).await?);
    }
    let restored = open().await?.restore(first.snapshot_id(), metadata! {}).await?;
    ensure_eq!(restored.read_at(0..100).await?, noise(1, 100), "what was restored");
    let report = restored.expire(Retain::last(1)).await?;
    ensure_eq!(report.expired.len(), 4, "how many snapshots have expired");
    let report = restored.gc().older_than(Duration::ZERO).await?;
    ensure_eq!(report.deleted, report.condemned.len() as u64, "how many objects were deleted");
    let newest = open().await?;
    ensure_eq!(newest.read_at(0..100).await?, noise(1, 100), "after a clean-up");
    let report = newest.verify(VerifyLevel::Content).await?;
    ensure!(report.is_ok(), "after a clean-up: {report}");
    Ok(())
}
