//! What must be true afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt;
use lode::testing::sim::World;
use lode::{Dataset, Error, SnapshotId, VerifyLevel, metadata};
use tokio::time::sleep;

use super::actors::{Rowset, resolve};
use super::ledger::{Attempt, Kind, Ledger, Rows, attempts_in, numbers_of, records_of};
use crate::sim::{DAY, Told};
use crate::support::rows::numbers;
use crate::support::{Row, contents, forge};

/// What stands at an id.
struct Standing {
    operation: String,
    /// Which attempt it is of; `None` of clean-ups.
    n: Option<u64>,
    /// Its records; `None` where it has expired.
    rows: Option<Rows>,
}

/// Nothing fails any more: everything unclear becomes clear, and everything is as it was told.
pub async fn judge(world: World, ledger: Ledger) {
    world.heal();
    world.settle().await;
    let dataset = Dataset::<Row>::new(&world.disk(), "d").unwrap();
    clear_up(&world, &ledger, &dataset).await;

    let chain = chain(&world, &ledger, &dataset).await;
    each_attempt_is_as_it_was_told(&ledger, &chain);
    each_snapshot_follows_its_parent(&ledger, &chain);
    what_was_appended_stays(&ledger, &chain);

    // And it goes on.
    let n = ledger.begin(Kind::Append);
    let next = dataset.append(&records_of(n), metadata! { "n": n }).await.unwrap();
    assert_eq!(next.id().get(), chain.len() as u64 + 1);
    let found: Rows = numbers(&dataset, &next).await.unwrap().into_iter().collect();
    let before = chain.last_key_value().and_then(|(_, head)| head.rows.clone());
    assert_eq!(found, before.unwrap_or_default().into_iter().chain(numbers_of(n)).collect());
}

/// What is left is cleaned up, and nothing that is live is touched by it.
pub async fn clean_up(world: World) {
    let dataset = Dataset::<Row>::new(&world.disk(), "d").unwrap();
    if dataset.latest().await.unwrap().is_none() {
        return;
    }
    sleep(Duration::from_secs(10 * DAY)).await;
    dataset.gc().await.unwrap();
    let report = dataset.verify(VerifyLevel::Content).await.unwrap();
    assert!(report.is_ok(), "{report}");
    let objects = contents(&**world.disk().object_store()).await;
    let head = dataset.latest().await.unwrap().unwrap();
    let named = objects.iter().filter(|(path, _)| path.ends_with("manifest.json"));
    let is_named = |path: &str| named.clone().any(|(_, json)| has(json, path));
    for path in objects.keys().filter(|path| path.contains("/data/")) {
        assert!(is_named(path), "{path} was left, and {} is the head", head.id());
    }
}

/// Whether a manifest, or a tombstone, names this object.
fn has(json: &[u8], path: &str) -> bool {
    String::from_utf8_lossy(json).contains(path)
}

/// What is unknown can be resolved.
async fn clear_up(world: &World, ledger: &Ledger, dataset: &Rowset) {
    let attempts = ledger.inner().attempts.len() as u64;
    for n in 0..attempts {
        let told = std::mem::replace(&mut ledger.inner().attempts[n as usize].told, Told::Nothing);
        let told = match told {
            Told::Unknown(token) => {
                let told = resolve(world, "judge", dataset, token).await;
                assert!(!matches!(told, Told::Unknown(_)), "attempt {n} stays unknown");
                told
            }
            told => told,
        };
        ledger.tell(n, told);
    }
}

/// Everything that stands there: exactly one chain, with no gaps, and everything in it is read.
async fn chain(world: &World, ledger: &Ledger, dataset: &Rowset) -> BTreeMap<u64, Standing> {
    let disk = world.disk();
    let ids = dataset.snapshots().await.unwrap();
    let head = ids.len() as u64;
    let dense: Vec<u64> = (1..=head).collect();
    assert_eq!(ids.iter().map(|id| id.get()).collect::<Vec<_>>(), dense);
    let latest = dataset.latest().await.unwrap();
    assert_eq!(latest.map_or(0, |snapshot| snapshot.id().get()), head);
    let mut history = dataset.history();
    while let Some(snapshot) = history.next().await {
        snapshot.unwrap();
    }
    let mut chain = BTreeMap::new();
    let mut time = None;
    for id in 1..=head {
        let key = forge::manifest_key("d", id);
        let raw = forge::json_at(&**disk.object_store(), &key).await;
        let parent = raw["parent_snapshot_id"].as_str().map(|id| id.parse::<u64>().unwrap());
        assert_eq!(parent, (id > 1).then(|| id - 1));
        let at: chrono::DateTime<chrono::Utc> =
            raw["created_at"].as_str().unwrap().parse().unwrap();
        assert!(time.is_none_or(|time| time < at), "snapshot {id} is not younger");
        time = Some(at);
        let rows = match dataset.snapshot(SnapshotId::new(id).unwrap()).await {
            Ok(snapshot) => {
                let found = numbers(dataset, &snapshot).await.unwrap();
                let rows: Rows = found.into_iter().collect();
                ledger.see(id, rows.clone());
                Some(rows)
            }
            Err(Error::Expired { .. }) if id < head => None,
            Err(error) => panic!("snapshot {id}: {error:?}"),
        };
        let operation = raw["operation"].as_str().unwrap();
        // Tombstones have it too.
        let n = raw["idempotency_key"].as_str().map(|key| key.parse().unwrap());
        assert!(rows.is_none() || operation == "gc" || n == raw["metadata"]["n"].as_u64());
        chain.insert(id, Standing { operation: operation.to_owned(), n, rows });
    }
    chain
}

/// What was acknowledged is there, what was refused is not, and nothing is there twice.
fn each_attempt_is_as_it_was_told(ledger: &Ledger, chain: &BTreeMap<u64, Standing>) {
    let inner = ledger.inner();
    let mut found = BTreeMap::new();
    for (id, standing) in chain {
        if let Some(n) = standing.n {
            assert_eq!(found.insert(n, *id), None, "attempt {n} is there twice");
            assert!((n as usize) < inner.attempts.len(), "attempt {n} was never made");
        }
    }
    for (n, attempt) in (0..).zip(&inner.attempts) {
        let stands = found.get(&n).copied();
        match attempt.told {
            Told::Committed(id) => assert_eq!(stands, Some(id), "attempt {n} was acknowledged"),
            Told::Not => assert_eq!(stands, None, "attempt {n} was not to be there"),
            Told::Nothing => {}
            Told::Unknown(_) => unreachable!("it was cleared up"),
        }
    }
}

/// Each snapshot is what its operation makes of the one before.
fn each_snapshot_follows_its_parent(ledger: &Ledger, chain: &BTreeMap<u64, Standing>) {
    let inner = ledger.inner();
    let content = |id: u64| match id {
        0 => Some(Rows::new()),
        id => chain[&id].rows.clone().or_else(|| inner.seen.get(&id).cloned()),
    };
    for (&id, standing) in chain {
        let Some(rows) = content(id) else { continue };
        attempts_in(&rows);
        let own: Rows = standing.n.map(numbers_of).into_iter().flatten().collect();
        match (standing.operation.as_str(), content(id - 1)) {
            ("append", Some(parent)) => {
                assert_eq!(rows, parent.union(&own).copied().collect(), "snapshot {id}");
            }
            ("append", None) => assert!(rows.is_superset(&own), "snapshot {id}"),
            ("write", _) => assert_eq!(rows, own, "snapshot {id}"),
            ("gc", Some(parent)) => assert_eq!(rows, parent, "snapshot {id}"),
            ("restore", _) => {
                let kind = standing.n.map(|n| inner.attempts[n as usize].kind);
                let Some(Kind::Restore(of)) = kind else { panic!("snapshot {id} is of {kind:?}") };
                assert_eq!(content(of).unwrap_or_else(|| rows.clone()), rows, "snapshot {id}");
            }
            ("gc", None) => {}
            (other, _) => panic!("snapshot {id} is by `{other}`"),
        }
    }
}

/// An append is in every snapshot after it, up to one that replaced what was there.
fn what_was_appended_stays(ledger: &Ledger, chain: &BTreeMap<u64, Standing>) {
    let inner = ledger.inner();
    let committed: BTreeSet<(u64, u64)> = (0..)
        .zip(&inner.attempts)
        .filter(|(_, attempt)| !matches!(attempt.kind, Kind::Restore(_)))
        .filter_map(|(n, attempt): (u64, &Attempt)| Some((attempt.told.committed()?, n)))
        .collect();
    for &(id, n) in &committed {
        let after = chain.range(id + 1..);
        let until = after
            .take_while(|(_, standing)| matches!(standing.operation.as_str(), "append" | "gc"))
            .map(|(&id, _)| id);
        for later in std::iter::once(id).chain(until) {
            let Some(rows) = &chain[&later].rows else { continue };
            let own: Rows = numbers_of(n).collect();
            assert!(rows.is_superset(&own), "attempt {n} of snapshot {id} is not in {later}");
        }
    }
}
