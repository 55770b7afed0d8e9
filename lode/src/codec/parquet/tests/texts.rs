//! Texts that take much less in a file than in memory.

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};

use super::hostile::batches_of;
use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Told {
    id: u32,
    text: Option<String>,
    raw: crate::Bytes,
    words: Vec<String>,
}

/// A text takes a few bits in each record that has it, and all of its bytes when it is read.
#[test]
fn texts_of_dictionaries_count_in_each_record_that_has_them() {
    let told = |id: u32, text: &str, raw: &str, words: &[&str]| Told {
        id,
        text: (!id.is_multiple_of(3)).then(|| text.to_owned()),
        raw: raw.as_bytes().to_vec().into(),
        words: words.iter().map(|&word| word.to_owned()).collect(),
    };
    let long = "long ".repeat(20_000);
    for [text, raw, word] in [[&*long, "", ""], ["", &long, ""], ["", "", &long]] {
        let records: Vec<_> = (0..300).map(|id| told(id, text, raw, &[word])).collect();
        let file = Bytes::from(encode(&Parquet::new(), &records).unwrap());
        assert!(file.len() < 100_000, "{}", file.len());
        let rows = batches_of::<Told>(&file);
        assert!(rows.iter().all(|&rows| rows * long.len() <= 16 << 20), "{rows:?}");
        assert_eq!(decode::<Told>(&file).unwrap(), records);
    }
    // Short ones change nothing, also of a dictionary that is not short.
    let records: Vec<_> = (0..20_000)
        .map(|id| told(id, &format!("text {}", id % 5000), "raw", &["one", "two"]))
        .collect();
    let file = Bytes::from(encode(&Parquet::new(), &records).unwrap());
    assert_eq!(batches_of::<Told>(&file), [8192, 8192, 3616]);
}

/// So does one that begins as the one before it.
#[test]
fn texts_that_begin_as_others_do_count_with_all_of_their_bytes() {
    let told = |id: u32, text: String| Told {
        id,
        text: (!id.is_multiple_of(3)).then_some(text),
        raw: Vec::new().into(),
        words: Vec::new(),
    };
    let long = "long ".repeat(20_000);
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let prefixed = |records: &[Told]| {
            let properties = WriterProperties::builder()
                .set_dictionary_enabled(false)
                .set_writer_version(version)
                .set_column_encoding("text".into(), Encoding::DELTA_BYTE_ARRAY);
            rewritten(&encode(&Parquet::new(), records).unwrap(), properties)
        };
        let records: Vec<_> = (0..300).map(|id| told(id, format!("{long}{id}"))).collect();
        let file = prefixed(&records);
        assert!(file.len() < 400_000, "{}", file.len());
        let rows = batches_of::<Told>(&file);
        assert!(rows.iter().all(|&rows| rows * long.len() <= 16 << 20), "{rows:?}");
        assert_eq!(decode::<Told>(&file).unwrap(), records);
        // Short ones change nothing, however many there are in a page.
        let records: Vec<_> =
            (0..20_000).map(|id| told(id, format!("the text of number {id}"))).collect();
        let file = prefixed(&records);
        assert_eq!(batches_of::<Told>(&file), [8192, 8192, 3616]);
        assert_eq!(decode::<Told>(&file).unwrap(), records);
        // One long one is found, wherever it is.
        for place in [1, 2, 32, 65, 128, 130, 161, 7_777, 19_999] {
            let text = |id: u32| match id == place {
                true => long.clone(),
                false => format!("{}{id}", &long[..id as usize * 7919 % 200]),
            };
            let records: Vec<_> = (0..20_000).map(|id| told(id, text(id))).collect();
            let rows = batches_of::<Told>(&prefixed(&records));
            let most = (16 << 20) / long.len();
            assert!(rows[..rows.len() - 1].iter().all(|&rows| rows == most), "{place}: {rows:?}");
        }
    }
}

/// The same records, written with these properties.
fn rewritten(file: &[u8], properties: WriterPropertiesBuilder) -> Bytes {
    let file = Bytes::copy_from_slice(file);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = Arc::clone(reader.schema());
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties.build())).unwrap();
    for batch in reader.build().unwrap() {
        writer.write(&batch.unwrap()).unwrap();
    }
    writer.into_inner().unwrap().into()
}
