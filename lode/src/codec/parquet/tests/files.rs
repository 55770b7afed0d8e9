//! What stands in files beside the records.

use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::SortingColumn;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};

use super::*;
use crate::record::RecordSchema;

#[test]
fn the_footer_says_who_wrote_what() {
    let bytes = encode(&Parquet::new(), &trips(10)).unwrap();
    let found = metadata_of(&bytes);
    let file = found.file_metadata();
    assert_eq!(file.created_by(), Some(concat!("lode-rs ", env!("CARGO_PKG_VERSION"))));
    let value = |key: &str| {
        let found = file.key_value_metadata().unwrap().iter().find(|it| it.key == key);
        found.and_then(|it| it.value.clone()).unwrap()
    };
    let schema = RecordSchema::of::<Trip>();
    assert_eq!(value("lode.schema"), schema.fingerprint());
    assert_eq!(value("lode.schema.json"), serde_json::to_string(&schema).unwrap());
}

#[test]
fn pages_have_statistics_and_an_index() {
    let bytes = encode(&Parquet::new().page_rows(10).row_group_rows(50), &trips(100)).unwrap();
    let found = metadata_of(&bytes);
    for group in found.row_groups() {
        for column in group.columns() {
            assert!(column.statistics().is_some(), "{}", column.column_path());
            assert!(column.column_index_length().is_some(), "{}", column.column_path());
            assert!(column.offset_index_length().is_some(), "{}", column.column_path());
        }
    }
    assert_eq!(found.page_index_for_row_group(1).num_data_pages(0), Some(5));
    assert!(found.page_index_for_row_group(1).column_index(0).is_some());
}

#[test]
fn a_bloom_filter_where_it_is_asked_for() {
    let bytes = encode(&Parquet::new(), &trips(1000)).unwrap();
    let options = ReadOptionsBuilder::new();
    let properties =
        parquet::file::properties::ReaderProperties::builder().set_read_bloom_filter(true).build();
    let options = options.with_reader_properties(properties).build();
    let reader = SerializedFileReader::new_with_options(Bytes::from(bytes), options).unwrap();
    let group = reader.get_row_group(0).unwrap();
    let filters: Vec<Option<&Sbbf>> =
        (0..group.num_columns()).map(|at| group.get_column_bloom_filter(at)).collect();
    let name = filters[1].expect("the filter of `name`");
    assert!(name.check(&"trip 3"));
    assert!(!name.check(&"trip 99"));
    assert_eq!(filters.iter().flatten().count(), 1);
}

#[tokio::test]
async fn a_batch_is_sorted_and_each_row_group_of_a_stream() {
    let records = ranked(5000);
    let store = Store::memory();
    let codec = Parquet::new().row_group_rows(1000);
    let dataset = Dataset::<Ranked>::new(&store, "ranked").unwrap().codec(codec);
    let written = dataset.write(&records, Metadata::empty()).await.unwrap();
    let mut expected = records.clone();
    expected.sort_by_key(|record| (record.group.clone(), record.rank));
    assert_eq!(dataset.read(&written).await.unwrap(), expected);

    let streamed = dataset.stream_write_records(records.clone(), Metadata::empty()).await.unwrap();
    let back = dataset.read(&streamed).await.unwrap();
    assert!(!is_ranked(&back));
    for (group, given) in back.chunks(1000).zip(records.chunks(1000)) {
        let mut expected = given.to_vec();
        expected.sort_by_key(|record| (record.group.clone(), record.rank));
        assert_eq!(group, expected);
    }

    let sorting = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: true };
    for snapshot in [written, streamed] {
        for file in stored(&store, &snapshot).await {
            for group in metadata_of(&file).row_groups() {
                assert_eq!(group.sorting_columns(), Some(&vec![sorting(0), sorting(1)]));
            }
        }
    }
    assert_eq!(
        metadata_of(&encode(&codec_of_trips(), &trips(3)).unwrap()).row_group(0).sorting_columns(),
        None
    );
}

fn codec_of_trips() -> Parquet {
    Parquet::new()
}

#[test]
fn dictionaries_can_be_switched_off() {
    let has_dictionary = |codec: Parquet| {
        let bytes = encode(&codec, &trips(100)).unwrap();
        let found = metadata_of(&bytes);
        let column = found.row_group(0).columns().iter();
        let column = column.clone().find(|column| column.column_path().string() == "best.from");
        column.unwrap().dictionary_page_offset().is_some()
    };
    assert!(has_dictionary(Parquet::new()));
    assert!(!has_dictionary(Parquet::new().dictionary("best.from", false)));
    assert!(!has_dictionary(Parquet::new().dictionary("best", false)));
    let error = encode(&Parquet::new().dictionary("worst", false), &trips(1)).unwrap_err();
    assert_eq!(error.field, "worst");
}

#[test]
fn times_in_microseconds() {
    let mut records = trips(2);
    records[0].when = Utc.timestamp_nanos(1_000);
    records[1].when = Utc.timestamp_nanos(1_001);
    let codec = Parquet::new().timestamps(TimeUnit::Microsecond);
    let error = encode(&codec, &records).unwrap_err();
    assert_eq!(error.field, "when");
    let bytes = encode(&codec, &records[..1]).unwrap();
    assert_eq!(decode::<Trip>(&bytes).unwrap(), records[..1]);
}

#[test]
fn levels_are_checked() {
    for (level, there_is) in [(0, false), (1, true), (22, true), (23, false), (-1, false)] {
        assert_eq!(ParquetCompression::zstd(level).is_ok(), there_is, "zstd {level}");
    }
    for (level, there_is) in [(-1, false), (0, true), (9, true), (10, false)] {
        assert_eq!(ParquetCompression::gzip(level).is_ok(), there_is, "gzip {level}");
    }
}
