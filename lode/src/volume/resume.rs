//! Going on with what an earlier session has staged.

use std::collections::{BTreeMap, HashSet};
use std::future::IntoFuture;
use std::ops::Range;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::Volume;
use super::accept::{check_size, verify};
use super::block::{BlockName, Kind, StagedBlock};
use super::context::Context;
use super::map;
use super::stage::staged;
use super::staging::Staging;
use super::state::{Open, Staged, State};
use crate::commit::{Chain, Entry, LOADS_IN_FLIGHT};
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::manifest::BlockRef;

/// A session that has staged blocks which are not committed: see [`Volume::sessions`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The blocks, by offset. They can overlap: where a block was discarded, or the answer to its put
    /// was lost, and it was staged again.
    pub blocks: Vec<StagedBlock>,
    /// When the last of them was staged, by the store's clock.
    pub last_staged: DateTime<Utc>,
}

impl<S: State> Volume<S> {
    /// The sessions that have staged blocks which no snapshot has: of processes that are still at work,
    /// or have been stopped. One listing of the volume's blocks, and the head; if that does not name
    /// them all, a listing of the manifests too, and those since the oldest of the rest was staged.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::ManifestInvalid`] if one of those manifests cannot be trusted, since
    /// it could name any of the blocks.
    pub async fn sessions(&self) -> Result<Vec<Session>> {
        let found = uncommitted(&self.context, None).await?;
        let mut sessions: BTreeMap<SessionId, Session> = BTreeMap::new();
        for Found { block, at, .. } in found.blocks {
            let id = block.name.session;
            let empty = || Session { id, blocks: Vec::new(), last_staged: at };
            let session = sessions.entry(id).or_insert_with(empty);
            session.last_staged = session.last_staged.max(at);
            session.blocks.push(block);
        }
        let mut sessions: Vec<Session> = sessions.into_values().collect();
        for session in &mut sessions {
            session.blocks.sort_by_key(|block| (block.name.offset, block.name.seq));
        }
        Ok(sessions)
    }

    /// Goes on with a session: gives a handle that has staged what the session had staged and not
    /// committed. `.await` it, or say more first.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Store, Volume, metadata};
    ///
    /// let store = Store::memory();
    /// let volume = Volume::create(&store, "download", 1 << 20)?;
    /// let staged = volume.stage_write_at(0, b"the first half").await?;
    /// drop(staged); // or the process was killed
    ///
    /// let sessions = volume.sessions().await?;
    /// let staged = volume.resume(sessions[0].id).await?;
    /// staged.stage_write_at(14, b", and the second").await?;
    /// let volume = staged.commit(metadata! {}).await?;
    /// assert_eq!(volume.read_at(0..30).await?, "the first half, and the second");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NothingStaged`] if the session has nothing that is staged and not committed;
    /// [`Error::AmbiguousBlocks`] if its blocks overlap each other; [`Error::Corrupt`] if one is not
    /// what its name says; [`Error::OutOfBounds`]; [`Error::Overlap`] if this handle's snapshot has
    /// bytes there meanwhile ([`missing_only`](Resume::missing_only) leaves
    /// those blocks out); and as for [`sessions`](Self::sessions). Nothing is adopted then.
    pub fn resume(&self, session: SessionId) -> Resume<'_, S>
    where
        S: Open,
    {
        Resume { volume: self, session, with_content: false, chosen: None, missing_only: false }
    }
}

/// A session to go on with, from [`Volume::resume`]: `.await` it.
#[derive(Debug)]
#[must_use = "nothing is resumed until this is awaited"]
pub struct Resume<'a, S: State> {
    volume: &'a Volume<S>,
    session: SessionId,
    with_content: bool,
    chosen: Option<Vec<StagedBlock>>,
    missing_only: bool,
}

impl<S: State> Resume<'_, S> {
    /// Reads every block and compares its checksum, not only its size.
    pub fn verify_content(mut self) -> Self {
        self.with_content = true;
        self
    }

    /// Takes these blocks, and of the others those that overlap none of them.
    pub fn choose(mut self, blocks: impl IntoIterator<Item = StagedBlock>) -> Self {
        self.chosen.get_or_insert_default().extend(blocks);
        self
    }

    /// Leaves out blocks where this handle's snapshot has bytes already (those that are to overwrite
    /// some apart).
    pub fn missing_only(mut self) -> Self {
        self.missing_only = true;
        self
    }

    async fn run(self) -> Result<Volume<Staged>> {
        let Self { volume, session, with_content, chosen, missing_only } = self;
        let base = volume.state.base();
        let context = volume.context.clone();
        let found = uncommitted(&context, Some(session)).await?;
        let mut blocks = Vec::new();
        for Found { block, size, .. } in found.blocks {
            let is_plain = block.name.kind == Kind::Write;
            if missing_only
                && is_plain
                && map::first_overlap(base.blocks(), block.range()).is_some()
            {
                continue;
            }
            check_size(&block, size)?;
            blocks.push(block);
        }
        let blocks = disjoint(&context, session, blocks, chosen.as_deref())?;
        if blocks.is_empty() {
            let volume = context.history.of.volume;
            return Err(Error::NothingStaged { volume, session });
        }
        if with_content {
            let in_flight = context.limits.reads_in_flight.max(1);
            let blocks = futures::stream::iter(blocks.clone());
            let checks = blocks.map(|block| {
                let context = context.clone();
                async move { verify(&context, &block, true).await }
            });
            checks.buffer_unordered(in_flight).try_collect::<()>().await?;
        }
        let staging = Staging::resumed(context.clone(), base, session, found.next_seq);
        for block in blocks {
            if let Err(error) = staging.adopt(block) {
                staging.settle(true);
                return Err(error);
            }
        }
        Ok(staged(staging))
    }
}

impl<'a, S: State> IntoFuture for Resume<'a, S> {
    type Output = Result<Volume<Staged>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

/// A block in the store that no snapshot has.
struct Found {
    block: StagedBlock,
    size: u64,
    at: DateTime<Utc>,
}

struct Uncommitted {
    blocks: Vec<Found>,
    /// The sequence number after the highest of all blocks that were looked at, committed or not.
    next_seq: u32,
}

/// The blocks (of one session, or of all) that are in the store and that no manifest from their base
/// on names.
async fn uncommitted(context: &Context, session: Option<SessionId>) -> Result<Uncommitted> {
    let history = &context.history;
    let folder = history.of.prefix() + "data/";
    let mut listed = history.store.list(&folder);
    let (mut blocks, mut next_seq) = (Vec::new(), 0);
    while let Some(meta) = listed.try_next().await? {
        let key = history.store.key(&meta.location);
        let name = key.and_then(|key| BlockName::parse(key.strip_prefix(&folder)?));
        let Some(name) = name else { continue };
        if session.is_some_and(|session| session != name.session) {
            continue;
        }
        next_seq = next_seq.max(name.seq.saturating_add(1));
        let block = StagedBlock { volume: history.of.volume.clone(), name };
        blocks.push(Found { block, size: meta.size, at: meta.last_modified });
    }
    // The head first: it names most of what was ever committed. Another commit while this goes on
    // makes its blocks no-ops when they are committed again.
    if let Some(head) = history.head().await?
        && !blocks.is_empty()
    {
        retain_unnamed(&mut blocks, &head.blocks);
        if let Some(oldest) = blocks.iter().map(|found| found.block.name.base).min() {
            let between = history.ids().await?.into_iter().filter(|id| id.get() > oldest);
            let entries =
                futures::stream::iter(between.filter(|id| *id < head.snapshot_id.number()))
                    .map(|id| async move {
                        history.load(id).await?.ok_or_else(|| history.not_found(id))
                    })
                    .buffered(LOADS_IN_FLIGHT);
            let mut entries = std::pin::pin!(entries);
            while let Some(entry) = entries.try_next().await? {
                match entry {
                    Entry::Live(manifest) => retain_unnamed(&mut blocks, &manifest.blocks),
                    Entry::Expired(gone) => retain_unnamed(&mut blocks, &gone.expired_blocks),
                }
            }
        }
    }
    Ok(Uncommitted { blocks, next_seq })
}

fn retain_unnamed(blocks: &mut Vec<Found>, named: &[BlockRef]) {
    let named: HashSet<&str> = named.iter().map(|block| block.path.as_str()).collect();
    blocks.retain(|found| !named.contains(found.block.path().as_str()));
}

/// These blocks without those that overlap a chosen one, by offset; an error if some overlap still.
fn disjoint(
    context: &Context,
    session: SessionId,
    mut blocks: Vec<StagedBlock>,
    chosen: Option<&[StagedBlock]>,
) -> Result<Vec<StagedBlock>> {
    blocks.sort_by_key(|block| (block.name.offset, block.name.length, block.name.seq));
    // The same bytes, staged once more: one is as good as the other. Others of that range can lie between.
    let mut seen = HashSet::new();
    blocks.retain(|block| seen.insert(block.name.but_for_seq()));
    if let Some(chosen) = chosen {
        let chosen: HashSet<_> = chosen.iter().map(|block| block.name.but_for_seq()).collect();
        let is_chosen = |block: &StagedBlock| chosen.contains(&block.name.but_for_seq());
        let taken: Vec<_> =
            blocks.iter().filter(|&b| is_chosen(b)).map(StagedBlock::range).collect();
        let overlaps_one = |block: &StagedBlock| {
            let range = block.range();
            taken.iter().any(|taken| taken.start < range.end && range.start < taken.end)
        };
        blocks.retain(|block| is_chosen(block) || !overlaps_one(block));
    }
    let overlapping = overlaps(&blocks);
    if !overlapping.contains(&true) {
        return Ok(blocks);
    }
    let candidates =
        blocks.into_iter().zip(overlapping).filter_map(|(block, is)| is.then_some(block));
    Err(Error::AmbiguousBlocks {
        volume: context.history.of.volume.clone(),
        session,
        candidates: candidates.collect(),
    })
}

/// Which of these blocks, sorted by offset, overlap another one.
fn overlaps(blocks: &[StagedBlock]) -> Vec<bool> {
    let mut overlapping = vec![false; blocks.len()];
    // The one that reaches farthest so far.
    let mut farthest: Option<(usize, Range<u64>)> = None;
    for (i, block) in blocks.iter().enumerate() {
        let range = block.range();
        if let Some((j, far)) = &farthest
            && far.end > range.start
        {
            overlapping[i] = true;
            overlapping[*j] = true;
        }
        if farthest.as_ref().is_none_or(|(_, far)| far.end < range.end) {
            farthest = Some((i, range));
        }
    }
    overlapping
}
