//! The snapshots of a volume.

use futures::{StreamExt, TryStreamExt};
use lode::{Committed, Error, Store, Volume, metadata};

use super::{assert_holds, bytes, committed, manifest_key, new, open, snapshot, stage};
use crate::support::{lode_store, memory, put};

/// A volume of this many snapshots.
async fn history(store: &Store, length: u64) -> Volume<Committed> {
    let mut volume = committed(store, "disk", &[0..10]).await;
    for n in 1..length {
        let staged = stage(&volume, n as u8, &[10 * n..10 * n + 10]).await;
        volume = staged.commit(metadata! { "n": n }).await.unwrap();
    }
    volume
}

#[tokio::test]
async fn snapshots_are_found_by_number_and_time() {
    let store = Store::memory();
    let newest = history(&store, 6).await;
    let ids: Vec<_> = (1..=6).map(snapshot).collect();
    assert_eq!(newest.snapshots().await.unwrap(), ids);
    // From a handle in any state.
    let volume = new(&store, "disk");
    assert_eq!(volume.snapshots().await.unwrap(), ids);
    assert_eq!(volume.latest().await.unwrap().unwrap().snapshot_id(), snapshot(6));

    let found: Vec<_> = volume.history().try_collect().await.unwrap();
    let order: Vec<_> = found.iter().map(Volume::snapshot_id).collect();
    assert_eq!(order, ids.iter().rev().copied().collect::<Vec<_>>());
    for (snapshot, n) in found.iter().rev().zip(0..) {
        let all: Vec<_> = (0..=n).map(|n| (n as u8, 10 * n..10 * n + 10)).collect();
        assert_holds(snapshot, &all).await;
        assert_eq!(snapshot.manifest().snapshot_id.get(), n + 1);
        let said = snapshot.metadata().get("n").and_then(serde_json::Value::as_u64);
        assert_eq!(said, (n > 0).then_some(n));
        let at = volume.as_of(snapshot.created_at()).await.unwrap().unwrap();
        assert_eq!(at.snapshot_id(), snapshot.snapshot_id());
        let again = volume.snapshot(snapshot.snapshot_id()).await.unwrap();
        assert_eq!(again.manifest(), snapshot.manifest());
    }
    assert!(found.windows(2).all(|pair| pair[0].created_at() > pair[1].created_at()));
    let first = found.last().unwrap().created_at();
    assert!(volume.as_of(first - chrono::TimeDelta::nanoseconds(1)).await.unwrap().is_none());
    let later = first + chrono::TimeDelta::days(1);
    assert_eq!(volume.as_of(later).await.unwrap().unwrap().snapshot_id(), snapshot(6));
}

/// `latest` looks at storage; what a handle reads stays what it was.
#[tokio::test]
async fn a_handle_reads_its_snapshot_and_latest_the_newest() {
    let store = Store::memory();
    let old = history(&store, 1).await;
    let other = open(&store, "disk").await;
    let _ = stage(&other, 1, &[10..20]).await.commit(metadata! {}).await.unwrap();
    assert_eq!(old.gaps_in(0..20).unwrap(), vec![10..20]);
    let latest = old.latest().await.unwrap().unwrap();
    assert_eq!(latest.snapshot_id(), snapshot(2));
    assert_holds(&latest, &[(0, 0..10), (1, 10..20)]).await;
    // What is staged on the old one does not cover it.
    let staged = old.stage_write_at(30, bytes(2, 30..40)).await.unwrap();
    assert_eq!(staged.coverage(), [0..10, 30..40]);
    assert_eq!(staged.latest().await.unwrap().unwrap().snapshot_id(), snapshot(2));
}

/// A damaged manifest is an error in its place, and harms no other snapshot.
#[tokio::test]
async fn damage_stays_where_it_is() {
    let inner = memory();
    let store = lode_store(inner.clone());
    let newest = history(&store, 4).await;
    let key = manifest_key("disk", 2);
    put(&*inner, &key, "{}").await;
    let volume = open(&store, "disk").await;
    let error = volume.snapshot(snapshot(2)).await.unwrap_err();
    assert!(matches!(&error, Error::ManifestInvalid { path, .. } if *path == key), "{error:?}");
    assert_eq!(volume.snapshots().await.unwrap().len(), 4);
    let found: Vec<_> =
        volume.history().map(|found| found.map(|v| v.snapshot_id())).collect().await;
    let ids: Vec<_> = found.iter().map(|found| found.as_ref().ok().copied()).collect();
    assert_eq!(ids, [Some(snapshot(4)), Some(snapshot(3)), None, Some(snapshot(1))]);
    assert!(volume.snapshot(snapshot(1)).await.is_ok());
    // What is committed goes on: a manifest is complete in itself.
    let five = stage(&newest, 9, &[500..510]).await.commit(metadata! {}).await.unwrap();
    assert_eq!(five.snapshot_id(), snapshot(5));
    assert_eq!(five.read_at(0..40).await.unwrap(), newest.read_at(0..40).await.unwrap());
    // But who asks what is not committed needs to know what it named.
    drop(stage(&volume.snapshot(snapshot(1)).await.unwrap(), 8, &[600..610]).await);
    let error = five.sessions().await.unwrap_err();
    assert!(matches!(&error, Error::ManifestInvalid { path, .. } if *path == key), "{error:?}");
}

#[tokio::test]
async fn a_token_of_another_volume_is_refused() {
    use crate::support::script::Rule;
    use crate::support::{Class, Fault, FaultStore, Op};

    tokio::time::pause();
    let faults = FaultStore::new(memory());
    let volume = committed(&faults.store(), "disk", &[0..10]).await;
    let staged = stage(&volume, 1, &[10..20]).await;
    for op in [Op::Create, Op::Get] {
        faults.rule(Rule::on(op, Class::Manifest, Fault::Before).for_ever());
    }
    let failed = staged.commit(metadata! {}).await.unwrap_err();
    let Error::CommitUnknown { token, .. } = failed.source else { panic!("{failed:?}") };
    faults.heal();
    assert!(new(&faults.store(), "tape").resolve((*token).clone()).await.is_err());
    // Nobody else has committed: it is settled by putting it again.
    let two = volume.resolve(*token).await.unwrap().unwrap();
    assert_holds(&two, &[(0, 0..10), (1, 10..20)]).await;
}
