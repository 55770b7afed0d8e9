//! One process, and the calls that it makes.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::{StreamExt, stream};
use lode::{
    Base as Handle, Committed, New, OnConflict, Open, Result, SessionId, Staged,
    StagedBlock, Store, Volume, VolumeLimits,
};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::reference::{Base, Held};
use super::steps::Settings;
use crate::support::FaultStore;

pub const VOLUME: &str = "disk";

pub struct Slot {
    pub faulty: FaultStore,
    pub store: Store,
    pub settings: Settings,
    pub open: Handle,
    pub base: Base,
    pub staged: Option<(Volume<Staged>, Held)>,
}

/// A call, with everything that it needs.
#[derive(Debug, Clone)]
pub enum Plan {
    Stage(Planned),
    Many(Vec<Planned>),
    Stream { offset: u64, bytes: Vec<u8>, fails: bool, as_reader: bool, chunk: usize },
    Apart(Planned),
    Accept { block: StagedBlock, verified: bool },
    Resume { session: SessionId, choose: Option<Vec<StagedBlock>>, verified: bool },
}

/// A block to be staged.
#[derive(Debug, Clone)]
pub struct Planned {
    pub offset: u64,
    pub bytes: Vec<u8>,
    pub overwrite: bool,
}

/// What a call gave.
#[derive(Debug)]
pub enum Done {
    /// A handle.
    Began(Volume<Staged>),
    /// Blocks, staged through the handle.
    Staged(Vec<StagedBlock>),
    /// The answer to each; the first is not in it if it gave a handle.
    Each(Option<Volume<Staged>>, Vec<Result<StagedBlock>>),
    Apart(StagedBlock),
    Accepted,
}

impl Slot {
    pub fn new(faulty: FaultStore, store: Store, settings: Settings, length: u64) -> Self {
        let open = Handle::New(created(&store, settings, length));
        Self { faulty, store, settings, open, base: Base { number: 0, length }, staged: None }
    }

    /// As a process has it that creates the volume.
    pub fn create(&mut self, length: u64) {
        self.open = Handle::New(created(&self.store, self.settings, length));
        self.base = Base { number: 0, length };
    }

    /// As a process has it that opens the volume at this snapshot.
    pub fn opened(&mut self, volume: Volume<Committed>) {
        let number = volume.snapshot_id().get();
        self.base = Base { number, length: volume.total_length() };
        let volume = volume.limits(limits(self.settings));
        self.open = Handle::Committed(volume.on_conflict(policy(self.settings)));
    }

    pub fn block_bytes(&self) -> usize {
        limits(self.settings).block_bytes
    }

    pub fn perform<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<Done>> {
        match (&self.staged, plan, &self.open) {
            (Some((staged, _)), plan, _) if !matches!(plan, Plan::Resume { .. }) => {
                go_on(staged, plan).boxed()
            }
            (_, _, Handle::New(volume)) => begin(volume, plan).boxed(),
            (_, _, Handle::Committed(volume)) => begin(volume, plan).boxed(),
        }
    }
}

fn created(store: &Store, settings: Settings, length: u64) -> Volume<New> {
    let volume = Volume::create(store, VOLUME, length).unwrap();
    volume.limits(limits(settings)).on_conflict(policy(settings))
}

fn limits(settings: Settings) -> VolumeLimits {
    VolumeLimits {
        block_bytes: 1 + usize::from(settings.block_bytes) % 20,
        blocks_in_flight: 1 + usize::from(settings.blocks_in_flight) % 3,
        ..VolumeLimits::default()
    }
}

fn policy(settings: Settings) -> OnConflict {
    match settings.fail_on_conflict {
        true => OnConflict::Fail,
        false => OnConflict::default(),
    }
}

async fn begin<S: Open>(volume: &Volume<S>, plan: &Plan) -> Result<Done> {
    Ok(Done::Began(match plan {
        Plan::Stage(block) => stage_first(volume, block).await?,
        Plan::Many(blocks) => {
            let Some((first, rest)) = blocks.split_first() else {
                return Ok(Done::Each(None, Vec::new()));
            };
            let staged = stage_first(volume, first).await?;
            let each = join_all(rest.iter().map(|block| stage(&staged, block))).await;
            return Ok(Done::Each(Some(staged), each));
        }
        Plan::Stream { offset, bytes, fails, as_reader: false, chunk } => {
            volume.stage_stream_at(*offset, chunks(bytes, *chunk, *fails)).await?
        }
        Plan::Stream { offset, bytes, fails, .. } => {
            volume.stage_reader_at(*offset, bytes.chain(Ending { fails: *fails })).await?
        }
        Plan::Apart(block) => return apart(&volume.stager(), block).await,
        Plan::Accept { block, verified: false } => volume.accept(block.clone()).await?,
        Plan::Accept { block, verified: true } => volume.accept_verified(block.clone()).await?,
        Plan::Resume { session, choose, verified } => {
            let mut resume = volume.resume(*session);
            if let Some(chosen) = choose {
                resume = resume.choose(chosen.clone());
            }
            if *verified {
                resume = resume.verify_content();
            }
            resume.await?
        }
    }))
}

async fn go_on(volume: &Volume<Staged>, plan: &Plan) -> Result<Done> {
    Ok(match plan {
        Plan::Stage(block) => Done::Staged(vec![stage(volume, block).await?]),
        Plan::Many(blocks) => {
            let each = blocks.iter().map(|block| stage(volume, block));
            Done::Each(None, join_all(each).await)
        }
        Plan::Stream { offset, bytes, fails, as_reader: false, chunk } => {
            Done::Staged(volume.stage_stream_at(*offset, chunks(bytes, *chunk, *fails)).await?)
        }
        Plan::Stream { offset, bytes, fails, .. } => {
            let reader = bytes.chain(Ending { fails: *fails });
            Done::Staged(volume.stage_reader_at(*offset, reader).await?)
        }
        Plan::Apart(block) => apart(&volume.stager(), block).await?,
        Plan::Accept { block, verified } => {
            match verified {
                false => volume.accept(block.clone()).await?,
                true => volume.accept_verified(block.clone()).await?,
            }
            Done::Accepted
        }
        Plan::Resume { .. } => unreachable!("through an open handle"),
    })
}

async fn stage_first<S: Open>(volume: &Volume<S>, block: &Planned) -> Result<Volume<Staged>> {
    match block.overwrite {
        false => volume.stage_write_at(block.offset, &block.bytes).await,
        true => volume.stage_overwrite_at(block.offset, &block.bytes).await,
    }
}

async fn stage(volume: &Volume<Staged>, block: &Planned) -> Result<StagedBlock> {
    match block.overwrite {
        false => volume.stage_write_at(block.offset, &block.bytes).await,
        true => volume.stage_overwrite_at(block.offset, &block.bytes).await,
    }
}

async fn apart(stager: &lode::Stager, block: &Planned) -> Result<Done> {
    Ok(Done::Apart(match block.overwrite {
        false => stager.clone().stage_write_at(block.offset, &block.bytes).await?,
        true => stager.clone().stage_overwrite_at(block.offset, &block.bytes).await?,
    }))
}

fn chunks(
    bytes: &[u8],
    chunk: usize,
    fails: bool,
) -> impl futures::Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static {
    let chunks: Vec<_> = bytes.chunks(chunk).map(|c| Ok(bytes::Bytes::copy_from_slice(c))).collect();
    stream::iter(chunks).chain(stream::iter(fails.then(|| Err(broken()))))
}

fn broken() -> std::io::Error {
    std::io::Error::other("the source broke")
}

/// The end of a reader, or an error there.
struct Ending {
    fails: bool,
}

impl AsyncRead for Ending {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Poll::Ready(if self.fails { Err(broken()) } else { Ok(()) })
    }
}
