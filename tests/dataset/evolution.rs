//! A struct that changes over time: what still reads, what is refused, and when.

use futures::TryStreamExt;
use lode::codec::{Codec, Jsonl, Parquet};
use lode::compress::Gzip;
use lode::record::RecordSchema;
use lode::{Dataset, Enum, Error, HiveLayout, Record, metadata};
use serde::{Deserialize, Serialize};

use crate::support::script::{Class, Op};
use crate::support::{FaultStore, Row, memory, rows};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct First {
    id: u16,
    #[lode(partition)]
    day: String,
    delay: Option<f32>,
    state: State,
    note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Enum)]
enum State {
    Flown,
    Cancelled,
}

/// Everything that may change has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Second {
    #[serde(alias = "delay")]
    dep_delay: Option<f64>,
    #[lode(partition)]
    day: String,
    id: Option<i64>,
    state: Status,
    gate: Option<String>,
    #[serde(default = "unknown")]
    tail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Enum)]
enum Status {
    Diverted,
    #[serde(alias = "Flown")]
    Landed,
    Cancelled,
}

fn unknown() -> String {
    "?".to_owned()
}

fn first(id: u16, day: &str) -> First {
    let state = if id.is_multiple_of(2) { State::Flown } else { State::Cancelled };
    First { id, day: day.to_owned(), delay: Some(id.into()), state, note: "lost".to_owned() }
}

/// How `first(id, day)` is read.
fn as_second(id: u16, day: &str) -> Second {
    Second {
        dep_delay: Some(id.into()),
        day: day.to_owned(),
        id: Some(id.into()),
        state: if id.is_multiple_of(2) { Status::Landed } else { Status::Cancelled },
        gate: None,
        tail: unknown(),
    }
}

fn second(id: i64, day: &str) -> Second {
    Second {
        dep_delay: None,
        day: day.to_owned(),
        id: Some(id),
        state: Status::Diverted,
        gate: Some("B4".to_owned()),
        tail: "N1".to_owned(),
    }
}

async fn all<T, C, L>(dataset: &Dataset<T, C, L>) -> lode::Result<Vec<T>>
where
    T: Record + Clone + PartialEq + std::fmt::Debug,
    C: Codec<T>,
{
    let latest = dataset.latest().await?.unwrap();
    let whole = dataset.read(&latest).await?;
    let streamed: Vec<T> = dataset.stream(&latest).try_collect().await?;
    assert_eq!(whole, streamed);
    Ok(whole)
}

#[tokio::test]
async fn old_snapshots_are_read_and_appended_to() {
    let faulty = FaultStore::new(memory());
    let old = Dataset::<First>::new(&faulty.store(), "d").unwrap();
    let new = Dataset::<Second>::new(&faulty.store(), "d").unwrap();
    old.write(&[first(1, "mon"), first(2, "mon")], metadata! {}).await.unwrap();
    let before = [as_second(1, "mon"), as_second(2, "mon")];
    assert_eq!(all(&new).await.unwrap(), before);

    new.append(&[second(1 << 40, "tue")], metadata! {}).await.unwrap();
    let mut found = all(&new).await.unwrap();
    found.sort_by_key(|record| record.id);
    assert_eq!(found, [&before[..], &[second(1 << 40, "tue")]].concat());

    // Each file has the schema that it was written with, and no schema is there twice.
    let latest = new.append(&[second(3, "wed")], metadata! {}).await.unwrap();
    let manifest = latest.manifest();
    let [own, theirs] = [RecordSchema::of::<Second>(), RecordSchema::of::<First>()];
    assert_eq!(manifest.schemas, [own.clone(), theirs.clone()]);
    let mut schemas: Vec<_> =
        manifest.files.iter().map(|file| &manifest.schemas[file.schema.unwrap()]).collect();
    schemas.sort_by_key(|schema| schema.fields().len());
    assert_eq!(schemas, [&theirs, &own, &own]);

    // The other way round: what the old struct cannot hold is refused, and nothing else.
    faulty.clear();
    let refused = all(&old).await.unwrap_err();
    assert_eq!(faulty.counts().on(Op::Get, Class::Data), 0);
    let path = manifest.files.iter().find(|file| file.schema == Some(0)).unwrap().path.clone();
    let lines = [
        format!("snapshot 3 of dataset `d`, `{path}`: cannot be read as `First`:"),
        "`id`: nullable int64 becomes uint16".to_owned(),
        "`state`: enum name \"Diverted\" is removed".to_owned(),
        "`state`: enum name \"Landed\" is removed".to_owned(),
        "`note`: string is added, required and without a default".to_owned(),
    ];
    assert_eq!(refused.to_string(), lines.join("\n"));
    // What it wrote itself it still reads.
    let one = old.snapshot(lode::SnapshotId::new(1).unwrap()).await.unwrap();
    assert_eq!(old.read(&one).await.unwrap(), [first(1, "mon"), first(2, "mon")]);
}

#[tokio::test]
async fn a_refused_read_touches_no_data() {
    let faulty = FaultStore::new(memory());
    let rows_of = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    let other = Dataset::<First>::new(&faulty.store(), "d").unwrap();
    rows_of.write(&rows(0..10), metadata! {}).await.unwrap();
    let snapshot = other.latest().await.unwrap().unwrap();
    faulty.clear();
    let whole = other.read(&snapshot).await.unwrap_err();
    let streamed = other.stream(&snapshot).try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(whole, Error::SchemaMismatch { record: "First", .. }), "{whole}");
    assert_eq!(whole.to_string(), streamed.to_string());
    assert!(!whole.is_corrupt() && !whole.is_conflict() && !whole.is_retryable());
    assert_eq!(faulty.counts().total(), 0);
}

/// A field that is narrower than what is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Narrow {
    id: u8,
    #[lode(partition)]
    day: String,
}

fn narrow(id: u8, day: &str) -> Narrow {
    Narrow { id, day: day.to_owned() }
}

#[tokio::test]
async fn a_refused_append_writes_nothing() {
    let faulty = FaultStore::new(memory());
    let old = Dataset::<First>::new(&faulty.store(), "d").unwrap();
    let new = Dataset::<Narrow>::new(&faulty.store(), "d").unwrap();
    let snapshot = old.write(&[first(1, "mon")], metadata! {}).await.unwrap();
    faulty.clear();
    let batch = new.append(&[narrow(1, "mon")], metadata! {}).await.unwrap_err();
    let streamed =
        new.stream_write_records([narrow(1, "mon")], metadata! {}).append().await.unwrap_err();
    assert_eq!(faulty.counts().puts(), 0);
    let path = &snapshot.files()[0].path;
    let text = format!(
        "snapshot 1 of dataset `d`, `{path}`: cannot be read as `Narrow`:\n\
         `id`: uint16 becomes uint8"
    );
    assert_eq!(batch.to_string(), text);
    assert_eq!(streamed.to_string(), text);
    // A write replaces everything: the schema is free to change.
    new.write(&[narrow(7, "mon")], metadata! {}).await.unwrap();
    assert_eq!(all(&new).await.unwrap(), [narrow(7, "mon")]);
    assert_eq!(new.latest().await.unwrap().unwrap().manifest().schemas.len(), 1);
}

#[tokio::test]
async fn what_replaced_partitions_leave_must_be_readable() {
    let faulty = FaultStore::new(memory());
    let old = Dataset::<First>::new(&faulty.store(), "d").unwrap().layout(HiveLayout);
    let new = Dataset::<Narrow>::new(&faulty.store(), "d").unwrap().layout(HiveLayout);
    old.write(&[first(1, "mon"), first(2, "tue")], metadata! {}).await.unwrap();
    let records = [narrow(1, "mon"), narrow(2, "tue")];
    let error = new.replace_partitions(&records[..1], metadata! {}).await.unwrap_err();
    let Error::SchemaMismatch { path, .. } = &error else { panic!("{error}") };
    assert!(path.contains("/day=tue/"), "{path}");
    // Nothing is left of the refused one.
    let files = crate::support::contents(&**faulty.inner()).await;
    assert_eq!(files.keys().filter(|key| key.contains("/partitions/")).count(), 2);

    new.replace_partitions(&records, metadata! {}).await.unwrap();
    assert_eq!(all(&new).await.unwrap(), records);
    assert_eq!(new.latest().await.unwrap().unwrap().manifest().schemas.len(), 1);
}

/// Only the files that are read have to be readable.
#[tokio::test]
async fn a_partition_can_be_read_where_others_cannot() {
    let faulty = FaultStore::new(memory());
    let old = Dataset::<First>::new(&faulty.store(), "d").unwrap().layout(HiveLayout);
    let new = Dataset::<Second>::new(&faulty.store(), "d").unwrap().layout(HiveLayout);
    old.write(&[first(1, "mon")], metadata! {}).await.unwrap();
    let both = new.append(&[second(2, "tue")], metadata! {}).await.unwrap();
    let both = old.snapshot(both.id()).await.unwrap();
    assert_eq!(old.read(&both).partition("day", "mon").await.unwrap(), [first(1, "mon")]);
    assert!(old.read(&both).partition("day", "tue").await.is_err());
    assert!(old.append(&[first(3, "mon")], metadata! {}).await.is_err());
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[serde(deny_unknown_fields)]
struct Strict {
    id: u16,
}

#[tokio::test]
async fn unknown_fields_can_be_denied() {
    let store = lode::Store::memory();
    let old = Dataset::<First>::new(&store, "d").unwrap();
    let strict = Dataset::<Strict>::new(&store, "d").unwrap();
    old.write(&[first(1, "mon")], metadata! {}).await.unwrap();
    let refused = all(&strict).await.unwrap_err().to_string();
    assert!(
        refused.contains("`delay`: nullable float32 is removed, and unknown fields are denied")
    );
}

/// Schemas and encodings change independently of each other.
#[tokio::test]
async fn another_codec_and_another_schema_in_one_snapshot() {
    let store = lode::Store::memory();
    let old = Dataset::<First>::new(&store, "d").unwrap();
    let new =
        Dataset::<Second>::new(&store, "d").unwrap().codec(Jsonl::new().compress(Gzip::default()));
    old.write(&[first(1, "mon")], metadata! {}).await.unwrap();
    new.append(&[second(2, "tue")], metadata! {}).await.unwrap();
    let mut found = all(&Dataset::<Second>::new(&store, "d").unwrap()).await.unwrap();
    found.sort_by_key(|record| record.id);
    assert_eq!(found, [as_second(1, "mon"), second(2, "tue")]);
}

/// A struct of another name with the same fields writes the same data.
#[tokio::test]
async fn a_renamed_struct_is_no_change() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    struct Tiny {
        id: u8,
        #[lode(partition)]
        day: String,
    }
    let store = lode::Store::memory();
    let old = Dataset::<Narrow>::new(&store, "d").unwrap();
    let new = Dataset::<Tiny>::new(&store, "d").unwrap();
    old.write(&[narrow(1, "mon")], metadata! {}).await.unwrap();
    let latest = new.append(&[Tiny { id: 2, day: "tue".to_owned() }], metadata! {}).await.unwrap();
    assert_eq!(latest.manifest().schemas, [RecordSchema::of::<Tiny>()]);
    assert!(latest.files().iter().all(|file| file.schema == Some(0)));
    assert_eq!(all(&old).await.unwrap().len(), 2);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Before {
    #[lode(partition)]
    state: Option<State>,
    id: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct After {
    #[lode(partition)]
    state: Option<Status>,
    id: u16,
}

/// A partition is called by the name of a variant, which may have been another one.
#[tokio::test]
async fn partitions_of_a_renamed_name_are_those_of_the_new_one() {
    let store = lode::Store::memory();
    let before = Dataset::<Before>::new(&store, "d").unwrap().layout(HiveLayout);
    let after = Dataset::<After>::new(&store, "d").unwrap().layout(HiveLayout);
    let old = |state, id| Before { state, id };
    let new = |state, id| After { state, id };
    let records = [old(Some(State::Flown), 1), old(Some(State::Cancelled), 2), old(None, 3)];
    before.write(&records, metadata! {}).await.unwrap();
    let landed = new(Some(Status::Landed), 4);
    let both = after.append(std::slice::from_ref(&landed), metadata! {}).await.unwrap();

    let all_landed = [new(Some(Status::Landed), 1), landed.clone()];
    for name in ["Landed", "Flown"] {
        let mut found = after.read(&both).partition("state", name).await.unwrap();
        found.sort_by_key(|record| record.id);
        assert_eq!(found, all_landed, "{name}");
        let mut found = after.scan(&both).partition("state", name).collect().await.unwrap();
        found.sort_by_key(|record| record.id);
        assert_eq!(found, all_landed, "{name}");
    }
    let cancelled = after.read(&both).partition("state", "Cancelled").await.unwrap();
    assert_eq!(cancelled, [new(Some(Status::Cancelled), 2)]);
    // Who does not know the new name reads by the one it knows.
    let both = before.snapshot(both.id()).await.unwrap();
    let found = before.read(&both).partition("state", "Flown").await.unwrap();
    assert_eq!(found, [old(Some(State::Flown), 1)]);

    let next = new(Some(Status::Landed), 5);
    after.replace_partitions(std::slice::from_ref(&next), metadata! {}).await.unwrap();
    let mut found = all(&after).await.unwrap();
    found.sort_by_key(|record| record.id);
    assert_eq!(found, [new(Some(Status::Cancelled), 2), new(None, 3), next]);
}

/// As the documentation says: in an array's place there is a list, and its length is seen by the reader.
#[tokio::test]
async fn the_length_of_an_array_is_in_no_schema() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    struct Two {
        codes: [u8; 2],
    }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    struct Three {
        codes: [u8; 3],
    }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    struct Any {
        codes: Vec<u8>,
    }
    async fn check<C>(codec: C)
    where
        C: Codec<Two> + Codec<Three> + Codec<Any> + Clone,
    {
        let store = lode::Store::memory();
        let two = Dataset::<Two>::new(&store, "d").unwrap().codec(codec.clone());
        let three = Dataset::<Three>::new(&store, "d").unwrap().codec(codec.clone());
        let any = Dataset::<Any>::new(&store, "d").unwrap().codec(codec);
        any.write(&[Any { codes: vec![1, 2] }], metadata! {}).await.unwrap();
        assert_eq!(all(&two).await.unwrap(), [Two { codes: [1, 2] }]);
        three.append(&[Three { codes: [1, 2, 3] }], metadata! {}).await.unwrap();
        assert_eq!(all(&any).await.unwrap().len(), 2);
        for refused in [all(&two).await.map(|_| ()), all(&three).await.map(|_| ())] {
            assert!(matches!(refused, Err(Error::Decode { .. })), "{refused:?}");
        }
    }
    check(Jsonl::new()).await;
    check(Parquet::new()).await;
}
