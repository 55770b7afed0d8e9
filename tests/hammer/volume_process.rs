//! One process of the hammer of volumes.

use std::path::Path;

use lode::{Committed, Error, Open, SessionId, Staged, Store, Volume, VolumeSnapshotId, metadata};

use crate::slot::{Slot, VOLUME, bytes, length, slots};
use crate::{Log, Result};

/// Commits a slot at a time. What an earlier life of this process has staged and not committed is
/// gone on with.
pub async fn write(store: &Store, log: &Path, writer: u32, commits: u32) -> Result<()> {
    let (mut log, done) = Log::open(log)?;
    let mut volume: Option<Volume<Committed>> = None;
    for commit in done..commits {
        let slot = Slot { writer, commit };
        let (committed, id) = match volume {
            Some(volume) => commit_slot(&volume, slot, None).await?,
            None => begin(store, slot, commits).await?,
        };
        log.line(id, commit)?;
        volume = Some(committed);
    }
    Ok(())
}

/// The first slot of this life.
async fn begin(
    store: &Store,
    slot: Slot,
    commits: u32,
) -> Result<(Volume<Committed>, VolumeSnapshotId)> {
    let volume = match Volume::open(store, VOLUME).await {
        Err(Error::VolumeNotFound { .. }) => {
            let new = Volume::create(store, VOLUME, length(commits))?;
            let session = left(&new, slot).await?;
            let staged = stage_slot(&new, slot, session).await?;
            let session = staged.session();
            match staged.commit(slot_metadata(slot)).await {
                Ok(volume) => return Ok((volume.clone(), volume.snapshot_id())),
                // Another has created it.
                Err(failed) if failed.source.is_conflict() => drop(failed),
                Err(failed) => return Err(failed.into()),
            }
            let volume = Volume::open(store, VOLUME).await?;
            return commit_slot(&volume, slot, Some(session)).await;
        }
        found => found?,
    };
    // An earlier life of this process has committed it, and did not come to say so.
    if volume.gaps_in(slot.blocks()[0].clone())?.is_empty() {
        for id in volume.snapshots().await? {
            if volume.snapshot(id).await?.metadata_as::<Slot>()? == slot {
                return Ok((volume, id));
            }
        }
        return Err(format!("nobody has committed {slot:?}, and it is there").into());
    }
    let session = left(&volume, slot).await?;
    commit_slot(&volume, slot, session).await
}

/// The session that has staged blocks of this slot.
async fn left<S: Open>(volume: &Volume<S>, slot: Slot) -> Result<Option<SessionId>> {
    let blocks = slot.blocks();
    let mut sessions = volume.sessions().await?.into_iter();
    let found = sessions.find(|session| blocks.contains(&session.blocks[0].range()));
    Ok(found.map(|session| session.id))
}

async fn stage_slot<S: Open>(
    volume: &Volume<S>,
    slot: Slot,
    session: Option<SessionId>,
) -> Result<Volume<Staged>> {
    let mut blocks = slot.blocks();
    let staged = match session {
        Some(session) => volume.resume(session).verify_content().await?,
        None => {
            let first = blocks.remove(0);
            volume.stage_write_at(first.start, bytes(first)).await?
        }
    };
    let there: Vec<_> = staged.staged_blocks().iter().map(lode::StagedBlock::range).collect();
    for block in blocks.into_iter().filter(|block| !there.contains(block)) {
        staged.stage_write_at(block.start, bytes(block)).await?;
    }
    Ok(staged)
}

async fn commit_slot(
    volume: &Volume<Committed>,
    slot: Slot,
    session: Option<SessionId>,
) -> Result<(Volume<Committed>, VolumeSnapshotId)> {
    let staged = stage_slot(volume, slot, session).await?;
    let volume = staged.commit(slot_metadata(slot)).await?;
    let id = volume.snapshot_id();
    Ok((volume, id))
}

fn slot_metadata(slot: Slot) -> impl lode::IntoMetadata {
    metadata! { "writer": slot.writer, "commit": slot.commit }
}

/// Asks for the newest snapshot until the stop file exists: it never goes back, has one slot more for
/// each commit, whole or not at all, and the bytes that were written.
pub async fn read(store: &Store, commits: u32, stop: &Path) -> Result<()> {
    let (mut last, mut looks) = (None::<Volume<Committed>>, 0_u64);
    while !stop.exists() {
        // Every other look by a handle that knows nothing.
        let opened = match Volume::open(store, VOLUME).await {
            Err(Error::VolumeNotFound { .. }) => continue,
            found => found?,
        };
        let latest = opened.latest().await?.ok_or("the volume is gone")?;
        for volume in [opened, latest] {
            let id = volume.snapshot_id();
            if last.as_ref().is_some_and(|last| last.snapshot_id() > id) {
                return Err(format!("from {last:?} back to {id}").into());
            }
            check(&volume, last.as_ref(), commits).await?;
            last = Some(volume);
            looks += 1;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    println!("{looks}");
    Ok(())
}

async fn check(
    volume: &Volume<Committed>,
    last: Option<&Volume<Committed>>,
    commits: u32,
) -> Result<()> {
    let mut covered = Vec::new();
    let mut count = 0;
    for slot in slots(commits) {
        let blocks = slot.blocks();
        if !volume.gaps_in(blocks[0].clone())?.is_empty() {
            continue;
        }
        for block in &blocks {
            let is_new = match last {
                Some(last) => !last.gaps_in(block.clone())?.is_empty(),
                None => true,
            };
            if is_new && volume.read_at(block.clone()).await? != bytes(block.clone()) {
                return Err(format!("other bytes at {block:?} of {volume:?}").into());
            }
        }
        covered.extend(blocks);
        count += 1;
    }
    if volume.coverage() != covered || count != volume.snapshot_id().get() {
        return Err(format!("{count} whole slots in {volume:?}").into());
    }
    Ok(())
}
