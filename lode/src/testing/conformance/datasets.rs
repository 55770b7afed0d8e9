//! Datasets of records.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;

use super::{Outcome, checks, ensure, ensure_eq};
use crate::{
    Blob, Catalog, Codec, Dataset, DatasetId, HiveLayout, Limits, Record, Snapshot, Store,
    VerifyLevel, metadata,
};
#[cfg(feature = "gzip")]
use crate::{codec::Jsonl, compress::Gzip};

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, Record)]
#[lode(crate = crate)]
pub(super) struct Reading {
    pub(super) n: u64,
    #[lode(timestamp)]
    at: DateTime<Utc>,
    #[lode(partition)]
    place: String,
}

pub(super) fn readings(numbers: std::ops::Range<u64>) -> Vec<Reading> {
    numbers.map(|n| reading(n, ["roof", "cellar", "garden"][n as usize % 3])).collect()
}

fn reading(n: u64, place: &str) -> Reading {
    let at = DateTime::UNIX_EPOCH + chrono::TimeDelta::milliseconds(n as i64);
    Reading { n, at, place: place.to_owned() }
}

fn dataset(store: &Store) -> crate::Result<Dataset<Reading>> {
    Dataset::new(store, "readings")
}

checks! {
    /// A write is a snapshot that reads back, by every handle; the next one changes nothing of it.
    write_and_read => write_and_read_body;
    /// An append has its parent's records and its own.
    append => append_body;
    /// Records that come as a stream go into several files, larger ones in parts, and come back in order.
    record_streams => record_streams_body;
    /// Whatever codec and compression the records have, they are appended to, scanned and verified.
    codecs => codecs_body;
    /// Partitions with any name are written, filtered by, and replaced one by one.
    partitions => partitions_body;
    /// A snapshot is found by its time.
    times => times_body;
    /// What has an idempotency key is committed once.
    idempotency => idempotency_body;
    /// Datasets and volumes whose names begin alike do not see each other, and are listed.
    neighbours => neighbours_body;
}

async fn write_and_read_body(store: Store) -> Outcome {
    let writer = dataset(&store)?;
    ensure!(writer.latest().await?.is_none(), "there is a snapshot before the first write");
    ensure_eq!(writer.snapshots().await?, [], "snapshots before the first write");
    let (one, two) = (readings(0..100), readings(100..103));
    let first = writer.write(&one, metadata! { "n": 1, "text": "ä/\"%" }).await?;
    let second = writer.write(&two, metadata! { "n": 2 }).await?;
    let nothing = writer.write(&[], metadata! {}).await?;
    ensure_eq!([&first, &second, &nothing].map(|s| s.id().get()), [1, 2, 3], "ids");

    for reader in [writer, dataset(&store)?] {
        ensure_eq!(reader.latest().await?, Some(nothing.clone()), "the newest snapshot");
        let found = reader.snapshot(first.id()).await?;
        ensure_eq!(found, first, "snapshot 1");
        ensure_eq!(found.metadata(), first.metadata(), "its metadata");
        ensure_eq!(found.files(), first.files(), "its files");
        ensure_eq!(reader.read(&found).await?, one, "its records");
        ensure_eq!(reader.read(&second).await?, two, "the records of snapshot 2");
        ensure_eq!(reader.read(&nothing).await?, [], "the records of an empty snapshot");
        let ids = [first.id(), second.id(), nothing.id()];
        ensure_eq!(reader.snapshots().await?, ids, "snapshots");
        let history: Vec<Snapshot<Reading>> = reader.history().try_collect().await?;
        ensure_eq!(history, [nothing.clone(), second.clone(), first.clone()], "the history");
        let absent = match reader.snapshot(nothing.id().next()?).await {
            Err(error) => error.is_not_found(),
            Ok(_) => false,
        };
        ensure!(absent, "a snapshot that nobody wrote is found");
    }
    Ok(())
}

async fn append_body(store: Store) -> Outcome {
    let writer = dataset(&store)?;
    let mut expected = Vec::new();
    for n in 0..5 {
        let own = readings(n * 10..n * 10 + 10);
        let snapshot = writer.append(&own, metadata! {}).await?;
        expected.extend(own);
        ensure_eq!(dataset(&store)?.read(&snapshot).await?, expected, "after an append");
        ensure_eq!(snapshot.row_count(), expected.len() as u64, "the number of records");
    }
    let chain: Vec<_> = writer.history().try_collect().await?;
    let (Some(newest), Some(oldest)) = (chain.first(), chain.last()) else {
        return Err("there is no history".into());
    };
    let added = writer.stream_added(oldest).await?;
    let records: Vec<Reading> = added.records.try_collect().await?;
    ensure_eq!(records, expected[10..], "what was added since the first");
    ensure_eq!(added.snapshot, *newest, "up to which snapshot");
    ensure_eq!(writer.read(oldest).await?, readings(0..10), "the first snapshot");
    Ok(())
}

async fn record_streams_body(store: Store) -> Outcome {
    let limits = Limits { target_file_bytes: 9 << 20, part_bytes: 5 << 20, ..Limits::default() };
    let writer = dataset(&store)?.limits(limits);
    let records = || readings(0..200_000);
    let snapshot = writer.stream_write_records(records(), metadata! {}).await?;
    ensure!(snapshot.files().len() > 1, "{} file", snapshot.files().len());
    let found: Vec<Reading> = dataset(&store)?.stream(&snapshot).try_collect().await?;
    ensure!(found == records(), "other records came back");

    let mut pushed = writer.record_writer(metadata! {}).append().await?;
    for record in readings(200_000..200_010) {
        pushed.push(&record).await?;
    }
    let longer = pushed.commit().await?;
    ensure_eq!(longer.row_count(), 200_010, "the number of records");
    let mut dropped = writer.record_writer(metadata! {}).await?;
    dropped.push(&reading(1, "roof")).await?;
    dropped.abort().await;
    ensure_eq!(writer.latest().await?, Some(longer), "the newest snapshot after an abort");
    Ok(())
}

async fn codecs_body(store: Store) -> Outcome {
    let named = |name: &str| Dataset::<Reading>::new(&store, name);
    go_through(named("jsonl")?).await?;
    #[cfg(feature = "gzip")]
    go_through(named("gzip")?.codec(Jsonl::new().compress(Gzip::default()))).await?;
    #[cfg(feature = "bincode")]
    go_through(named("bincode")?.codec(crate::codec::Bincode::new())).await?;
    #[cfg(feature = "postcard")]
    go_through(named("postcard")?.codec(crate::codec::Postcard::new())).await?;
    #[cfg(feature = "parquet")]
    go_through(named("parquet")?.codec(crate::codec::Parquet::new())).await?;
    // Files of one codec are no hindrance to another.
    #[cfg(feature = "postcard")]
    {
        named("mixed")?.append(&readings(0..10), metadata! {}).await?;
        let mixed = named("mixed")?.codec(crate::codec::Postcard::new());
        let both = mixed.append(&readings(10..20), metadata! {}).await?;
        ensure_eq!(both.manifest().codec.as_deref(), Some("mixed"), "the codec of two");
        ensure_eq!(mixed.read(&both).await?, readings(0..20), "records of two codecs");
    }
    Ok(())
}

async fn go_through<C: Codec<Reading>>(dataset: Dataset<Reading, C>) -> Outcome {
    let name = dataset.id().to_string();
    let first = dataset.write(&readings(0..5_000), metadata! {}).await?;
    let second = dataset.append(&readings(5_000..5_100), metadata! {}).await?;
    ensure!(dataset.read(&first).await? == readings(0..5_000), "{name}: other records came back");
    let streamed: Vec<Reading> = dataset.stream(&second).try_collect().await?;
    ensure!(streamed == readings(0..5_100), "{name}: other records came as a stream");

    let columns = Reading::columns();
    let wanted = columns.n.ge(4_990_u64) & columns.place.eq("roof");
    let expected: Vec<Reading> =
        readings(4_990..5_100).into_iter().filter(|reading| reading.place == "roof").collect();
    let found = dataset.scan(&second).filter(wanted.clone()).collect().await?;
    ensure_eq!(found, expected, format!("{name}: a scan"));
    let count = dataset.scan(&second).filter(wanted).count().await?;
    ensure_eq!(count, expected.len() as u64, format!("{name}: what a scan counts"));
    let report = dataset.verify(VerifyLevel::Content).await?;
    ensure!(report.is_ok(), "{report}");
    Ok(())
}

async fn partitions_body(store: Store) -> Outcome {
    let places = ["a b", "50 %/ä#1", "", "=", "..", "über/unter", "a\nb", "~*'()", "name?&+;"];
    let writer = dataset(&store)?.layout(HiveLayout);
    let all: Vec<_> = (0..90).map(|n| reading(n, places[n as usize % places.len()])).collect();
    let first = writer.write(&all, metadata! {}).await?;
    ensure_eq!(first.files().len(), places.len(), "the number of files");
    let mut replaced = vec![reading(1000, places[1]), reading(1001, places[1])];
    let second = writer.replace_partitions(&replaced, metadata! {}).await?;
    for place in places {
        let expected: Vec<_> = all.iter().filter(|r| r.place == place).cloned().collect();
        let reader = dataset(&store)?.layout(HiveLayout);
        let found = reader.read(&first).partition("place", place).await?;
        ensure_eq!(found, expected, format!("the partition {place:?}"));
        let found = reader.read(&second).partition("place", place).await?;
        let kept = if place == places[1] { std::mem::take(&mut replaced) } else { expected };
        ensure_eq!(found, kept, format!("the partition {place:?}, after one was replaced"));
    }
    let id = DatasetId::try_from("readings")?;
    let found = Catalog::new(&store).layout(HiveLayout).partitions(&id).await?;
    ensure_eq!(found.len(), places.len(), "the number of partitions");
    Ok(())
}

async fn times_body(store: Store) -> Outcome {
    let writer = dataset(&store)?;
    let mut snapshots = Vec::new();
    for n in 0..3 {
        snapshots.push(writer.write(&readings(n..n + 1), metadata! {}).await?);
    }
    let nanosecond = chrono::TimeDelta::nanoseconds(1);
    let mut before = None;
    for snapshot in snapshots {
        let found = dataset(&store)?.as_of(snapshot.created_at() - nanosecond).await?;
        ensure_eq!(found, before, "the snapshot of the time before");
        let found = dataset(&store)?.as_of(snapshot.created_at()).await?;
        ensure_eq!(found.as_ref(), Some(&snapshot), "the snapshot of its own time");
        before = Some(snapshot);
    }
    Ok(())
}

async fn idempotency_body(store: Store) -> Outcome {
    let own = readings(0..3);
    let once = dataset(&store)?.append(&own, metadata! {}).idempotency_key("once").await?;
    dataset(&store)?.append(&own, metadata! {}).idempotency_key("twice").await?;
    for handle in [dataset(&store)?, dataset(&store)?] {
        let again = handle.append(&own, metadata! {}).idempotency_key("once").await?;
        ensure_eq!(again, once, "the snapshot of a write that is repeated");
    }
    let newest = dataset(&store)?.latest().await?;
    ensure_eq!(newest.map(|snapshot| snapshot.row_count()), Some(6), "the number of records");
    Ok(())
}

async fn neighbours_body(store: Store) -> Outcome {
    let names = ["events", "events-2", "events.old", "events2", "Events"];
    for (name, n) in names.iter().zip(1..) {
        let dataset = Dataset::<Blob>::new(&store, *name)?;
        for _ in 0..n {
            dataset.write(name.as_bytes(), metadata! {}).await?;
        }
        let volume = crate::Volume::create(&store, *name, 100)?;
        let staged = volume.stage_write_at(0, name.as_bytes().to_vec()).await?;
        drop(staged.commit(metadata! {}).await?);
    }
    for (name, n) in names.iter().zip(1..) {
        let dataset = Dataset::<Blob>::new(&store, *name)?;
        ensure_eq!(dataset.snapshots().await?.len(), n, format!("snapshots of `{name}`"));
        let Some(latest) = dataset.latest().await? else {
            return Err(format!("`{name}` has no snapshot").into());
        };
        ensure_eq!(dataset.read_blob(&latest).await?, name.as_bytes(), "its blob");
        let volume = crate::Volume::open(&store, *name).await?;
        ensure_eq!(volume.snapshots().await?.len(), 1, format!("snapshots of volume `{name}`"));
    }
    let mut sorted = names;
    sorted.sort_unstable();
    let catalog = Catalog::new(&store);
    let mut found: Vec<_> = catalog.datasets().await?.iter().map(ToString::to_string).collect();
    found.sort_unstable();
    ensure_eq!(found, sorted, "the datasets");
    let mut found: Vec<_> = catalog.volumes().await?.iter().map(ToString::to_string).collect();
    found.sort_unstable();
    ensure_eq!(found, sorted, "the volumes");
    Ok(())
}
