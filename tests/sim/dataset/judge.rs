//! What must be true afterwards.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use lode::testing::sim::World;
use lode::{Dataset, Error, SnapshotId, metadata};

use super::actors::{Rowset, resolve};
use super::ledger::{Attempt, Ledger, Rows, attempts_in, numbers_of, records_of};
use crate::sim::Told;
use crate::support::rows::numbers;
use crate::support::{Row, forge};

/// What stands at an id.
struct Standing {
    operation: String,
    /// Which attempt it is of; `None` where it has expired, and of clean-ups.
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
    let n = ledger.begin(true);
    let next = dataset.append(&records_of(n), metadata! { "n": n }).await.unwrap();
    assert_eq!(next.id().get(), chain.len() as u64 + 1);
    let found: Rows = numbers(&dataset, &next).await.unwrap().into_iter().collect();
    let before = chain.last_key_value().and_then(|(_, head)| head.rows.clone());
    assert_eq!(found, before.unwrap_or_default().into_iter().chain(numbers_of(n)).collect());
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
        let (operation, n) = (raw["operation"].as_str().unwrap(), raw["metadata"]["n"].as_u64());
        let n = n.filter(|_| operation != "gc");
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
            Told::Committed(id) if chain.get(&id).is_some_and(|there| there.rows.is_none()) => {
                assert_eq!(stands, None, "attempt {n}");
            }
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
            ("append", Some(parent)) if standing.n.is_some() => {
                assert_eq!(rows, parent.union(&own).copied().collect(), "snapshot {id}");
            }
            ("append", None) => assert!(rows.is_superset(&own), "snapshot {id}"),
            ("write", _) if standing.n.is_some() => assert_eq!(rows, own, "snapshot {id}"),
            ("gc", Some(parent)) => assert_eq!(rows, parent, "snapshot {id}"),
            ("append" | "write" | "gc" | "restore", _) => {}
            (other, _) => panic!("snapshot {id} is by `{other}`"),
        }
    }
}

/// An append is in every snapshot after it, up to one that replaced what was there.
fn what_was_appended_stays(ledger: &Ledger, chain: &BTreeMap<u64, Standing>) {
    let inner = ledger.inner();
    let committed: BTreeSet<(u64, u64)> = (0..)
        .zip(&inner.attempts)
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
