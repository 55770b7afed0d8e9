//! The ways to write, each as one call that can be repeated, and what must be true after it.

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use lode::codec::Auto;
use lode::layout::Layout;
use lode::{
    Blob, CommitToken, Dataset, HiveLayout, Limits, Result, Snapshot, Store, Transaction, metadata,
};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::io::AsyncWriteExt;

use crate::support::rows::numbers;
use crate::support::{Row, memory, rows};

/// A builder, with the key if there is one.
macro_rules! keyed {
    ($builder:expr, $key:expr) => {{
        let builder = $builder;
        match $key {
            Some(key) => builder.idempotency_key(key),
            None => builder,
        }
    }};
}

/// A way to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Write,
    Append,
    ReplacePartitions,
    StreamWriteRecords,
    StreamAppend,
    RecordWriter,
    Transact,
    TransactAppend,
    WriteBlob,
    StreamWriteBlob,
}

use Way::*;

/// A way to write, with its settings.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub way: Way,
    pub hive: bool,
    /// In parts, with few open files.
    pub parts: bool,
    pub key: Option<&'static str>,
}

/// Every way to write, plain and partitioned, whole and in parts.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for parts in [false, true] {
        for hive in [false, true] {
            for way in [Write, Append, StreamWriteRecords, StreamAppend, RecordWriter] {
                cases.push(Case { way, hive, parts, key: None });
            }
            for way in [Transact, TransactAppend] {
                cases.push(Case { way, hive, parts, key: None });
            }
        }
        cases.push(Case { way: ReplacePartitions, hive: true, parts, key: None });
        for way in [WriteBlob, StreamWriteBlob] {
            cases.push(Case { way, hive: false, parts, key: None });
        }
    }
    cases
}

/// The dataset of all cases.
pub const ID: &str = "things";

/// The attachment of a transaction.
const ATTACHED: &str = "notes/side car.txt";

fn sidecar() -> Vec<u8> {
    b"beside the records ".repeat(70)
}

/// The head before.
pub const OLD: u64 = 2;

impl Case {
    pub fn is_blob(self) -> bool {
        matches!(self.way, WriteBlob | StreamWriteBlob)
    }

    /// A store with two snapshots.
    pub async fn history(self) -> InMemory {
        let inner = memory();
        let store = Store::from(Arc::clone(&inner) as Arc<dyn ObjectStore>);
        if self.is_blob() {
            let dataset = Dataset::<Blob>::new(&store, ID).unwrap();
            for id in 1..=OLD {
                dataset.write(self.bytes(id), metadata! {}).await.unwrap();
            }
        } else if self.hive {
            fill(Dataset::<Row>::new(&store, ID).unwrap().layout(HiveLayout)).await;
        } else {
            fill(Dataset::<Row>::new(&store, ID).unwrap()).await;
        }
        inner.fork()
    }

    /// The write itself, by a new handle.
    pub fn run(self, store: &Store) -> BoxFuture<'static, Result<u64>> {
        let store = store.clone();
        async move {
            if self.is_blob() {
                self.blob(Dataset::new(&store, ID)?.limits(self.limits())).await
            } else if self.hive {
                let dataset = Dataset::<Row>::new(&store, ID)?.layout(HiveLayout);
                let dataset = dataset.limits(self.limits());
                match self.way {
                    ReplacePartitions => {
                        let new = self.new_rows();
                        let mut write = dataset.replace_partitions(&new, metadata! {});
                        if let Some(key) = self.key {
                            write = write.idempotency_key(key);
                        }
                        Ok(write.await?.id().get())
                    }
                    _ => self.records(dataset).await,
                }
            } else {
                self.records(Dataset::<Row>::new(&store, ID)?.limits(self.limits())).await
            }
        }
        .boxed()
    }

    async fn records<L: Layout<Row>>(self, dataset: Dataset<Row, Auto, L>) -> Result<u64> {
        let new = self.new_rows();
        let key = self.key;
        let snapshot = match self.way {
            Write => keyed!(dataset.write(&new, metadata! {}), key).await?,
            Append => keyed!(dataset.append(&new, metadata! {}), key).await?,
            StreamWriteRecords => {
                keyed!(dataset.stream_write_records(new, metadata! {}), key).await?
            }
            StreamAppend => {
                let source = futures::stream::iter(new).map(Ok::<_, std::io::Error>);
                keyed!(dataset.stream_write_records(source, metadata! {}).append(), key).await?
            }
            RecordWriter => {
                let mut writer = keyed!(dataset.record_writer(metadata! {}), key).await?;
                for row in &new {
                    writer.push(row).await?;
                }
                writer.commit().await?
            }
            Transact => self.transact(keyed!(dataset.begin(metadata! {}), key).await?).await?,
            TransactAppend => {
                self.transact(keyed!(dataset.begin(metadata! {}), key).append().await?).await?
            }
            ReplacePartitions | WriteBlob | StreamWriteBlob => unreachable!("not here"),
        };
        Ok(snapshot.id().get())
    }

    /// Two writers at once, and an attachment.
    async fn transact(self, transaction: Transaction<Row>) -> Result<Snapshot<Row>> {
        let new = self.new_rows();
        let (one, two) = new.split_at(15);
        let (writer, sidecar) = (transaction.writer(), sidecar());
        let staged = tokio::join!(
            transaction.write(one),
            writer.stream_write_records(two.to_vec()),
            writer.attach(ATTACHED, &sidecar),
        );
        match staged.0.and(staged.1).and(staged.2) {
            Ok(()) => transaction.commit().await,
            Err(error) => {
                transaction.abort().await;
                Err(error)
            }
        }
    }

    async fn blob(self, dataset: Dataset<Blob>) -> Result<u64> {
        let bytes = self.bytes(OLD + 1);
        let snapshot = match self.way {
            WriteBlob => keyed!(dataset.write(bytes, metadata! {}), self.key).await?,
            _ => {
                let opening = keyed!(dataset.stream_write(metadata! {}), self.key);
                let mut writer = opening.await?;
                if let Err(error) = writer.write_all(bytes).await {
                    // The writer has failed: a commit must not succeed any more.
                    let committed = writer.commit().await;
                    assert!(committed.is_err(), "{committed:?} after {error}");
                    return committed.map(|snapshot| snapshot.id().get());
                }
                writer.commit().await?
            }
        };
        Ok(snapshot.id().get())
    }

    fn limits(self) -> Limits {
        match (self.parts, self.is_blob()) {
            (false, _) => Limits::default(),
            (true, true) => Limits { part_bytes: 400_000, ..Limits::default() },
            (true, false) => Limits { part_bytes: 500, open_files: 1, ..Limits::default() },
        }
    }

    fn new_rows(self) -> Vec<Row> {
        let mut new = rows(100..140);
        match self.way {
            ReplacePartitions => new.retain(|row| row.kind == "red"),
            _ => new.sort_by(|a, b| (&a.kind, a.n).cmp(&(&b.kind, b.n))),
        }
        new
    }

    /// The bytes of blob snapshot `id`: in parts, more than a writer holds back until its commit.
    fn bytes(self, id: u64) -> &'static [u8] {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        let bytes = BYTES.get_or_init(|| (0..1_300_000_u64).map(|n| (n * n / 7) as u8).collect());
        if id > OLD + 1 {
            return b"next";
        }
        let len = if self.parts && id > OLD { bytes.len() - 3 } else { 1000 };
        &bytes[id as usize..][..len]
    }

    /// What snapshot `id` must hold.
    fn expected(self, id: u64) -> Vec<u64> {
        let new = self.new_rows().into_iter().map(|row| row.n);
        if id > OLD + 1 {
            return self.expected(OLD + 1).into_iter().chain(900..903).collect();
        }
        let mut expected: Vec<u64> = match (id, self.way) {
            (1, _) => (0..10).collect(),
            (2, _) => (0..20).collect(),
            (_, Append | StreamAppend | TransactAppend) => (0..20).chain(new).collect(),
            (_, ReplacePartitions) => (0..20).filter(|n| n % 3 != 0).chain(new).collect(),
            _ => new.collect(),
        };
        expected.sort_unstable();
        expected
    }

    /// Reads everything by a new handle, verified; the head.
    pub async fn check(self, inner: &Arc<dyn ObjectStore>) -> u64 {
        let store = Store::from(Arc::clone(inner));
        if self.is_blob() {
            let dataset = Dataset::<Blob>::new(&store, ID).unwrap();
            let head = dataset.latest().await.unwrap().unwrap().id().get();
            let all: Vec<_> = dataset.history().try_collect().await.unwrap();
            for snapshot in &all {
                let expected = self.bytes(snapshot.id().get());
                assert!(dataset.read_blob(snapshot).await.unwrap() == expected);
            }
            assert_eq!(ids(&all.iter().map(|s| s.id().get()).collect::<Vec<_>>()), head);
            head
        } else if self.hive {
            self.check_rows(Dataset::<Row>::new(&store, ID).unwrap().layout(HiveLayout)).await
        } else {
            self.check_rows(Dataset::<Row>::new(&store, ID).unwrap()).await
        }
    }

    async fn check_rows<L: Layout<Row> + Sync>(self, dataset: Dataset<Row, Auto, L>) -> u64 {
        let head = dataset.latest().await.unwrap().unwrap().id().get();
        let all: Vec<_> = dataset.history().try_collect().await.unwrap();
        for snapshot in &all {
            let found = numbers(&dataset, snapshot).await.unwrap();
            assert_eq!(found, self.expected(snapshot.id().get()), "snapshot {}", snapshot.id());
            let has_sidecar =
                snapshot.id().get() == OLD + 1 && matches!(self.way, Transact | TransactAppend);
            match has_sidecar {
                true => {
                    let found = dataset.attachment(snapshot, ATTACHED).await.unwrap();
                    assert_eq!(found, sidecar());
                }
                false => assert_eq!(snapshot.attachments(), []),
            }
        }
        assert_eq!(ids(&all.iter().map(|s| s.id().get()).collect::<Vec<_>>()), head);
        head
    }

    /// Settles a token; whether it is committed.
    pub async fn resolve(self, store: &Store, token: CommitToken) -> Result<Option<u64>> {
        let text = serde_json::to_string(&token).unwrap();
        let token = serde_json::from_str(&text).unwrap();
        if self.is_blob() {
            let found = Dataset::<Blob>::new(store, ID)?.resolve(token).await?;
            Ok(found.map(|snapshot| snapshot.id().get()))
        } else if self.hive {
            let dataset = Dataset::<Row>::new(store, ID)?.layout(HiveLayout);
            Ok(dataset.resolve(token).await?.map(|snapshot| snapshot.id().get()))
        } else {
            let found = Dataset::<Row>::new(store, ID)?.resolve(token).await?;
            Ok(found.map(|snapshot| snapshot.id().get()))
        }
    }

    /// The next write, which must succeed.
    pub async fn next(self, store: &Store) -> u64 {
        if self.is_blob() {
            let dataset = Dataset::<Blob>::new(store, ID).unwrap();
            dataset.write(self.bytes(OLD + 2), metadata! {}).await.unwrap().id().get()
        } else if self.hive {
            let dataset = Dataset::<Row>::new(store, ID).unwrap().layout(HiveLayout);
            dataset.append(&rows(900..903), metadata! {}).await.unwrap().id().get()
        } else {
            let dataset = Dataset::<Row>::new(store, ID).unwrap();
            dataset.append(&rows(900..903), metadata! {}).await.unwrap().id().get()
        }
    }
}

async fn fill<L: Layout<Row>>(dataset: Dataset<Row, Auto, L>) {
    dataset.write(&rows(0..10), metadata! {}).await.unwrap();
    dataset.append(&rows(10..20), metadata! {}).await.unwrap();
}

/// The newest of these ids, which must be all from 1 on.
fn ids(newest_first: &[u64]) -> u64 {
    let head = newest_first.len() as u64;
    assert_eq!(newest_first, (1..=head).rev().collect::<Vec<_>>());
    head
}
