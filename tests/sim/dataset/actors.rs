//! What the processes do.

use std::time::Duration;

use lode::testing::Random;
use lode::testing::faults::{Class, Fault, Op, Rule};
use lode::testing::sim::{Process, World};
use lode::{Dataset, Error, Limits, Retain, SnapshotId, codec::Auto, metadata};
use tokio::time::{sleep, timeout};

use super::ledger::{Kind, Ledger, records_of};
use crate::sim::{DAY, Told, keeper_may_fail, may_fail, patience, pause, said};
use crate::support::Row;
use crate::support::rows::numbers;

pub type Rowset = Dataset<Row, Auto>;

/// The dataset, as this process has it open: its files go up in parts.
pub fn open(process: &Process) -> Rowset {
    let limits = Limits { part_bytes: 150, ..Limits::default() };
    Dataset::<Row>::new(process.store(), "d").unwrap().limits(limits)
}

/// One who writes.
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

    /// Appends and replaces, one after the other.
    pub async fn works(mut self, writes: u64) {
        let dataset = open(&self.process());
        for _ in 0..writes {
            sleep(Duration::from_millis(self.random.below(3000))).await;
            let append = self.random.chance(0.8);
            let n = self.ledger.begin(if append { Kind::Append } else { Kind::Replace });
            self.write(&dataset, n).await;
        }
    }

    /// Falls asleep, for days, within a write.
    pub async fn sleeps(mut self) {
        let (op, class) = match self.random.below(4) {
            0 => (Op::Create, Class::Manifest),
            1 => (Op::Put, Class::Data),
            2 => (Op::Complete, Class::Data),
            _ => (Op::Get, Class::Manifest),
        };
        let days = Duration::from_secs(DAY * (1 + self.random.below(4)));
        let skip = self.random.below(2) as usize;
        self.process().faults().rule(Rule::on(op, class, Fault::Delay(days)).skip(skip));
        self.works(1).await;
    }

    /// Gives up waiting, and then tries again.
    pub async fn loses_patience(mut self) {
        let dataset = open(&self.process());
        let n = self.ledger.begin(Kind::Append);
        for _ in 0..2 {
            let patience = Duration::from_millis(self.random.below(600));
            let records = records_of(n);
            let append = dataset.append(&records, metadata! { "n": n });
            let append = async { append.idempotency_key(n.to_string()).await };
            let _ = timeout(patience, append).await;
        }
        self.write(&dataset, n).await;
        // If it was told at the end that nothing was committed, that was of the last call only.
        if matches!(self.ledger.inner().attempts[n as usize].told, Told::Not) {
            self.ledger.tell(n, Told::Nothing);
        }
    }

    /// Is killed.
    pub async fn dies(mut self) {
        let process = self.process();
        let life = Duration::from_millis(self.random.below(1500));
        let _ = timeout(life, self.works(3)).await;
        process.faults().kill();
    }

    /// Tries until it knows, or a few times.
    async fn write(&mut self, dataset: &Rowset, n: u64) {
        let kind = self.ledger.inner().attempts[n as usize].kind;
        for _ in 0..6 {
            // It may be killed in this one, whatever it was told of those before.
            self.ledger.tell(n, Told::Nothing);
            let told = self.attempt(dataset, n, kind).await;
            let again = matches!(told, Told::Not) && kind == Kind::Append;
            self.ledger.tell(n, told);
            if !again {
                return;
            }
            sleep(Duration::from_millis(self.random.below(2000))).await;
        }
    }

    /// Makes the newest snapshot one with the content of an older one.
    pub async fn restores(mut self, times: u64) {
        let dataset = open(&self.process());
        for _ in 0..times {
            sleep(Duration::from_secs(self.random.below(DAY))).await;
            let of = 1 + self.random.below(self.ledger.acknowledged().max(1));
            let n = self.ledger.begin(Kind::Restore(of));
            self.write(&dataset, n).await;
        }
    }

    /// What came of one call.
    async fn attempt(&mut self, dataset: &Rowset, n: u64, kind: Kind) -> Told {
        let (records, key) = (records_of(n), n.to_string());
        let metadata = metadata! { "n": n };
        let written = match kind {
            Kind::Append => dataset.append(&records, metadata).idempotency_key(key).await,
            Kind::Replace => dataset.write(&records, metadata).idempotency_key(key).await,
            Kind::Restore(of) => {
                let of = SnapshotId::new(of).unwrap();
                dataset.restore(of, metadata).idempotency_key(key).await
            }
        };
        self.world.note(format!("{} attempt {n}: {}", self.name, said(&written)));
        match (written, kind) {
            (Ok(snapshot), _) => Told::Committed(snapshot.id().get()),
            (Err(Error::CommitUnknown { token, .. }), _) => {
                resolve(&self.world, self.name, dataset, token).await
            }
            (Err(Error::Expired { id, .. }), Kind::Restore(of)) if id.get() == of => Told::Not,
            // It has the key, so it is this write.
            (Err(Error::Expired { id, .. }), _) => Told::Committed(id.get()),
            (Err(Error::SnapshotNotFound { .. }), Kind::Restore(_)) => Told::Not,
            (Err(error), _) => {
                assert!(error.is_retryable() || error.is_conflict(), "{error:?}");
                Told::Not
            }
        }
    }
}

/// Asks a few times what has become of it.
pub async fn resolve(
    world: &World,
    name: &str,
    dataset: &Rowset,
    token: Box<lode::CommitToken>,
) -> Told {
    for _ in 0..4 {
        let resolved = dataset.resolve((*token).clone()).await;
        world.note(format!("{name} resolves snapshot {}: {}", token.id(), said(&resolved)));
        match resolved {
            Ok(Some(snapshot)) => return Told::Committed(snapshot.id().get()),
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
    let dataset = open(&world.process("keeper"));
    let mut random = world.random("keeper's choices");
    for _ in 0..rounds {
        sleep(pause(&mut random)).await;
        if random.chance(0.5) {
            let expired = dataset.expire(Retain::last(1 + random.below(3) as u32)).await;
            world.note(format!("keeper lets expire: {}", said(&expired)));
            keeper_may_fail(expired.err());
        } else {
            let cleaned = dataset.gc().older_than(patience(&mut random)).await;
            world.note(format!("keeper cleans up: {}", said(&cleaned)));
            keeper_may_fail(cleaned.err());
        }
    }
}

/// Reads the newest snapshot, again and again, and older ones.
pub async fn reads(world: World, ledger: Ledger, rounds: u64, is_calm: bool) {
    let dataset = open(&world.process("reader"));
    let mut random = world.random("reader's choices");
    let mut newest = 0;
    for _ in 0..rounds {
        sleep(Duration::from_millis(random.below(4000))).await;
        let acknowledged = ledger.acknowledged();
        let latest = match dataset.latest().await {
            Ok(latest) => latest,
            Err(error) => {
                may_fail(&error);
                continue;
            }
        };
        let head = latest.as_ref().map_or(0, |snapshot| snapshot.id().get());
        assert!(head >= newest, "the head was {newest}, and is {head}");
        assert!(head >= acknowledged, "{acknowledged} was acknowledged, and {head} is the head");
        newest = head;
        let Some(latest) = latest else { continue };
        let older = SnapshotId::new(1 + random.below(head)).unwrap();
        for snapshot in [Ok(latest), dataset.snapshot(older).await] {
            let snapshot = match snapshot {
                Ok(snapshot) => snapshot,
                Err(error) => {
                    may_fail(&error);
                    continue;
                }
            };
            match numbers(&dataset, &snapshot).await {
                Ok(found) => ledger.see(snapshot.id().get(), found.into_iter().collect()),
                Err(error) => {
                    assert!(!is_calm || !error.is_corrupt(), "{error:?}");
                    may_fail(&error);
                }
            }
        }
    }
}
