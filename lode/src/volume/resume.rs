//! Going on with what an earlier session has staged.

use std::collections::{BTreeMap, HashSet};
use std::future::IntoFuture;
use std::ops::Range;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::Volume;
use super::accept::{check_size, check_volume, verify};
use super::block::{BlockName, Kind, StagedBlock};
use super::chain::VolumeChain;
use super::context::Context;
use super::map;
use super::stage::staged;
use super::staging::Staging;
use super::state::{Open, Staged, State};
use crate::commit::{Chain, Entry};
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
        let found = uncommitted(&self.context, None, &[]).await?;
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
    /// [`Error::AmbiguousBlocks`] if its blocks overlap each other ([`choose`](Resume::choose) among
    /// them); [`Error::Corrupt`] if one is not what its name says; [`Error::OutOfBounds`];
    /// [`Error::Overlap`] if this handle's snapshot has bytes there meanwhile
    /// ([`missing_only`](Resume::missing_only) leaves those blocks out); and as for
    /// [`sessions`](Self::sessions). Nothing is adopted then.
    pub fn resume(&self, session: SessionId) -> Resume<'_, S>
    where
        S: Open,
    {
        Resume {
            volume: self,
            session,
            with_content: false,
            chosen: Vec::new(),
            missing_only: false,
        }
    }
}

/// A session to go on with, from [`Volume::resume`]: `.await` it.
#[derive(Debug)]
#[must_use = "nothing is resumed until this is awaited"]
pub struct Resume<'a, S: State> {
    volume: &'a Volume<S>,
    session: SessionId,
    with_content: bool,
    chosen: Vec<StagedBlock>,
    missing_only: bool,
}

impl<S: State> Resume<'_, S> {
    /// Reads every block and compares its checksum, not only its size.
    pub fn verify_content(mut self) -> Self {
        self.with_content = true;
        self
    }

    /// Takes these blocks, and of the others those that overlap none of them. A block that somebody has
    /// committed meanwhile, or that [`missing_only`](Self::missing_only) leaves out, may be among them: it
    /// adds nothing, and those that overlap it are left out.
    ///
    /// Awaiting it is [`Error::ForeignBlock`] for a block of another volume, [`Error::ForeignSession`] for
    /// one of another session, and [`Error::Corrupt`] for one that is neither in the store nor committed.
    pub fn choose(mut self, blocks: impl IntoIterator<Item = StagedBlock>) -> Self {
        self.chosen.extend(blocks);
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
        for block in &chosen {
            check_owner(&context, session, block)?;
        }
        let mut found = uncommitted(&context, Some(session), &chosen).await?;
        found.choose(&chosen)?;
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
        let blocks = disjoint(&context, session, blocks)?;
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
    /// What is looked for, but for the sequence numbers, and what of that a manifest names.
    wanted: HashSet<BlockName>,
    committed: HashSet<BlockName>,
    /// The sequence number after the highest of all blocks that were looked at, committed or not.
    next_seq: u32,
}

impl Uncommitted {
    /// Leaves out the blocks that overlap a chosen one: also one that adds nothing, since it is committed.
    fn choose(&mut self, chosen: &[StagedBlock]) -> Result<()> {
        // The same bytes, staged once more, are as good: where one of the two is committed, neither adds
        // anything.
        let there: HashSet<_> = self.blocks.iter().map(|it| it.block.name.but_for_seq()).collect();
        let is_known = |name| there.contains(&name) || self.committed.contains(&name);
        if let Some(gone) = chosen.iter().find(|it| !is_known(it.name.but_for_seq())) {
            return Err(Error::corrupt(gone.path(), "it is missing"));
        }
        let is_taken = |block: &StagedBlock| {
            let name = block.name.but_for_seq();
            self.wanted.contains(&name) && !self.committed.contains(&name)
        };
        let overlaps_one = |block: &StagedBlock| {
            let range = block.range();
            let mut taken = chosen.iter().map(StagedBlock::range);
            taken.any(|taken| taken.start < range.end && range.start < taken.end)
        };
        self.blocks.retain(|Found { block, .. }| is_taken(block) || !overlaps_one(block));
        Ok(())
    }

    /// Leaves out the blocks that a manifest names.
    fn leave_out(&mut self, named: &[BlockRef]) {
        let named: HashSet<&str> = named.iter().map(|block| block.path.as_str()).collect();
        self.blocks.retain(|found| !named.contains(found.block.path().as_str()));
        if !self.wanted.is_empty() {
            let names = named.iter().filter_map(|path| BlockName::parse(path.rsplit('/').next()?));
            let names = names.map(|name| name.but_for_seq());
            self.committed.extend(names.filter(|name| self.wanted.contains(name)));
        }
    }

    /// The oldest snapshot that something was staged on of which it is not known whether it is committed;
    /// 0 for none.
    fn oldest_base(&self) -> Option<u64> {
        let blocks = self.blocks.iter().map(|found| found.block.name.base);
        let wanted = self.wanted.difference(&self.committed);
        blocks.chain(wanted.map(|name| name.base)).min()
    }
}

/// Makes sure that a chosen block is one of the session.
fn check_owner(context: &Context, session: SessionId, block: &StagedBlock) -> Result<()> {
    check_volume(context, block)?;
    match block.name.session {
        found if found == session => Ok(()),
        found => {
            let volume = context.history.of.volume.clone();
            Err(Error::ForeignSession { volume, session, found })
        }
    }
}

/// The blocks (of one session, or of all) that are in the store and that no manifest from their base
/// on names; and what manifests say of those that are `looked_for`.
async fn uncommitted(
    context: &Context,
    session: Option<SessionId>,
    looked_for: &[StagedBlock],
) -> Result<Uncommitted> {
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
    let wanted = looked_for.iter().map(|it| it.name.but_for_seq()).collect();
    let mut found = Uncommitted { blocks, wanted, committed: HashSet::new(), next_seq };
    // The head first: it names most of what was ever committed. Another commit while this goes on
    // makes its blocks no-ops when they are committed again.
    if let Some(head) = history.head().await?
        && found.oldest_base().is_some()
    {
        found.leave_out(&head.blocks);
        if let Some(oldest) = found.oldest_base() {
            let look = |entry: Entry<VolumeChain>| match entry {
                Entry::Live(manifest) => found.leave_out(&manifest.blocks),
                Entry::Expired(gone) => found.leave_out(&gone.expired_blocks),
            };
            history.look_between(oldest, &*head, look).await?;
        }
    }
    Ok(found)
}

/// These blocks, by offset; an error if some overlap.
fn disjoint(
    context: &Context,
    session: SessionId,
    mut blocks: Vec<StagedBlock>,
) -> Result<Vec<StagedBlock>> {
    blocks.sort_by_key(|block| (block.name.offset, block.name.length, block.name.seq));
    // The same bytes, staged once more: one is as good as the other. Others of that range can lie between.
    let mut seen = HashSet::new();
    blocks.retain(|block| seen.insert(block.name.but_for_seq()));
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
