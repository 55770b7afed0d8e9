//! One call of lode's, in each of the ways it can be made.

use futures::StreamExt;
use lode::codec::{Jsonl, Raw};
use lode::compress::{Gzip, Zstd};
use lode::layout::Layout;
use lode::manifest::Manifest;
use lode::{
    Blob, Checksum, Dataset, DefaultLayout, FlatLayout, HiveLayout, Limits, Metadata, OnConflict,
    OpenWriter, Result, Retry, SnapshotId, StreamWrite, Write,
};
use tokio::io::AsyncWriteExt;

use super::event::Event;
use super::reference::{Change, Content};
use super::steps::{Operation, Settings, Via};
use super::watch::Watch;

/// Handles of both datasets, as one process has them.
pub struct Handle<L: Arranged> {
    pub records: Dataset<Event, Jsonl, L>,
    pub blobs: Dataset<Blob, Raw, L::Blobs>,
    pub settings: Settings,
    pub watch: Watch,
}

/// A layout, with what only some have.
pub trait Arranged: Layout<Event> + Default {
    /// The layout of blobs beside it.
    type Blobs: Layout<Blob> + Default;
    const IS_HIVE: bool;
    /// Where the folders of manifests lie, of records and of blobs.
    const MANIFESTS: [&'static str; 2];
    /// Where everything of each dataset lies.
    const PREFIXES: [&'static str; 2];

    fn replace<'a>(
        dataset: &'a Dataset<Event, Jsonl, Self>,
        events: &'a [Event],
        metadata: Metadata,
    ) -> Write<'a, Event, Jsonl, Self> {
        dataset.append(events, metadata)
    }

    fn replacing(writer: OpenWriter<'_, Event, Self>) -> OpenWriter<'_, Event, Self> {
        writer
    }

    fn replacing_stream(write: StreamWrite<'_, Event, Self>) -> StreamWrite<'_, Event, Self> {
        write
    }
}

impl Arranged for DefaultLayout {
    type Blobs = Self;
    const IS_HIVE: bool = false;
    const MANIFESTS: [&'static str; 2] =
        ["datasets/events/snapshots/", "datasets/blobs/snapshots/"];
    const PREFIXES: [&'static str; 2] = ["datasets/events/", "datasets/blobs/"];
}

impl Arranged for FlatLayout {
    type Blobs = Self;
    const IS_HIVE: bool = false;
    const MANIFESTS: [&'static str; 2] = ["events/", "blobs/"];
    const PREFIXES: [&'static str; 2] = ["events/", "blobs/"];
}

impl Arranged for HiveLayout {
    type Blobs = DefaultLayout;
    const IS_HIVE: bool = true;
    const MANIFESTS: [&'static str; 2] = ["datasets/events/segments/", "datasets/blobs/snapshots/"];
    const PREFIXES: [&'static str; 2] = ["datasets/events/", "datasets/blobs/"];

    fn replace<'a>(
        dataset: &'a Dataset<Event, Jsonl, Self>,
        events: &'a [Event],
        metadata: Metadata,
    ) -> Write<'a, Event, Jsonl, Self> {
        dataset.replace_partitions(events, metadata)
    }

    fn replacing(writer: OpenWriter<'_, Event, Self>) -> OpenWriter<'_, Event, Self> {
        writer.replace_partitions()
    }

    fn replacing_stream(write: StreamWrite<'_, Event, Self>) -> StreamWrite<'_, Event, Self> {
        write.replace_partitions()
    }
}

impl<L: Arranged> Handle<L> {
    pub fn open(store: &lode::Store, watch: Watch, settings: Settings) -> Self {
        let (jsonl, raw) = (Jsonl::new(), Raw::new());
        let (jsonl, raw) = match settings.compression % 5 {
            0 => (jsonl, raw),
            1 => (jsonl.compress(Gzip::default()), raw.compress(Gzip::default())),
            2 => {
                let level = || Gzip::with_level(9).unwrap();
                (jsonl.compress(level()), raw.compress(level()))
            }
            3 => (jsonl.compress(Zstd::default()), raw.compress(Zstd::default())),
            _ => {
                let level = || Zstd::with_level(-3).unwrap();
                (jsonl.compress(level()), raw.compress(level()))
            }
        };
        let checksum = match settings.checksum % 5 {
            0 => Some(Checksum::Xxh3_128),
            1 => None,
            2 => Some(Checksum::Md5),
            3 => Some(Checksum::Sha256),
            _ => Some(Checksum::Blake3),
        };
        let policy = match settings.fail_on_conflict {
            true => OnConflict::Fail,
            false => OnConflict::Retry(Retry {
                attempts: 3,
                base_delay: std::time::Duration::from_micros(10),
                ..Retry::default()
            }),
        };
        let limits = limits(settings.limits);
        let records = Dataset::<Event>::new(store, "events")
            .unwrap()
            .layout(L::default())
            .codec(jsonl)
            .checksum(checksum)
            .on_conflict(policy.clone())
            .limits(limits.clone());
        let blobs = Dataset::<Blob>::new(store, "blobs")
            .unwrap()
            .layout(L::Blobs::default())
            .codec(raw)
            .checksum(checksum)
            .on_conflict(policy)
            .limits(limits);
        Self { records, blobs, settings, watch }
    }

    /// Makes the call. `None` if it was given up by its caller.
    pub async fn perform(&self, via: Via, change: &Change) -> Result<Option<Manifest>> {
        match &change.content {
            Content::Records(events) => self.write_records(via, change, events).await,
            Content::Blob(bytes) => self.write_blob(via, change, bytes).await,
        }
    }

    async fn write_records(
        &self,
        via: Via,
        change: &Change,
        events: &[Event],
    ) -> Result<Option<Manifest>> {
        let dataset = &self.records;
        let metadata = Metadata::of(&change.metadata)?;
        let snapshot = match via {
            Via::Batch => {
                let mut write = match change.operation {
                    Operation::Write => dataset.write(events, metadata),
                    Operation::Append => dataset.append(events, metadata),
                    Operation::ReplacePartitions => L::replace(dataset, events, metadata),
                };
                if let Some(expected) = change.expect {
                    write = write.expect_head(expected.map(id));
                }
                if let Some(key) = &change.key {
                    write = write.idempotency_key(key);
                }
                write.await?
            }
            Via::Iterator | Via::Stream | Via::BrokenStream => {
                let mut write = match via {
                    Via::Iterator => dataset.stream_write_records(events.iter().cloned(), metadata),
                    Via::Stream => {
                        let source = futures::stream::iter(events.to_vec());
                        dataset.stream_write_records(source.map(Ok::<_, BrokenSource>), metadata)
                    }
                    _ => {
                        let rows = events.iter().cloned().map(Ok::<_, BrokenSource>);
                        let source: Vec<_> = rows.chain([Err(BrokenSource)]).collect();
                        dataset.stream_write_records(source, metadata)
                    }
                };
                write = match change.operation {
                    Operation::Write => write,
                    Operation::Append => write.append(),
                    Operation::ReplacePartitions => L::replacing_stream(write),
                };
                if let Some(expected) = change.expect {
                    write = write.expect_head(expected.map(id));
                }
                if let Some(key) = &change.key {
                    write = write.idempotency_key(key);
                }
                write.await?
            }
            Via::Writer | Via::AbortedWriter | Via::DroppedWriter => {
                let mut writer = dataset.record_writer(metadata);
                writer = match change.operation {
                    Operation::Write => writer,
                    Operation::Append => writer.append(),
                    Operation::ReplacePartitions => L::replacing(writer),
                };
                if let Some(expected) = change.expect {
                    writer = writer.expect_head(expected.map(id));
                }
                if let Some(key) = &change.key {
                    writer = writer.idempotency_key(key);
                }
                let mut writer = writer.await?;
                for event in events {
                    writer.push(event).await?;
                }
                match via {
                    Via::Writer => writer.commit().await?,
                    Via::AbortedWriter => {
                        writer.abort().await;
                        return Ok(None);
                    }
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some(snapshot.manifest().clone()))
    }

    async fn write_blob(
        &self,
        via: Via,
        change: &Change,
        bytes: &[u8],
    ) -> Result<Option<Manifest>> {
        let metadata = Metadata::of(&change.metadata)?;
        if via == Via::Batch {
            let mut write = self.blobs.write(bytes, metadata);
            if let Some(expected) = change.expect {
                write = write.expect_head(expected.map(id));
            }
            if let Some(key) = &change.key {
                write = write.idempotency_key(key);
            }
            return Ok(Some(write.await?.manifest().clone()));
        }
        let mut writer = self.blobs.stream_write(metadata);
        if let Some(expected) = change.expect {
            writer = writer.expect_head(expected.map(id));
        }
        if let Some(key) = &change.key {
            writer = writer.idempotency_key(key);
        }
        let mut writer = writer.await?;
        for chunk in bytes.chunks(70_001) {
            writer.write_all(chunk).await.unwrap();
        }
        match via {
            Via::DroppedWriter => Ok(None),
            Via::AbortedWriter | Via::BrokenStream => {
                writer.abort().await;
                Ok(None)
            }
            _ => Ok(Some(writer.commit().await?.manifest().clone())),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no more")]
struct BrokenSource;

/// One of several small limits, and sometimes the usual ones.
fn limits(choice: u8) -> Limits {
    let pick = |shift: u8, of: u8| usize::from((choice >> shift) % of);
    let usual = Limits::default();
    Limits {
        target_file_bytes: [1, 40_000, usual.target_file_bytes][pick(0, 3)],
        part_bytes: [1_000, 100_000, 300_000, usual.part_bytes][pick(1, 4)],
        parts_in_flight: [1, 3][pick(2, 2)],
        open_files: [1, 2, 64][pick(3, 3)],
        buffered_bytes: [0, 10_000, usual.buffered_bytes][pick(4, 3)],
        read_concurrency: [1, 4][pick(5, 2)],
        ..usual
    }
}

fn id(number: u64) -> SnapshotId {
    SnapshotId::new(number).unwrap()
}
