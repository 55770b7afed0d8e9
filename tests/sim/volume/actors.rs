//! What the processes do.

use std::time::Duration;

use lode::testing::Random;
use lode::testing::faults::{Class, Fault, Op, Rule};
use lode::testing::sim::{Process, World};
use lode::{CommitError, Committed, Error, Retain, Staged, Volume, VolumeSnapshotId, metadata};
use tokio::time::{sleep, timeout};

use super::ledger::{Content, LEN, Ledger};
use crate::sim::{DAY, Told, keeper_may_fail, may_fail, patience, pause, said};

/// One who stages and commits.
pub struct Writer {
    pub world: World,
    pub ledger: Ledger,
    pub name: &'static str,
    pub random: Random,
}

impl Writer {
    pub fn new(world: &World, ledger: &Ledger, name: &'static str) -> Self {
        let random = world.random(&format!("{name}'s choices"));
        Self { world: world.clone(), ledger: ledger.clone(), name, random }
    }

    fn process(&self) -> Process {
        self.world.process(self.name)
    }

    /// Stages some blocks and commits them, again and again.
    pub async fn works(mut self, commits: u64) {
        for _ in 0..commits {
            self.pauses(3000).await;
            let Some(volume) = self.opens().await else { continue };
            if let Some(staged) = self.stages(&volume).await {
                self.commits(staged).await;
            }
        }
    }

    /// Falls asleep, for days, between staging and committing, or within either.
    pub async fn sleeps(mut self) {
        let days = Duration::from_secs(DAY * (1 + self.random.below(4)));
        let (op, class) = match self.random.below(4) {
            0 => (Op::Create, Class::Manifest),
            1 => (Op::Put, Class::Data),
            2 => (Op::Get, Class::Manifest),
            _ => {
                let Some(volume) = self.opens().await else { return };
                let Some(staged) = self.stages(&volume).await else { return };
                sleep(days).await;
                self.commits(staged).await;
                return;
            }
        };
        let skip = self.random.below(2) as usize;
        self.process().faults().rule(Rule::on(op, class, Fault::Delay(days)).skip(skip));
        self.works(1).await;
    }

    /// Is killed.
    pub async fn dies(mut self) {
        let process = self.process();
        let life = Duration::from_millis(self.random.below(1500));
        let _ = timeout(life, self.works(3)).await;
        process.faults().kill();
    }

    /// Goes on with what others have left, or have not committed yet, days later.
    pub async fn rescues(mut self) {
        let days = self.random.below(3) * self.random.below(2);
        sleep(Duration::from_secs(DAY * days)).await;
        for _ in 0..3 {
            self.pauses(2000).await;
            let Some(volume) = self.opens().await else { continue };
            let sessions = match volume.sessions().await {
                Ok(sessions) => sessions,
                Err(error) => {
                    may_fail(&error);
                    continue;
                }
            };
            if sessions.is_empty() {
                continue;
            }
            let session = &sessions[self.random.below(sessions.len() as u64) as usize];
            let resume = volume.resume(session.id);
            let resumed = match self.random.chance(0.5) {
                true => resume.missing_only().await,
                false => resume.await,
            };
            self.world.note(format!("{} resumes: {}", self.name, said(&resumed)));
            match resumed {
                Ok(staged) => self.commits(staged).await,
                Err(
                    Error::NothingStaged { .. }
                    | Error::AmbiguousBlocks { .. }
                    | Error::Overlap { .. }
                    | Error::Corrupt { .. },
                ) => {}
                Err(error) => may_fail(&error),
            }
        }
    }

    /// Makes the newest snapshot one with the content of an older one.
    pub async fn restores(mut self, times: u64) {
        for _ in 0..times {
            sleep(Duration::from_secs(self.random.below(DAY))).await;
            let Some(volume) = self.opens().await else { continue };
            let of = VolumeSnapshotId::new(1 + self.random.below(self.ledger.acknowledged()));
            let of = of.unwrap();
            let n = self.ledger.begin_to_restore(of.get());
            let restored = volume.restore(of, metadata! { "n": n }).await;
            self.world.note(format!("{} attempt {n}: {}", self.name, said(&restored)));
            let told = match restored {
                Ok(volume) => Told::Committed(volume.snapshot_id().get()),
                Err(Error::CommitUnknown { token, .. }) => {
                    resolve(&self.world, self.name, &volume, token).await
                }
                Err(Error::Expired { .. } | Error::Condemned { .. }) => Told::Not,
                Err(error) => {
                    assert!(error.is_retryable() || error.is_conflict(), "{error:?}");
                    Told::Not
                }
            };
            self.ledger.tell(n, told);
        }
    }

    async fn opens(&mut self) -> Option<Volume<Committed>> {
        for _ in 0..5 {
            match Volume::open(self.process().store(), "v").await {
                Ok(volume) => return Some(volume),
                Err(error) => may_fail(&error),
            }
            self.pauses(1000).await;
        }
        None
    }

    async fn stages(&mut self, volume: &Volume<Committed>) -> Option<Volume<Staged>> {
        let mut staged: Option<Volume<Staged>> = None;
        for _ in 0..1 + self.random.below(3) {
            let offset = self.random.below(LEN - 8);
            let range = offset..offset + 1 + self.random.below(8);
            let bytes = self.ledger.plan(range);
            let over = self.random.chance(0.4);
            let failed = match (&staged, over) {
                (None, over) => {
                    let begun = match over {
                        false => volume.stage_write_at(offset, bytes).await,
                        true => volume.stage_overwrite_at(offset, bytes).await,
                    };
                    match begun {
                        Ok(begun) => {
                            staged = Some(begun);
                            None
                        }
                        Err(error) => Some(error),
                    }
                }
                (Some(staged), false) => staged.stage_write_at(offset, bytes).await.err(),
                (Some(staged), true) => staged.stage_overwrite_at(offset, bytes).await.err(),
            };
            match failed {
                None | Some(Error::Overlap { .. }) => {}
                Some(error) => may_fail(&error),
            }
        }
        staged
    }

    /// Tries until it knows, or a few times.
    async fn commits(&mut self, mut staged: Volume<Staged>) {
        for _ in 0..6 {
            let n = self.ledger.begin(&self.world, &staged).await;
            let CommitError { source, staged: back, .. } =
                match staged.commit(metadata! { "n": n }).await {
                    Ok(volume) => {
                        self.world.note(format!("{} attempt {n}: done", self.name));
                        let id = volume.snapshot_id().get();
                        return self.ledger.tell(n, Told::Committed(id));
                    }
                    Err(failed) => failed,
                };
            self.world.note(format!("{} attempt {n}: {source}", self.name));
            staged = back;
            let told = match source {
                // To ask, or simply to commit again: both are right.
                Error::CommitUnknown { token, .. } if self.random.chance(0.5) => {
                    Told::Unknown(token)
                }
                Error::CommitUnknown { token, .. } => {
                    resolve(&self.world, self.name, &staged, token).await
                }
                Error::Expired { id, .. } => Told::Committed(id.get()),
                Error::Overlap { .. } | Error::Conflict { .. } | Error::Condemned { .. } => {
                    return self.ledger.tell(n, Told::Not);
                }
                error => {
                    assert!(error.is_retryable(), "{error:?}");
                    Told::Not
                }
            };
            let is_over = told.committed().is_some();
            self.ledger.tell(n, told);
            if is_over {
                return;
            }
            self.pauses(2000).await;
        }
    }

    async fn pauses(&mut self, millis: u64) {
        sleep(Duration::from_millis(self.random.below(millis))).await;
    }
}

/// Asks a few times what has become of it.
pub async fn resolve<S: lode::State>(
    world: &World,
    name: &str,
    volume: &Volume<S>,
    token: Box<lode::CommitToken>,
) -> Told {
    for _ in 0..4 {
        let resolved = volume.resolve((*token).clone()).await;
        world.note(format!("{name} resolves snapshot {}: {}", token.id(), said(&resolved)));
        match resolved {
            Ok(Some(snapshot)) => return Told::Committed(snapshot.snapshot_id().get()),
            Ok(None) => return Told::Not,
            Err(Error::Expired { id, .. }) => return Told::Committed(id.get()),
            Err(Error::CommitUnknown { .. }) => {}
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    Told::Unknown(token)
}

/// Lets snapshots expire, and cleans up, with little patience and with much.
pub async fn keeps(world: World, rounds: u64) {
    let store = world.process("keeper").store().clone();
    let mut random = world.random("keeper's choices");
    for _ in 0..rounds {
        sleep(pause(&mut random)).await;
        let Ok(volume) = Volume::open(&store, "v").await else { continue };
        if random.chance(0.5) {
            let expired = volume.expire(Retain::last(1 + random.below(3) as u32)).await;
            world.note(format!("keeper lets expire: {}", said(&expired)));
            keeper_may_fail(expired.err());
        } else {
            let cleaned = volume.gc().older_than(patience(&mut random)).await;
            world.note(format!("keeper cleans up: {}", said(&cleaned)));
            keeper_may_fail(cleaned.err());
        }
    }
}

/// Reads the newest snapshot, again and again, and older ones.
pub async fn reads(world: World, ledger: Ledger, rounds: u64, is_calm: bool) {
    let process = world.process("reader");
    let mut random = world.random("reader's choices");
    let mut newest = 0;
    for _ in 0..rounds {
        sleep(Duration::from_millis(random.below(4000))).await;
        let acknowledged = ledger.acknowledged();
        let latest = match Volume::open(process.store(), "v").await {
            Ok(latest) => latest,
            Err(error) => {
                may_fail(&error);
                continue;
            }
        };
        let head = latest.snapshot_id().get();
        assert!(head >= newest, "the head was {newest}, and is {head}");
        assert!(head >= acknowledged, "{acknowledged} was acknowledged, and {head} is the head");
        newest = head;
        let older = VolumeSnapshotId::new(1 + random.below(head)).unwrap();
        let older = latest.snapshot(older).await;
        for volume in [Ok(latest), older] {
            let found = match volume {
                Ok(volume) => content(&volume).await.map(|found| (volume, found)),
                Err(error) => Err(error),
            };
            match found {
                Ok((volume, found)) => ledger.see(volume.snapshot_id().get(), found),
                Err(error) => {
                    assert!(!is_calm || !error.is_corrupt(), "{error:?}");
                    may_fail(&error);
                }
            }
        }
    }
}

/// Everything that a snapshot shows.
pub async fn content(volume: &Volume<Committed>) -> lode::Result<Content> {
    let mut content = vec![None; LEN as usize];
    for range in volume.coverage() {
        let bytes = volume.read_at(range.clone()).await?;
        for (at, byte) in range.zip(bytes) {
            content[at as usize] = Some(byte);
        }
    }
    Ok(content)
}
