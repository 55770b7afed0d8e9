//! The hammer with volumes: disjoint ranges, sessions that are resumed after a kill.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use lode::{Store, Volume};

use super::slot::{Slot, VOLUME, WRITERS, bytes, length, slots};
use super::{KILLED, Place, commits_or, hammer};
use crate::support::server::s3_url;

#[tokio::test]
async fn no_acknowledged_block_is_lost() {
    hammer("volume", Place::Disk("none"), commits_or(20), verify_disk).await;
}

#[tokio::test]
async fn no_acknowledged_block_is_lost_when_every_put_is_synced() {
    hammer("volume", Place::Disk("sync"), 6, verify_disk).await;
}

#[tokio::test]
async fn no_acknowledged_block_is_lost_on_s3() {
    let Some(url) = s3_url("no_acknowledged_block_is_lost_on_s3") else { return };
    hammer("volume", Place::Url(url), commits_or(8), verify).await;
}

/// As [`verify`], and of what was staged nothing is left over.
async fn verify_disk(store: &Store, logs: &[String], commits: u32) {
    verify(store, logs, commits).await;
    let newest = Volume::open(store, VOLUME).await.unwrap();
    assert_eq!(newest.sessions().await.unwrap(), []);
}

/// One unbroken chain, in which every commit is exactly once, as it was acknowledged; every snapshot is
/// what its parent was, and the commit's slot. What was staged and is left over was on its way to a server
/// when its process was killed, and came after the next one had looked for it.
async fn verify(store: &Store, logs: &[String], commits: u32) {
    let newest = Volume::open(store, VOLUME).await.unwrap();
    assert_eq!(newest.total_length(), length(commits));
    let mut chain: Vec<_> = newest.history().try_collect().await.unwrap();
    chain.reverse();
    assert_eq!(chain.len() as u32, WRITERS * commits);
    assert_eq!(newest.manifest(), chain.last().unwrap().manifest());

    let mut found = BTreeMap::new();
    let (mut parent, mut expected) = (None, Vec::new());
    for (volume, number) in chain.iter().zip(1..) {
        assert_eq!((volume.snapshot_id().get(), volume.parent()), (number, parent));
        parent = Some(volume.snapshot_id());
        let slot: Slot = volume.metadata_as().unwrap();
        expected.extend(slot.blocks());
        expected.sort_by_key(|block| block.start);
        assert_eq!(volume.coverage(), expected, "snapshot {number}");
        assert_eq!(found.insert(slot, number), None, "it was committed twice");
    }
    for slot in slots(commits) {
        for block in slot.blocks() {
            assert_eq!(newest.read_at(block.clone()).await.unwrap(), bytes(block));
        }
    }
    for (writer, log) in (0..).zip(logs) {
        assert_eq!(log.lines().count() as u32, commits);
        for (commit, line) in (0..).zip(log.lines()) {
            let (id, logged) = line.split_once(' ').unwrap();
            assert_eq!(logged.parse(), Ok(commit));
            assert_eq!(found.get(&Slot { writer, commit }), Some(&id.parse().unwrap()));
        }
    }
    let left = newest.sessions().await.unwrap();
    assert!(left.len() as u32 <= 3 * KILLED, "{left:?}");
    for session in left {
        let late = slots(commits).find(|slot| slot.blocks().contains(&session.blocks[0].range()));
        assert!(late.is_some_and(|slot| slot.writer < KILLED), "{session:?}");
        assert_eq!(session.blocks.len(), 1, "{session:?}");
    }
}
