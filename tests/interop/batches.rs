//! Batches of arrow that are written to datasets.

use std::sync::Arc;

use lode::arrow::array::{
    ArrayRef, Int8Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray,
};
use lode::arrow::schema::DataType;
use lode::codec::{Bincode, Jsonl, Parquet, Postcard, TimeUnit};
use lode::{Dataset, Error, FlatLayout, HiveLayout, Record, Snapshot, Store, metadata};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Airport {
    #[lode(partition)]
    code: String,
    flights: Option<i64>,
    #[serde(default)]
    closed: bool,
}

fn airport(code: &str, flights: Option<i64>) -> Airport {
    Airport { code: code.into(), flights, closed: false }
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let columns = columns.iter().map(|(name, column)| (*name, Arc::clone(column), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn batches() -> [RecordBatch; 3] {
    [
        batch(&[
            ("flights", Arc::new(Int64Array::from(vec![Some(7), None]))),
            ("code", Arc::new(StringArray::from(vec!["JFK", "LEX"]))),
        ]),
        batch(&[
            ("code", Arc::new(LargeStringArray::from(vec!["EWR"]))),
            ("flights", Arc::new(Int8Array::from(vec![-8]))),
            ("other", Arc::new(NullArray::new(1))),
        ]),
        batch(&[("code", Arc::new(StringArray::from(vec!["LGA"; 3000])))]),
    ]
}

fn expected() -> Vec<Airport> {
    let mut expected =
        vec![airport("JFK", Some(7)), airport("LEX", None), airport("EWR", Some(-8))];
    expected.extend(vec![airport("LGA", None); 3000]);
    expected
}

fn dataset(store: &Store) -> Dataset<Airport> {
    Dataset::new(store, "airports").unwrap()
}

#[tokio::test]
async fn batches_are_written_by_every_codec_and_layout() {
    let store = Store::memory();
    let airports = dataset(&store);
    let read = async |snapshot: Snapshot<Airport>| airports.read(&snapshot).await.unwrap();
    let jsonl = airports.clone().codec(Jsonl::new());
    assert_eq!(
        read(jsonl.write_record_batches(batches(), metadata! {}).await.unwrap()).await,
        expected()
    );
    let parquet = airports.clone().codec(Parquet::new().row_group_rows(1000));
    let stream = futures::stream::iter(batches());
    assert_eq!(
        read(parquet.write_record_batches(stream, metadata! {}).await.unwrap()).await,
        expected()
    );
    let bincode = airports.clone().codec(Bincode::new());
    let results = batches().map(Ok::<_, std::io::Error>);
    assert_eq!(
        read(bincode.write_record_batches(results, metadata! {}).await.unwrap()).await,
        expected()
    );
    let postcard = airports.clone().codec(Postcard::new());
    let stream = futures::stream::iter(batches().map(Ok::<_, std::io::Error>));
    let snapshot = postcard.write_record_batches(stream, metadata! {}).await.unwrap();
    assert_eq!(read(snapshot).await, expected());

    let flat = Dataset::<Airport>::new(&store, "flat").unwrap().layout(FlatLayout);
    let snapshot = flat.write_record_batches(batches(), metadata! {}).await.unwrap();
    assert_eq!(flat.read(&snapshot).await.unwrap(), expected());
    let hive = Dataset::<Airport>::new(&store, "hive").unwrap().layout(HiveLayout);
    let snapshot = hive.write_record_batches(batches(), metadata! {}).await.unwrap();
    let found = hive.read(&snapshot).partition("code", "EWR").await.unwrap();
    assert_eq!(found, [airport("EWR", Some(-8))]);
    assert_eq!(snapshot.row_count(), 3003);
}

#[tokio::test]
async fn the_options_of_streams_are_there() {
    let airports = dataset(&Store::memory());
    let one = || batches().into_iter().take(1);
    airports.write_record_batches(one(), metadata! {}).await.unwrap();
    let two = airports.write_record_batches(one(), metadata! {}).append().idempotency_key("two");
    let two = two.await.unwrap();
    assert_eq!(two.row_count(), 4);
    let again = airports.write_record_batches(one(), metadata! {}).append().idempotency_key("two");
    assert_eq!(again.await.unwrap(), two);
    let error = airports.write_record_batches(one(), metadata! {}).expect_head(None).await;
    assert!(matches!(error, Err(Error::Conflict { .. })), "{error:?}");
}

/// Where in the stream, and what is wrong there.
async fn refused(batches: impl IntoIterator<Item = RecordBatch>) -> (u64, String) {
    let store = Store::memory();
    let airports = dataset(&store);
    let batches = batches.into_iter().collect::<Vec<_>>();
    let error = airports.write_record_batches(batches, metadata! {}).await.unwrap_err();
    assert_eq!(airports.latest().await.unwrap(), None);
    match error {
        Error::Input { row, source } => (row, source.to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn batches_that_do_not_fit_are_named() {
    let code = || Arc::new(StringArray::from(vec!["JFK", "LEX"])) as ArrayRef;
    let [good, ..] = batches();
    let wrong = batch(&[("code", code()), ("flights", code())]);
    assert_eq!(
        refused([good.clone(), wrong]).await,
        (2, "batch 1: column `flights`: expected Int64, found Utf8".to_owned())
    );
    let missing = batch(&[("flights", Arc::new(Int64Array::from(vec![1])))]);
    assert_eq!(
        refused([missing]).await,
        (0, "batch 0: column `code`: the column is missing".to_owned())
    );
    let null = batch(&[("code", Arc::new(StringArray::from(vec![Some("JFK"), None])))]);
    let text = "batch 1, row 1, field `code`: null, and the field is not an `Option`";
    assert_eq!(refused([good, null]).await, (3, text.to_owned()));
}

#[tokio::test]
async fn an_error_of_the_source_is_passed_on() {
    let [good, ..] = batches();
    let source = [Ok(good), Err(std::io::Error::other("the source broke"))];
    let airports = dataset(&Store::memory());
    let error = airports.write_record_batches(source, metadata! {}).await.unwrap_err();
    assert!(
        matches!(&error, Error::Input { row: 2, source } if source.to_string().contains("broke")),
        "{error:?}"
    );
}

#[test]
fn the_schema_of_a_record_is_that_of_its_files() {
    let schema = lode::arrow::schema_of::<Airport>(TimeUnit::Nanosecond);
    let found: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type().clone(), field.is_nullable()))
        .collect();
    let expected = [
        ("code", DataType::Utf8, false),
        ("flights", DataType::Int64, true),
        ("closed", DataType::Boolean, false),
    ];
    assert_eq!(found, expected);
}
