//! What a user does on the first day.

use chrono::{DateTime, TimeZone, Utc};
use futures::{Stream, StreamExt, TryStreamExt};
use lode::codec::{Codec, Jsonl, Parquet, Raw};
use lode::compress::{Gzip, Zstd};
use lode::{
    Blob, Catalog, Dataset, Error, HiveLayout, IntoMetadata, Metadata, Record, Snapshot,
    SnapshotId, Store, Volume, metadata,
};
use tokio::io::AsyncWriteExt;

use crate::support::{get, lode_store, memory, put};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Flight {
    #[lode(timestamp)]
    time_hour: DateTime<Utc>,
    #[lode(partition)]
    carrier: String,
    flight: u32,
    dep_delay: Option<i32>,
}

fn flights(carrier: &str, numbers: std::ops::Range<u32>) -> Vec<Flight> {
    numbers
        .map(|flight| Flight {
            time_hour: Utc.timestamp_opt(1_357_034_400 + i64::from(flight), 0).unwrap(),
            carrier: carrier.to_owned(),
            flight,
            dep_delay: (flight % 3 != 0).then_some(flight as i32 - 5),
        })
        .collect()
}

#[tokio::test]
async fn write_append_read_and_travel_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local(dir.path()).unwrap();
    let dataset = Dataset::<Flight>::new(&store, "flights")
        .unwrap()
        .codec(Jsonl::new().compress(Zstd::default()));
    assert!(dataset.latest().await.unwrap().is_none());

    let first = flights("UA", 0..100);
    let one = dataset.write(&first, metadata! { "source": "bts" }).await.unwrap();
    assert_eq!(one.id().get(), 1);
    assert_eq!(one.parent(), None);
    assert_eq!(one.row_count(), 100);
    assert_eq!(dataset.read(&one).await.unwrap(), first);

    let more = flights("AA", 100..150);
    let two = dataset.append(&more, metadata! { "n": 2 }).await.unwrap();
    let all: Vec<Flight> = first.iter().chain(&more).cloned().collect();
    let mut found = dataset.read(&two).await.unwrap();
    found.sort_by_key(|flight| flight.flight);
    assert_eq!(found, all);
    assert_eq!(two.files().len(), 2);
    assert_eq!(two.time_range().unwrap(), (all[0].time_hour, all[149].time_hour));

    // Another handle, of another process as it were, finds it all, whatever codec it writes with.
    let other = Dataset::<Flight>::new(&Store::local(dir.path()).unwrap(), "flights").unwrap();
    let latest = other.latest().await.unwrap().unwrap();
    assert_eq!(latest, two);
    let streamed: Vec<Flight> = other.stream(&latest).try_collect().await.unwrap();
    assert_eq!(streamed.len(), 150);
    assert_eq!(other.read(&other.snapshot(one.id()).await.unwrap()).await.unwrap(), first);
    assert_eq!(other.snapshots().await.unwrap(), [one.id(), two.id()]);
    let history: Vec<_> = other.history().try_collect().await.unwrap();
    assert_eq!(history, [two.clone(), one.clone()]);
    assert_eq!(other.as_of(one.created_at()).await.unwrap(), Some(one.clone()));
    assert_eq!(other.as_of(two.created_at()).await.unwrap(), Some(two.clone()));
    let before = one.created_at() - chrono::TimeDelta::seconds(1);
    assert_eq!(other.as_of(before).await.unwrap(), None);

    let added = other.stream_added(&one).await.unwrap();
    assert_eq!(added.snapshot, two);
    assert_eq!(added.records.try_collect::<Vec<_>>().await.unwrap(), more);
    assert_eq!(Catalog::new(&store).datasets().await.unwrap(), [dataset.id().clone()]);
}

#[tokio::test]
async fn partitions_are_written_filtered_and_replaced() {
    let store = Store::memory();
    let dataset = Dataset::<Flight>::new(&store, "flights").unwrap().layout(HiveLayout);
    let mut records = flights("UA", 0..10);
    records.extend(flights("AA/ä", 10..20));
    let one = dataset.write(&records, metadata! {}).await.unwrap();
    assert_eq!(one.files().len(), 2);
    let found = dataset.read(&one).partition("carrier", "AA/ä").await.unwrap();
    assert_eq!(found, records[10..]);
    let error = dataset.read(&one).partition("origin", "JFK").await.unwrap_err();
    assert!(matches!(error, Error::UnknownPartitionKey { .. }), "{error}");

    let new = flights("UA", 50..53);
    let two = dataset.replace_partitions(&new, metadata! {}).await.unwrap();
    assert_eq!(two.row_count(), 13);
    assert_eq!(two.time_range().unwrap().0, records[10].time_hour);
    assert_eq!(dataset.read(&two).partition("carrier", "UA").await.unwrap(), new);
    let partitions =
        Catalog::new(&store).layout(HiveLayout).partitions(dataset.id()).await.unwrap();
    assert_eq!(partitions.len(), 2);

    let three = dataset
        .stream_write_records(records.clone(), metadata! {})
        .replace_partitions()
        .await
        .unwrap();
    assert_eq!(three.row_count(), 20);
    let mut found: Vec<_> = dataset.stream(&three).try_collect().await.unwrap();
    found.sort_by_key(|flight: &Flight| flight.flight);
    assert_eq!(found, records);
}

#[tokio::test]
async fn blobs_whole_streamed_and_in_ranges() {
    let store = Store::memory();
    let plain = Dataset::<Blob>::new(&store, "plain").unwrap();
    let packed =
        Dataset::<Blob>::new(&store, "packed").unwrap().codec(Raw::new().compress(Gzip::default()));
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 7) as u8).collect();
    for dataset in [plain] {
        let mut writer = dataset.stream_write(Metadata::empty()).await.unwrap();
        writer.write_all(&bytes).await.unwrap();
        let snapshot = writer.commit().await.unwrap();
        assert_eq!(dataset.read_blob(&snapshot).await.unwrap(), bytes);
        let range = dataset.read_blob_range(&snapshot, 1_999_990..2_500_000).await.unwrap();
        assert_eq!(range, bytes[1_999_990..2_500_000]);
        let error = dataset.read_blob_range(&snapshot, 0..3_000_001).await.unwrap_err();
        assert!(matches!(error, Error::OutOfRange { len: 3_000_000, .. }), "{error}");
    }
    let snapshot = packed.write(&bytes, metadata! {}).await.unwrap();
    assert!(snapshot.size_bytes() < 1_000_000);
    let chunks: Vec<_> = packed.stream_blob(&snapshot).try_collect().await.unwrap();
    assert_eq!(chunks.concat(), bytes);
    let range = packed.read_blob_range(&snapshot, 5..9).await.unwrap();
    assert_eq!(range, bytes[5..9]);
}

#[tokio::test]
async fn conflicts_expectations_and_keys() {
    let store = Store::memory();
    let dataset = Dataset::<Flight>::new(&store, "flights").unwrap();
    let records = flights("UA", 0..3);
    let one =
        dataset.write(&records, metadata! {}).expect_head(None).idempotency_key("a").await.unwrap();
    let again = dataset.append(&records, metadata! {}).idempotency_key("a").await.unwrap();
    assert_eq!(again.id(), one.id());
    let error = dataset.write(&records, metadata! {}).expect_head(None).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let two = dataset.append(&records, metadata! {}).expect_head(Some(one.id())).await.unwrap();
    assert_eq!(two.row_count(), 6);
    let error =
        dataset.append(&records, metadata! {}).expect_head(Some(one.id())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "conflict on dataset `flights`: expected snapshot 1, found snapshot 2"
    );
    let missing = SnapshotId::new(77).unwrap();
    assert!(dataset.snapshot(missing).await.unwrap_err().is_not_found());

    let as_blob = Dataset::<Blob>::new(&store, "flights").unwrap();
    let error = as_blob.latest().await.unwrap_err();
    assert!(matches!(error, Error::ContentMismatch { .. }), "{error}");
    let error = as_blob.write(b"x", metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::ContentMismatch { .. }), "{error}");
    let hive = Dataset::<Flight>::new(&store, "flights").unwrap().layout(HiveLayout);
    let error = hive.write(&records, metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::LayoutMismatch { .. }), "{error}");
}

#[tokio::test]
async fn records_from_iterators_and_streams() {
    let store = Store::memory();
    let dataset = Dataset::<Flight>::new(&store, "flights").unwrap();
    let records = flights("UA", 0..5);
    let source = futures::stream::iter(records.clone());
    let one = dataset.stream_write_records(source, metadata! {}).await.unwrap();
    let results = records.clone().into_iter().map(Ok::<_, std::io::Error>);
    let two = dataset.stream_write_records(results, metadata! {}).append().await.unwrap();
    assert_eq!((one.row_count(), two.row_count()), (5, 10));
    let broken = futures::stream::iter(records.clone())
        .map(Ok)
        .chain(futures::stream::once(async { Err(std::io::Error::other("out of paper")) }));
    let error = dataset.stream_write_records(broken, metadata! {}).await.unwrap_err();
    assert!(matches!(error, Error::Input { row: 5, .. }), "{error}");
    assert_eq!(dataset.latest().await.unwrap().unwrap().id(), two.id());

    let mut writer = dataset.record_writer(metadata! {}).append().await.unwrap();
    for record in &records {
        writer.push(record).await.unwrap();
    }
    let three = writer.commit().await.unwrap();
    assert_eq!(three.row_count(), 15);
    let error = metadata! { "x": f64::NAN }.into_metadata().unwrap_err();
    assert!(error.to_string().contains("`x`"), "{error}");
}

/// Whoever asks again, as some combinators do, is told again.
#[tokio::test]
async fn a_stream_that_has_ended_stays_ended() {
    async fn ends<T>(what: &str, mut stream: impl Stream<Item = lode::Result<T>> + Unpin) {
        while stream.next().await.is_some() {}
        for _ in 0..3 {
            assert!(stream.next().await.is_none(), "{what}");
        }
    }
    async fn all(dataset: &Dataset<Flight, impl Codec<Flight>>, snapshot: &Snapshot<Flight>) {
        ends("stream", dataset.stream(snapshot)).await;
        ends("chunks", dataset.stream(snapshot).chunks()).await;
        ends("scan", dataset.scan(snapshot).stream()).await;
        ends("batches", dataset.scan(snapshot).record_batches()).await;
        ends("attachment", dataset.attachment(snapshot, "notes").stream()).await;
        ends("history", dataset.history()).await;
    }

    let inner = memory();
    let store = lode_store(inner.clone());
    let dataset = Dataset::<Flight>::new(&store, "flights").unwrap();
    for codec in ["jsonl", "parquet"] {
        let transaction = match codec {
            "jsonl" => dataset.clone().codec(Jsonl::new()).begin(metadata! {}).await.unwrap(),
            _ => dataset.clone().codec(Parquet::new()).begin(metadata! {}).await.unwrap(),
        };
        transaction.write(&flights("UA", 0..100)).await.unwrap();
        transaction.attach("notes", b"beside").await.unwrap();
        let snapshot = transaction.commit().await.unwrap();
        all(&dataset, &snapshot).await;
        for path in [&snapshot.files()[0].path, &snapshot.attachments()[0].path] {
            let size = get(&*inner, path).await.unwrap().len();
            put(&*inner, path, vec![7; size]).await;
        }
        all(&dataset, &snapshot).await;
    }
    let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap();
    let blob = blobs.write(&[7; 3 << 20], metadata! {}).await.unwrap();
    ends("blob", blobs.stream_blob(&blob)).await;
    put(&*inner, &blob.files()[0].path, vec![8; 3 << 20]).await;
    ends("damaged blob", blobs.stream_blob(&blob)).await;
    let volume = Volume::create(&store, "disk", 1 << 20).unwrap();
    let staged = volume.stage_write_at(0, vec![7; 1000]).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    ends("volume", volume.stream(0..1000)).await;
    ends("volume with a gap", volume.stream(0..1001)).await;
    ends("history of the volume", volume.history()).await;
}
