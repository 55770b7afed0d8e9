//! What must be true afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lode::testing::sim::World;
use lode::{Committed, Error, VerifyLevel, Volume, VolumeSnapshotId, metadata};
use tokio::time::sleep;

use super::actors::{content, resolve};
use super::ledger::{Attempt, Content, Ledger};
use crate::sim::{DAY, Told};
use crate::support::forge;

/// What stands at an id.
struct Standing {
    operation: String,
    /// Which attempt it is of; `None` where that is not known, and of clean-ups.
    n: Option<u64>,
    /// What it shows; `None` where it has expired.
    content: Option<Content>,
}

type Chain = BTreeMap<u64, Standing>;

/// Nothing fails any more: everything unclear becomes clear, and everything is as it was told.
pub async fn judge(world: World, ledger: Ledger) {
    world.heal();
    world.settle().await;
    let store = world.disk();
    let volume = Volume::open(&store, "v").await.unwrap();
    clear_up(&world, &ledger, &volume).await;

    let chain = chain(&world, &ledger, &volume).await;
    each_attempt_is_as_it_was_told(&ledger, &chain);
    each_snapshot_follows_its_parent(&ledger, &chain);
    what_was_committed_stays_covered(&ledger, &chain);

    // And it goes on, with what others have staged and left too.
    let latest = Volume::open(&store, "v").await.unwrap();
    let range = 60..64;
    let bytes = ledger.plan(range.clone());
    let staged = latest.stage_overwrite_at(range.start, bytes.clone()).await.unwrap();
    let next = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(next.snapshot_id().get(), chain.len() as u64 + 1);
    assert_eq!(next.read_at(range).await.unwrap(), bytes);
    next.sessions().await.unwrap();
}

/// What is left is cleaned up, and nothing that is live is touched by it.
pub async fn clean_up(world: World) {
    let volume = Volume::open(&world.disk(), "v").await.unwrap();
    sleep(Duration::from_secs(10 * DAY)).await;
    volume.gc().await.unwrap();
    let report = volume.verify(VerifyLevel::Content).await.unwrap();
    assert!(report.is_ok(), "{report}");
    assert!(volume.sessions().await.unwrap().is_empty(), "staged blocks were left");
}

/// What is unknown can be resolved.
async fn clear_up(world: &World, ledger: &Ledger, volume: &Volume<Committed>) {
    let attempts = ledger.inner().attempts.len();
    for n in 0..attempts {
        let told = std::mem::replace(&mut ledger.inner().attempts[n].told, Told::Nothing);
        let told = match told {
            Told::Unknown(token) => {
                let told = resolve(world, "judge", volume, token).await;
                assert!(!matches!(told, Told::Unknown(_)), "attempt {n} stays unknown");
                told
            }
            told => told,
        };
        ledger.tell(n as u64, told);
    }
}

/// Everything that stands there: exactly one chain, with no gaps, and everything in it is read.
async fn chain(world: &World, ledger: &Ledger, volume: &Volume<Committed>) -> Chain {
    let disk = world.disk();
    let ids = volume.snapshots().await.unwrap();
    let head = ids.len() as u64;
    assert_eq!(ids.iter().map(|id| id.get()).collect::<Vec<_>>(), (1..=head).collect::<Vec<_>>());
    assert_eq!(volume.latest().await.unwrap().unwrap().snapshot_id().get(), head);
    let mut chain = BTreeMap::new();
    for id in 1..=head {
        let key = format!("volumes/v/snapshots/{id:019}/manifest.json");
        let raw = forge::json_at(&**disk.object_store(), &key).await;
        let parent = raw["parent_snapshot_id"].as_str().map(|id| id.parse::<u64>().unwrap());
        assert_eq!(parent, (id > 1).then(|| id - 1));
        let content = match volume.snapshot(VolumeSnapshotId::new(id).unwrap()).await {
            Ok(snapshot) => {
                let found = content(&snapshot).await.unwrap();
                ledger.see(id, found.clone());
                Some(found)
            }
            Err(Error::Expired { .. }) if id < head => None,
            Err(error) => panic!("snapshot {id}: {error:?}"),
        };
        let operation = raw["operation"].as_str().unwrap().to_owned();
        let told = |attempt: &Attempt| attempt.told.committed() == Some(id);
        let n = match (&content, operation.as_str()) {
            (_, "gc") => None,
            (Some(_), _) => raw["metadata"]["n"].as_u64(),
            (None, _) => ledger.inner().attempts.iter().position(told).map(|n| n as u64),
        };
        chain.insert(id, Standing { operation, n, content });
    }
    chain
}

/// What was acknowledged is there, what was refused is not, and nothing is there twice.
fn each_attempt_is_as_it_was_told(ledger: &Ledger, chain: &Chain) {
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

/// Each snapshot shows what the one before shows, and what its attempt had staged and nobody had
/// committed.
fn each_snapshot_follows_its_parent(ledger: &Ledger, chain: &Chain) {
    let inner = ledger.inner();
    let mut committed: BTreeSet<&str> = BTreeSet::new();
    let mut is_known = true;
    let mut parent = Some(vec![None; super::ledger::LEN as usize]);
    for (&id, standing) in chain {
        let content = standing.content.clone().or_else(|| inner.seen.get(&id).cloned());
        let attempt = standing.n.map(|n| &inner.attempts[n as usize]);
        is_known &= attempt.is_some() || standing.operation != "commit";
        let fresh = attempt.map(|attempt| attempt.blocks.as_slice()).unwrap_or_default();
        let fresh = fresh.iter().filter(|block| !committed.contains(block.path.as_str()));
        if let (true, Some(mut expected), Some(content)) = (is_known, parent, &content) {
            for block in fresh {
                for at in block.range.clone() {
                    let byte = &mut expected[at as usize];
                    assert!(block.is_overwrite || byte.is_none(), "snapshot {id}: byte {at}");
                    assert!(block.token.is_some(), "snapshot {id} has {block:?}");
                    *byte = block.token;
                }
            }
            if standing.operation != "restore" {
                assert_eq!(*content, expected, "snapshot {id}");
            }
        }
        if standing.operation == "restore" {
            let of = attempt.and_then(|attempt| attempt.restores).map(|of| &chain[&of].content);
            if let (Some(Some(of)), Some(content)) = (of, &content) {
                assert_eq!(of, content, "snapshot {id}");
            }
        }
        committed.extend(attempt.into_iter().flat_map(|one| &one.blocks).map(|b| b.path.as_str()));
        parent = content;
    }
}

/// What was acknowledged is covered in every snapshot after it, up to one that restored another.
fn what_was_committed_stays_covered(ledger: &Ledger, chain: &Chain) {
    for attempt in &ledger.inner().attempts {
        let Some(id) = attempt.told.committed() else { continue };
        let is_restore = |(_, standing): &(&u64, &Standing)| standing.operation == "restore";
        // What was committed before, and restored away, is not committed again.
        if chain.range(..=id).any(|one| is_restore(&one)) {
            continue;
        }
        for (later, standing) in chain.range(id..).take_while(|one| !is_restore(one)) {
            let Some(content) = &standing.content else { continue };
            for at in attempt.blocks.iter().flat_map(|block| block.range.clone()) {
                assert!(content[at as usize].is_some(), "byte {at} of {id} is not in {later}");
            }
        }
    }
}
