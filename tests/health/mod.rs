//! Restoring, expiring, cleaning up and verifying, of datasets and of volumes.
#![allow(clippy::single_range_in_vec_init)]

mod expire;
mod faults;
mod gc;
mod gc_races;
mod machine;
mod restore;
mod verify;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lode::ambient::{Clock, SystemClock};
use lode::{Committed, Dataset, SnapshotId, Store, Volume, VolumeSnapshotId};
use object_store::ObjectStore;

use crate::support::{FaultStore, Row, contents, memory};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The machine's clock, some hours ahead: what a memory store calls the time of a put is not set.
#[derive(Debug, Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::hours(self.0.load(Ordering::SeqCst))
    }
}

/// A memory store whose clock can be set ahead, and which can fail.
struct World {
    faulty: FaultStore,
    clock: Arc<Ahead>,
}

impl World {
    fn new() -> Self {
        Self { faulty: FaultStore::new(memory()), clock: Arc::default() }
    }

    fn inner(&self) -> &dyn ObjectStore {
        &**self.faulty.inner()
    }

    fn store(&self) -> Store {
        self.faulty.store().with_clock(Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    /// The same objects, by a process whose calls never fail.
    fn other(&self) -> Store {
        let inner = Store::from(Arc::clone(self.faulty.inner()));
        inner.with_clock(Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    /// It is so many hours later for all that is new.
    fn pass(&self, hours: i64) {
        self.clock.0.fetch_add(hours, Ordering::SeqCst);
    }

    fn dataset(&self) -> Dataset<Row> {
        Dataset::new(&self.store(), "d").unwrap()
    }

    /// The keys of all data objects, blocks and attachments.
    async fn data(&self) -> BTreeSet<String> {
        let is_data = |key: &String| {
            ["/data/", "/partitions/", "/attachments/"].iter().any(|folder| key.contains(folder))
        };
        contents(self.inner()).await.into_keys().filter(is_data).collect()
    }

    /// The keys of all lists of condemned objects.
    async fn lists(&self) -> usize {
        contents(self.inner()).await.keys().filter(|key| key.contains("/gc/")).count()
    }
}

fn id(number: u64) -> SnapshotId {
    SnapshotId::new(number).unwrap()
}

fn vid(number: u64) -> VolumeSnapshotId {
    VolumeSnapshotId::new(number).unwrap()
}

fn numbers(ids: &[SnapshotId]) -> Vec<u64> {
    ids.iter().map(|id| id.get()).collect()
}

/// The objects of a dataset's snapshot.
fn files<T>(snapshot: &lode::Snapshot<T>) -> BTreeSet<String> {
    snapshot.files().iter().map(|file| file.path.clone()).collect()
}

/// The objects of a volume's snapshot.
fn blocks(volume: &Volume<Committed>) -> BTreeSet<String> {
    volume.blocks().iter().map(|block| block.path.clone()).collect()
}
