//! Volumes.

use std::ops::Range;

use futures::future::try_join_all;
use futures::{TryStreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::{Outcome, checks, ensure, ensure_eq, noise};
use crate::{
    BoxError, Committed, Discarded, Error, New, Store, VerifyLevel, Volume, VolumeLimits, metadata,
};

checks! {
    /// What is staged is committed as one; gaps are errors; every handle finds the newest snapshot.
    volume_stage_and_commit => stage_and_commit_body;
    /// An overwrite shows in the next snapshot, and older ones stay what they were.
    volume_overwrite => overwrite_body;
    /// Writers of disjoint ranges merge; of overlapping ones, and of two creators, one is told.
    volume_writers => writers_body;
    /// What was staged and not committed is found again, and blocks go from hand to hand.
    volume_sessions => sessions_body;
    /// What was discarded is not committed; of what was staged twice, the caller says which is meant.
    volume_choices => choices_body;
    /// Streams and readers give what was staged from a stream.
    volume_streams => streams_body;
}

const LEN: u64 = 1 << 20;

fn new(store: &Store) -> crate::Result<Volume<New>> {
    Volume::create(store, "disk", LEN)
}

async fn open(store: &Store) -> crate::Result<Volume<Committed>> {
    Volume::open(store, "disk").await
}

fn bytes(range: Range<u64>) -> Vec<u8> {
    let all = noise(7, LEN as usize);
    all[range.start as usize..range.end as usize].to_vec()
}

/// A volume with one snapshot, which has this range.
async fn committed(store: &Store, range: Range<u64>) -> crate::Result<Volume<Committed>> {
    let staged = new(store)?.stage_write_at(range.start, bytes(range)).await?;
    Ok(staged.commit(metadata! {}).await?)
}

async fn stage_and_commit_body(store: Store) -> Outcome {
    let volume = new(&store)?;
    ensure!(volume.latest().await?.is_none(), "there is a snapshot before the first commit");
    let staged = volume.stage_write_at(0, bytes(0..100)).await?;
    let ranges = [5_000..6_000, 100..300, 900_000..LEN];
    let stage = |range: &Range<u64>| staged.stage_write_at(range.start, bytes(range.clone()));
    try_join_all(ranges.iter().map(stage)).await?;
    let found = Volume::open(&store, "disk").await;
    ensure!(matches!(found, Err(Error::VolumeNotFound { .. })), "what is staged is visible");
    let one = staged.commit(metadata! { "step": "boot" }).await?;

    let next = one.stage_write_at(300, bytes(300..5_000)).await?;
    let two = next.commit(metadata! {}).await?;
    for volume in [two.clone(), open(&store).await?] {
        ensure_eq!(volume.snapshot_id().get(), 2, "the newest snapshot");
        ensure_eq!(volume.coverage(), [0..6_000, 900_000..LEN], "what it covers");
        ensure_eq!(volume.read_at(50..5_500).await?, bytes(50..5_500), "its bytes");
        let gap = volume.read_at(5_999..6_001).await;
        ensure!(matches!(gap, Err(Error::RangeMissing { .. })), "a gap was read: {gap:?}");
    }
    let first = Volume::open_at(&store, "disk", one.snapshot_id()).await?;
    ensure_eq!(first.metadata(), one.metadata(), "the metadata of snapshot 1");
    ensure_eq!(first.coverage(), [0..300, 5_000..6_000, 900_000..LEN], "what snapshot 1 covers");
    let chain: Vec<_> = two.history().map_ok(|at| at.snapshot_id().get()).try_collect().await?;
    ensure_eq!(chain, [2, 1], "the history");
    Ok(())
}

async fn overwrite_body(store: Store) -> Outcome {
    let old = committed(&store, 0..10_000).await?;
    let over = noise(8, 3_000);
    let staged = old.stage_overwrite_at(4_000, over.clone()).await?;
    let newer = staged.commit(metadata! {}).await?;
    let mut expected = bytes(0..10_000);
    expected[4_000..7_000].copy_from_slice(&over);
    ensure_eq!(newer.read_at(0..10_000).await?, expected, "after an overwrite");
    ensure_eq!(open(&store).await?.read_at(0..10_000).await?, expected, "opened anew");
    let again = Volume::open_at(&store, "disk", old.snapshot_id()).await?;
    ensure_eq!(again.read_at(0..10_000).await?, bytes(0..10_000), "the older snapshot");
    let overlap = newer.stage_write_at(9_999, b"xy").await;
    ensure!(matches!(overlap, Err(Error::Overlap { .. })), "what is there was staged over");
    Ok(())
}

async fn writers_body(store: Store) -> Outcome {
    let base = committed(&store, 0..10).await?;
    let write = |n: u64| {
        let (base, range) = (base.clone(), n * 1_000..n * 1_000 + 500);
        async move {
            let staged = base.stage_write_at(range.start, bytes(range)).await?;
            drop(staged.commit(metadata! { "n": n }).await?);
            Ok::<_, Error>(())
        }
    };
    try_join_all((1..=8).map(write)).await?;
    let newest = open(&store).await?;
    ensure_eq!(newest.snapshot_id().get(), 9, "the newest snapshot");
    for n in 1..=8 {
        let range = n * 1_000..n * 1_000 + 500;
        ensure_eq!(newest.read_at(range.clone()).await?, bytes(range), "a writer's bytes");
    }
    let late = base.stage_write_at(1_400, vec![0; 200]).await?;
    let refused = late.commit(metadata! {}).await.map_err(|failed| failed.source);
    ensure!(
        matches!(&refused, Err(Error::Overlap { .. })),
        "what another has committed was committed over: {refused:?}"
    );
    let second = new(&store)?.stage_write_at(500_000, vec![0; 10]).await?;
    let refused = second.commit(metadata! {}).await.map_err(|failed| failed.source);
    ensure!(
        matches!(&refused, Err(error) if error.is_conflict()),
        "what exists was created again: {refused:?}"
    );
    Ok(())
}

async fn sessions_body(store: Store) -> Outcome {
    let left = new(&store)?.stage_write_at(0, bytes(0..1_000)).await?;
    left.stage_write_at(5_000, bytes(5_000..6_000)).await?;
    let session = left.session();
    drop(left);

    let volume = new(&store)?;
    let found: Vec<_> = volume.sessions().await?.into_iter().map(|left| left.id).collect();
    ensure_eq!(found, [session], "the sessions");
    let staged = volume.resume(session).verify_content().await?;
    let stager = new(&store)?.stager();
    let block = stager.stage_write_at(2_000, bytes(2_000..3_000)).await?;
    staged.accept_verified(block).await?;
    let volume = staged.commit(metadata! {}).await?;
    let expected = [0..1_000, 2_000..3_000, 5_000..6_000];
    ensure_eq!(volume.coverage(), expected, "what was resumed and accepted");
    for range in expected {
        ensure_eq!(volume.read_at(range.clone()).await?, bytes(range), "its bytes");
    }
    ensure!(volume.sessions().await?.is_empty(), "what is committed is a session still");
    Ok(())
}

async fn choices_body(store: Store) -> Outcome {
    let mut staged = new(&store)?.stage_write_at(5_000, bytes(5_000..6_000)).await?;
    let mut blocks = Vec::new();
    for fill in [1, 2] {
        blocks.push(staged.stage_write_at(0, vec![fill; 1_000]).await?);
        staged = match staged.discard(0..1_000) {
            Discarded::Staged(staged) => staged,
            Discarded::Empty(_) => return Err("a discarded range took another with it".into()),
        };
    }
    ensure_eq!(staged.coverage().len(), 1, "what was not discarded");
    let session = staged.session();
    drop(staged);

    let volume = new(&store)?;
    let candidates = match volume.resume(session).await {
        Err(Error::AmbiguousBlocks { candidates, .. }) => candidates,
        other => return Err(format!("two blocks of one range are taken: {other:?}").into()),
    };
    ensure_eq!(candidates.len(), 2, "the candidates");
    let staged = volume.resume(session).choose(blocks.pop()).await?;
    let volume = staged.commit(metadata! {}).await?;
    ensure_eq!(volume.read_at(0..1_000).await?, vec![2; 1_000], "what was chosen");
    ensure_eq!(volume.read_at(5_000..6_000).await?, bytes(5_000..6_000), "what was left alone");
    let report = volume.verify(VerifyLevel::Content).await?;
    ensure!(report.is_ok(), "{report}");
    Ok(())
}

async fn streams_body(store: Store) -> Outcome {
    let limits = VolumeLimits { block_bytes: 64 << 10, ..VolumeLimits::default() };
    let pieces: Vec<_> = bytes(0..LEN).chunks(10_007).map(<[u8]>::to_vec).collect();
    let source = stream::iter(pieces.into_iter().map(|piece| Ok::<_, BoxError>(piece.into())));
    let staged = new(&store)?.limits(limits).stage_stream_at(0, source).await?;
    let volume = staged.commit(metadata! {}).await?;
    ensure!(volume.is_complete(), "not all of the stream was staged");
    let chunks: Vec<_> = volume.stream(1_000..LEN - 1).try_collect().await?;
    ensure!(chunks.concat() == bytes(1_000..LEN - 1), "other bytes came back by a stream");
    let mut reader = volume.reader();
    reader.seek(std::io::SeekFrom::Start(70_000)).await?;
    let mut found = Vec::new();
    reader.read_to_end(&mut found).await?;
    ensure!(found == bytes(70_000..LEN), "other bytes came back by a reader");
    Ok(())
}
