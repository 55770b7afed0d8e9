//! What is written is read.

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use futures::TryStreamExt;

use super::*;
use crate::codec::Jsonl;
use crate::compress::Gzip;
use crate::{HiveLayout, Limits};

#[test]
fn every_compression_and_every_size_of_row_groups() {
    let records = trips(300);
    let compressions = [
        ParquetCompression::zstd(3).unwrap(),
        ParquetCompression::gzip(6).unwrap(),
        ParquetCompression::Snappy,
        ParquetCompression::Lz4,
        ParquetCompression::None,
    ];
    for compression in compressions {
        for (rows, pages) in [(1, 1), (7, 3), (300, 50), (1 << 20, 8192)] {
            let codec =
                Parquet::new().compression(compression).row_group_rows(rows).page_rows(pages);
            let bytes = encode(&codec, &records).unwrap();
            let found = metadata_of(&bytes);
            assert_eq!(found.num_row_groups(), 300_usize.div_ceil(rows));
            assert_eq!(decode::<Trip>(&bytes).unwrap(), records, "{compression:?} {rows}");
        }
    }
}

#[tokio::test]
async fn batches_streams_and_appends_through_a_dataset() {
    let store = Store::memory();
    let dataset = Dataset::<Trip>::new(&store, "trips").unwrap().codec(Parquet::new());
    let records = trips(30_000);
    let written = dataset.write(&records, Metadata::empty()).await.unwrap();
    assert_eq!(dataset.read(&written).await.unwrap(), records);
    assert_eq!(written.manifest().compressor, "noop");
    assert!(written.files()[0].path.ends_with(".parquet"));

    let streamed = dataset.stream_write_records(records.clone(), Metadata::empty()).await.unwrap();
    let back: Vec<Trip> = dataset.stream(&streamed).try_collect().await.unwrap();
    assert_eq!(back, records);

    let added = dataset.append(&records[..5], Metadata::empty()).await.unwrap();
    assert_eq!(added.row_count(), 30_005);
    assert_eq!(dataset.read(&added).await.unwrap().len(), 30_005);

    let nothing = dataset.write(&[], Metadata::empty()).await.unwrap();
    assert_eq!(dataset.read(&nothing).await.unwrap(), []);
}

#[tokio::test]
async fn a_handle_of_another_codec_reads_it_and_both_stand_in_one_snapshot() {
    let store = Store::memory();
    let lines = Dataset::<Trip>::new(&store, "trips").unwrap().codec(Jsonl::new());
    let parquet = lines.clone().codec(Parquet::new());
    lines.write(&trips(10), Metadata::empty()).await.unwrap();
    let both = parquet.append(&trips(10), Metadata::empty()).await.unwrap();
    assert_eq!(both.manifest().codec.as_deref(), Some("mixed"));
    let expected: Vec<Trip> = trips(10).into_iter().chain(trips(10)).collect();
    assert_eq!(lines.read(&both).await.unwrap(), expected);
    assert_eq!(parquet.read(&both).await.unwrap(), expected);
}

/// Where all of a column's texts are in dictionaries, they are not copied out of them; where some
/// are not, they are read all the same.
#[tokio::test]
async fn texts_are_left_in_their_dictionaries() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Note {
        kind: Kind,
        few: Option<String>,
        many: String,
        plain: String,
        leg: Option<Leg>,
        list: Vec<String>,
        ratings: BTreeMap<String, Option<i16>>,
        #[lode(json)]
        json: (u8, String),
    }

    fn note(id: u64) -> Note {
        let Trip { kind, name, best, ratings, .. } = trip(id);
        Note {
            kind,
            few: (!id.is_multiple_of(3)).then_some(name),
            // In the last row group only, they are more than a dictionary holds.
            many: if id < 90_000 { String::new() } else { format!("{id:0>60}") },
            plain: format!("{}", id % 9),
            leg: best.map(|leg| Leg { from: leg.from[..6].to_owned(), ..leg }),
            list: vec![format!("{}", id % 9)],
            ratings,
            json: ((id % 9) as u8, "json".to_owned()),
        }
    }

    let notes: Vec<Note> = (0..120_000).map(note).collect();
    let codec = Parquet::new().row_group_rows(30_000).dictionary("plain", false);
    let bytes = Bytes::from(encode(&codec, &notes).unwrap());
    let footer = Arc::new(footer_of(&bytes).unwrap());
    let of_records = footer.columns_of_records::<Note>().unwrap();
    let of_batches = footer.columns_of::<Note>().unwrap();
    let types = |columns: &Projection| -> String {
        let limits = Limits::default();
        let group = Batches::open(&footer, columns, 1, 0, bytes.clone(), &limits);
        let batch = group.unwrap().next().unwrap().unwrap();
        let leg = batch.column_by_name("leg").unwrap();
        let from = leg.as_struct().column_by_name("from").unwrap();
        let top =
            ["kind", "few", "many", "plain", "list", "json"].map(|name| batch.column_by_name(name));
        let columns = top.into_iter().flatten().chain([from]);
        let is_dictionary = |column: &ArrayRef| column.as_any_dictionary_opt().is_some();
        columns.map(|column| if is_dictionary(column) { 'd' } else { '-' }).collect()
    };
    assert_eq!(types(&of_records), "dd----d");
    assert_eq!(types(&of_batches), "-------");
    assert!(decode::<Note>(&bytes).unwrap() == notes);

    let dataset = Dataset::<Note>::new(&Store::memory(), "notes").unwrap().codec(codec);
    let written = dataset.write(&notes, Metadata::empty()).await.unwrap();
    assert!(dataset.read(&written).await.unwrap() == notes);
    let fancy = Note::columns().kind.eq(Kind::Fancy) & Note::columns().few.is_not_null();
    let expected: Vec<_> =
        notes.into_iter().filter(|it| it.kind == Kind::Fancy && it.few.is_some()).collect();
    assert!(dataset.scan(&written).filter(fancy).collect().await.unwrap() == expected);
}

/// Go Lode can put a compressor around Parquet.
#[tokio::test]
async fn a_compressor_around_parquet() {
    #[derive(Debug, Clone)]
    struct Wrapped(Parquet);

    impl RecordCodec<Trip> for Wrapped {
        fn name(&self) -> &str {
            "parquet"
        }
        fn extension(&self) -> &str {
            ".parquet"
        }
        fn compression(&self) -> Arc<dyn Compressor> {
            Arc::new(Gzip::default())
        }
        fn encoder(&self) -> Box<dyn RecordEncoder<Trip>> {
            RecordCodec::<Trip>::encoder(&self.0)
        }
        fn split(&self, _: &[u8]) -> usize {
            0
        }
        fn decode(&self, bytes: &[u8], records: &mut Vec<Trip>) -> Result<(), DecodeError> {
            self.0.decode(bytes, records)
        }
    }

    let store = Store::memory();
    let dataset = Dataset::<Trip>::new(&store, "trips").unwrap();
    let wrapped = dataset.clone().codec(Wrapped(Parquet::new()));
    let written = wrapped.write(&trips(1000), Metadata::empty()).await.unwrap();
    assert_eq!(written.manifest().compressor, "gzip");
    assert_eq!(dataset.read(&written).await.unwrap(), trips(1000));

    let small = Limits { max_record_bytes: Some(100), ..Limits::default() };
    let error = dataset.limits(small).read(&written).await.unwrap_err();
    assert!(matches!(error, crate::Error::LimitExceeded { .. }), "{error}");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Reading {
    #[lode(partition)]
    room: String,
    #[lode(timestamp)]
    at: DateTime<Utc>,
    celsius: f64,
}

#[tokio::test]
async fn partitions_more_than_may_be_open() {
    let reading = |n: u32| Reading {
        room: format!("room {}", n % 100),
        at: Utc.timestamp_opt(1_357_034_400 + i64::from(n), 0).unwrap(),
        celsius: f64::from(n) / 7.0,
    };
    let records: Vec<Reading> = (0..5000).map(reading).collect();
    let store = Store::memory();
    let limits = Limits { open_files: 8, buffered_bytes: 20_000, ..Limits::default() };
    let dataset = Dataset::<Reading>::new(&store, "readings")
        .unwrap()
        .layout(HiveLayout)
        .codec(Parquet::new())
        .limits(limits);
    let sorted = |mut records: Vec<Reading>| {
        records.sort_by_key(|reading| reading.at);
        records
    };
    let written = dataset.write(&records, Metadata::empty()).await.unwrap();
    assert_eq!(written.files().len(), 100);
    assert_eq!(sorted(dataset.read(&written).await.unwrap()), records);
    let some = dataset.read(&written).partition("room", "room 7").await.unwrap();
    assert_eq!(some.len(), 50);
    let streamed = dataset.stream_write_records(records.clone(), Metadata::empty()).await.unwrap();
    assert!(streamed.files().len() > 100);
    assert_eq!(sorted(dataset.read(&streamed).await.unwrap()), records);
}

/// More than what is read whole, so that it is cut into row groups as it comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_larger_than_what_is_read_whole() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Noise {
        n: u64,
        text: String,
    }
    let mut state = 7_u64;
    let mut noise = |n| {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1442695040888963407);
            state
        };
        Noise {
            n: next(),
            text: (0..10).map(|_| format!("{:016x}", next())).collect::<String>() + &format!("{n}"),
        }
    };
    let records: Vec<Noise> = (0..150_000).map(&mut noise).collect();
    let dir = tempfile::tempdir().unwrap();
    for store in [Store::memory(), Store::local(dir.path()).unwrap()] {
        let dataset = Dataset::<Noise>::new(&store, "noise")
            .unwrap()
            .codec(Parquet::new().row_group_rows(10_000));
        let written = dataset.write(&records, Metadata::empty()).await.unwrap();
        assert!(written.size_bytes() > 9 << 20, "{}", written.size_bytes());
        assert!(dataset.read(&written).await.unwrap() == records);
        let back: Vec<Noise> = dataset.stream(&written).try_collect().await.unwrap();
        assert!(back == records);
    }
}
