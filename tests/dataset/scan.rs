//! Scans: what they read, and what they refuse before they read anything.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use lode::codec::{Bincode, Jsonl};
use lode::compress::Zstd;
use lode::{Dataset, Error, HiveLayout, Record, SkippedBy, metadata};
use serde::{Deserialize, Serialize};

use crate::support::script::{Class, Op};
use crate::support::{FaultStore, forge, memory, put};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Flight {
    #[lode(partition)]
    carrier: String,
    month: u8,
    delay: Option<i32>,
    dest: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Delay {
    delay: Option<i32>,
}

fn flight(carrier: &str, month: u8, delay: Option<i32>) -> Flight {
    Flight { carrier: carrier.to_owned(), month, delay, dest: format!("to {month}") }
}

fn faults() -> FaultStore {
    FaultStore::new(memory())
}

/// The data objects that were asked for.
fn data_reads(store: &FaultStore) -> usize {
    let mut paths: Vec<_> = store
        .calls()
        .into_iter()
        .filter(|call| call.class == Class::Data && matches!(call.op, Op::Get | Op::Head))
        .map(|call| call.path)
        .collect();
    paths.sort();
    paths.dedup();
    paths.len()
}

#[tokio::test]
async fn only_files_that_can_match_are_read() {
    let store = faults();
    let flights = Dataset::<Flight>::new(&store.store(), "f").unwrap().layout(HiveLayout);
    for month in 1..=3 {
        let records = [flight("AA", month, Some(10)), flight("UA", month, None)];
        flights.append(&records, metadata! {}).await.unwrap();
    }
    let snapshot = flights.latest().await.unwrap().unwrap();
    let columns = Flight::columns();
    let wanted = || columns.carrier.eq("AA") & columns.month.ge(2) & columns.delay.gt(5);

    let plan = flights.scan(&snapshot).filter(wanted()).plan().unwrap();
    let reasons: Vec<_> = plan.skipped.iter().map(|it| (it.by, it.reason.as_str())).collect();
    let by_partition =
        (SkippedBy::Partition, "its partition carrier=UA rules out carrier = \"AA\"");
    let by_statistics = (SkippedBy::Statistics, "its statistics rule out month >= 2");
    assert_eq!(plan.read.len(), 2);
    assert_eq!(reasons.iter().filter(|it| **it == by_partition).count(), 3);
    assert_eq!(reasons.iter().filter(|it| **it == by_statistics).count(), 1);
    assert_eq!(plan.read_rows, Some(2));
    let text = plan.to_string();
    assert!(text.starts_with(
        "scan of `f`, snapshot 3: carrier = \"AA\" and month >= 2 and delay > 5\nreads 2 of 6 files, "
    ));
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["skipped"][0]["by"], "statistics");

    store.clear();
    let found = flights.scan(&snapshot).filter(wanted()).collect().await.unwrap();
    assert_eq!(found, [flight("AA", 2, Some(10)), flight("AA", 3, Some(10))]);
    assert_eq!(data_reads(&store), 2);

    // All records of the files pass: they are counted by what the manifest says.
    store.clear();
    assert_eq!(flights.scan(&snapshot).filter(wanted()).count().await.unwrap(), 2);
    assert_eq!(flights.scan(&snapshot).count().await.unwrap(), 6);
    assert_eq!(data_reads(&store), 0);
    let some = flights.scan(&snapshot).filter(columns.delay.gt(5));
    assert_eq!(some.count().await.unwrap(), 3);

    let of_ua = flights.scan(&snapshot).partition("carrier", "UA").select::<Delay>();
    assert_eq!(of_ua.collect().await.unwrap(), vec![Delay { delay: None }; 3]);
    let unknown = flights.scan(&snapshot).partition("month", 1);
    assert!(matches!(unknown.plan(), Err(Error::UnknownPartitionKey { .. })));
    assert!(matches!(unknown.count().await, Err(Error::UnknownPartitionKey { .. })));
}

#[tokio::test]
async fn statistics_are_on_unless_switched_off() {
    let store = faults().store();
    let flights = Dataset::<Flight>::new(&store, "f").unwrap();
    let with = flights.write(&[flight("AA", 1, None)], metadata! {}).await.unwrap();
    let columns = &with.files()[0].stats.as_ref().unwrap().columns;
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["carrier", "month", "delay", "dest"]);
    let without = flights.statistics(false).write(&[flight("AA", 1, None)], metadata! {}).await;
    assert_eq!(without.unwrap().files()[0].stats, None);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Gate {
    delay: Option<i32>,
    gate: String,
    month: String,
}

#[tokio::test]
async fn a_selection_that_the_files_lack_is_refused_before_any_read() {
    let store = faults();
    let flights = Dataset::<Flight>::new(&store.store(), "f").unwrap();
    let jsonl = flights.append(&[flight("AA", 1, None)], metadata! {}).await.unwrap();
    let bincode = flights.clone().codec(Bincode::new());
    let other = bincode.write(&[flight("AA", 1, None)], metadata! {}).await.unwrap();
    for snapshot in [&jsonl, &other] {
        store.clear();
        let error = flights.scan(snapshot).select::<Gate>().collect().await.unwrap_err();
        let Error::SchemaMismatch { record, diff, .. } = &error else { panic!("{error}") };
        assert_eq!(*record, "Gate");
        let paths: Vec<_> = diff.changes().iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["month", "gate"]);
        let streamed = flights.scan(snapshot).select::<Gate>().stream();
        assert!(streamed.try_collect::<Vec<_>>().await.is_err());
        assert_eq!(data_reads(&store), 0);
    }
}

#[tokio::test]
async fn errors_are_those_of_reading() {
    let store = faults();
    let codec = Jsonl::new().compress(Zstd::default());
    let flights = Dataset::<Flight>::new(&store.store(), "f").unwrap().codec(codec);
    let records: Vec<_> = (0..100).map(|i| flight("AA", 1, Some(i))).collect();
    let snapshot = flights.write(&records, metadata! {}).await.unwrap();
    let late = || flights.scan(&snapshot).filter(Flight::columns().delay.gt(97));
    assert_eq!(late().count().await.unwrap(), 2);

    let other = Dataset::<Flight>::new(&store.store(), "g").unwrap();
    assert!(matches!(other.scan(&snapshot).plan(), Err(Error::SnapshotNotFound { .. })));

    // Damage is found although all that is wanted was found before it.
    let path = &snapshot.files()[0].path;
    let mut bytes = crate::support::get(&**store.inner(), path).await.unwrap().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    put(&**store.inner(), path, bytes).await;
    assert!(matches!(late().collect().await, Err(Error::Corrupt { .. })));
    assert!(matches!(late().select::<Delay>().collect().await, Err(Error::Corrupt { .. })));
    assert!(matches!(late().count().await, Err(Error::Corrupt { .. })));
    crate::support::delete(&**store.inner(), path).await;
    assert!(matches!(late().collect().await, Err(Error::Corrupt { .. })));
}

#[tokio::test]
async fn the_number_of_records_is_verified_whatever_passes() {
    let store = faults();
    let flights = Dataset::<Flight>::new(&store.store(), "f").unwrap().checksum(None);
    let records: Vec<_> = (0..3).map(|i| flight("AA", 1, Some(i))).collect();
    let snapshot = flights.write(&records, metadata! {}).await.unwrap();
    let path = &snapshot.files()[0].path;
    let bytes = crate::support::get(&**store.inner(), path).await.unwrap();
    // One record less, in as many bytes.
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    let shorter = format!("{}{}\n", &text[..last], " ".repeat(text.len() - last - 1));
    put(&**store.inner(), path, shorter).await;
    let scan = || flights.scan(&snapshot).filter(Flight::columns().delay.eq(1));
    for error in [
        scan().collect().await.unwrap_err(),
        scan().select::<Delay>().collect().await.unwrap_err(),
        flights.scan(&snapshot).select::<Delay>().collect().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("it holds 2 records, not 3"), "{error}");
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Early {
    id: u16,
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Later {
    #[serde(alias = "id")]
    number: u64,
    gate: Option<u8>,
    #[serde(default)]
    terminal: u8,
}

#[tokio::test]
async fn files_of_older_schemas_are_pruned_by_what_they_say() {
    let store = faults().store();
    let early = Dataset::<Early>::new(&store, "f").unwrap();
    early.write(&[Early { id: 7, note: String::new() }], metadata! {}).await.unwrap();
    let later = Dataset::<Later>::new(&store, "f").unwrap();
    let new = Later { number: 70_000, gate: Some(1), terminal: 2 };
    let snapshot = later.append(std::slice::from_ref(&new), metadata! {}).await.unwrap();
    let old = Later { number: 7, gate: None, terminal: 0 };
    let columns = Later::columns();
    let cases = [
        (columns.number.lt(100), vec![old.clone()], 1),
        (columns.number.gt(100), vec![new.clone()], 1),
        // Null in files that lack it; what a default is, is not known.
        (columns.gate.is_null(), vec![old.clone()], 1),
        (columns.gate.eq(1), vec![new], 1),
        (columns.terminal.eq(0), vec![old], 1),
        (columns.terminal.ge(2) | columns.gate.eq(9), vec![], 2),
    ];
    for (predicate, expected, read) in cases {
        let scan = || later.scan(&snapshot).filter(predicate.clone());
        assert_eq!(scan().plan().unwrap().read.len(), read, "{predicate}");
        if !expected.is_empty() {
            assert_eq!(scan().collect().await.unwrap(), expected, "{predicate}");
        }
    }
}

/// Partitioned by a day of the place, which need not be that of UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct ByPlace {
    ts: DateTime<Utc>,
    #[lode(partition)]
    ts_day: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct ByTime {
    #[lode(partition = "day")]
    ts: DateTime<Utc>,
}

/// Has a field that is called like a key of [`ByTime`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct ByGate {
    ts: DateTime<Utc>,
    ts_day: Option<String>,
    #[lode(partition)]
    gate: Option<String>,
}

#[tokio::test]
async fn partition_keys_mean_what_they_did_in_the_record_of_their_file() {
    let (store, other) = (faults(), faults());
    let time_of = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let late = time_of("2024-01-01T23:30:00Z");
    let place = Dataset::<ByPlace>::new(&store.store(), "f").unwrap().layout(HiveLayout);
    let record = ByPlace { ts: late, ts_day: "2024-01-02".to_owned() };
    place.write(&[record], metadata! {}).await.unwrap();
    let time = Dataset::<ByTime>::new(&store.store(), "f").unwrap().layout(HiveLayout);
    // The keys are the same texts.
    let both = time.append(&[ByTime { ts: late }], metadata! {}).await.unwrap();
    let before = || ByTime::columns().ts.lt(time_of("2024-01-02T00:00:00Z"));
    let after = || ByTime::columns().ts.ge(time_of("2024-01-02T12:00:00Z"));
    let found = time.scan(&both).filter(before()).collect().await.unwrap();
    assert_eq!(found, vec![ByTime { ts: late }; 2]);
    let plan = time.scan(&both).filter(after()).plan().unwrap();
    let by: Vec<_> = plan.skipped.iter().map(|skipped| skipped.by).collect();
    assert_eq!(by, [SkippedBy::Partition, SkippedBy::Statistics], "{plan}");

    // Of a file without a schema it is not known what its keys are made of.
    edit_hive(&store, 2, |manifest| {
        for file in manifest["files"].as_array_mut().unwrap() {
            let file = file.as_object_mut().unwrap();
            file.remove("schema").and(file.remove("stats")).unwrap();
        }
    })
    .await;
    let time = Dataset::<ByTime>::new(&store.store(), "f").unwrap().layout(HiveLayout);
    let both = time.latest().await.unwrap().unwrap();
    assert_eq!(time.scan(&both).filter(before()).plan().unwrap().read.len(), 2);
    assert_eq!(time.scan(&both).filter(after()).plan().unwrap().read.len(), 2);

    let time = Dataset::<ByTime>::new(&other.store(), "f").unwrap().layout(HiveLayout);
    time.write(&[ByTime { ts: late }], metadata! {}).await.unwrap();
    let gate = Dataset::<ByGate>::new(&other.store(), "f").unwrap().layout(HiveLayout);
    let newest = gate.latest().await.unwrap().unwrap();
    let found = gate.scan(&newest).filter(ByGate::columns().ts_day.is_null());
    let expected = ByGate { ts: late, ts_day: None, gate: None };
    assert_eq!(found.collect().await.unwrap(), [expected]);
}

/// Changes the manifest of a snapshot in the Hive layout.
async fn edit_hive(store: &FaultStore, id: u64, change: impl FnOnce(&mut serde_json::Value)) {
    let key = format!("datasets/f/segments/{id:019}/manifest.json");
    let mut manifest = forge::json_at(&**store.inner(), &key).await;
    change(&mut manifest);
    forge::put_json(&**store.inner(), &key, &manifest).await;
}

/// Go cuts a time to its day, in text, and has a word for null.
#[tokio::test]
async fn partitions_of_go_are_less_than_their_fields() {
    let store = faults();
    let open = || Dataset::<ByPlace>::new(&store.store(), "f").unwrap().layout(HiveLayout);
    let record = |text: &str| ByPlace { ts: DateTime::UNIX_EPOCH, ts_day: text.to_owned() };
    let records = ["2024-01-01T07:00:00Z", "2024-01-02", "null"].map(record);
    open().write(&records, metadata! {}).await.unwrap();
    edit_hive(&store, 1, |manifest| {
        for file in manifest["files"].as_array_mut().unwrap() {
            let value = &mut file["partition"]["ts_day"];
            match value.as_str().unwrap() {
                "null" => *value = "<nil>".into(),
                text => *value = text[..10].into(),
            }
            let file = file.as_object_mut().unwrap();
            file.remove("schema").and(file.remove("stats")).unwrap();
        }
    })
    .await;
    let dataset = open();
    let snapshot = dataset.latest().await.unwrap().unwrap();
    let day = || ByPlace::columns().ts_day;
    for (wanted, read, found) in [
        (day().eq("2024-01-01T07:00:00Z"), 2, &records[..1]),
        (day().ge("2024-01-02"), 2, &records[1..]),
        (day().lt("2024-01-01"), 1, &[]),
        (day().starts_with("2024-01-01T"), 2, &records[..1]),
        (day().eq("null"), 1, &records[2..]),
    ] {
        let scan = || dataset.scan(&snapshot).filter(wanted.clone());
        assert_eq!(scan().plan().unwrap().read.len(), read, "{wanted}");
        assert_eq!(scan().collect().await.unwrap(), found, "{wanted}");
        assert_eq!(scan().count().await.unwrap(), found.len() as u64, "{wanted}");
    }
}
