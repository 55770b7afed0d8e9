//! Files that say one thing to what checks them and another to what reads them, or claim what would
//! take all memory.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::FixedLenByteArrayType;
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnChunkMetaDataBuilder, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;

use super::*;
use crate::Predicate;
use crate::codec::parquet::pages::{PageBytes, PageLimits, Pages, check_pages};

/// A footer with this schema, after its version, and no rows.
fn footer(schema: &[&[u8]]) -> Vec<u8> {
    [&[0x15, 0x04][..], &schema.concat(), &[0x16, 0x00, 0x19, 0x0c, 0x00]].concat()
}

fn refusal(footer: &[u8]) -> String {
    Footer::read(footer, 1 << 20).map(|footer| footer.groups()).unwrap_err().to_string()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

const ROOT: &[u8] = b"\x48\x01r\x15\x02\x00";
const LEAF: &[u8] = b"\x15\x02\x25\x00\x18\x01x\x00";

/// Groups in groups, so many, whose number of children is said by `one`.
fn nested(groups: usize, one: &[u8]) -> Vec<Vec<u8>> {
    let group = [b"\x35\x00\x18\x01a", one, &[0]].concat();
    let mut elements = vec![[b"\x48\x01r", one, &[0]].concat()];
    elements.extend(std::iter::repeat_n(group, groups));
    elements.push(LEAF.to_vec());
    elements
}

fn list(elements: &[Vec<u8>]) -> Vec<u8> {
    [&[0xfc][..], &varint(elements.len() as u64), &elements.concat()].concat()
}

#[test]
fn a_footer_that_is_sound_is_read() {
    let elements = nested(20, b"\x15\x02");
    let read = Footer::read(&footer(&[b"\x19", &list(&elements)]), 1 << 20).unwrap();
    assert_eq!(read.rows(), 0);
    // The version as an integer of 64 bits, as fastparquet has some numbers: the bytes are the same.
    let wide = [b"\x16\x04\x19", &list(&elements)[..], &[0x16, 0x00, 0x19, 0x0c, 0x00]].concat();
    assert_eq!(Footer::read(&wide, 1 << 20).unwrap().rows(), 0);
    let deep = nested(200, b"\x15\x02");
    assert!(refusal(&footer(&[b"\x19", &list(&deep)])).contains("nested too deep"));
}

/// The crate `parquet` does not look at the types of the fields it knows.
#[test]
fn the_schema_that_is_read_is_the_one_that_was_checked() {
    let malformed = |schema: &[&[u8]]| {
        let said = refusal(&footer(schema));
        assert!(said.contains("its footer is malformed"), "{said}");
    };
    // A number of children with more bytes than it may have, or as a set.
    malformed(&[b"\x19", &list(&nested(200, b"\x16\x02"))]);
    malformed(&[b"\x1a", &list(&nested(200, b"\x15\x02"))]);
    // 1 << 32 more than it is.
    let more = [&[0x15][..], &varint((1 << 33) + 2)].concat();
    malformed(&[b"\x19", &list(&nested(200, &more))]);
    // The number again, and one from before.
    malformed(&[b"\x19", &list(&nested(200, b"\x15\x02\x05\x0a\x00"))]);
    malformed(&[b"\x19", &list(&nested(200, b"\x15\x02\x05\x0a\x02"))]);
    // A length of a type which is as many bytes, and so are those that follow.
    let hidden = list(&[ROOT.to_vec(), b"\x15\x02\x18\x01\x01\x18\x01x\x00".to_vec()]);
    malformed(&[b"\x19", &hidden]);
    // The width of an integer.
    let hidden = b"\x15\x02\x25\x00\x18\x01x\x6c\xac\x18\x01\x02\x00\x00\x00".to_vec();
    malformed(&[b"\x19", &list(&[ROOT.to_vec(), hidden])]);
}

#[test]
fn fields_before_the_schema_are_what_they_are_to_be() {
    let good = list(&nested(20, b"\x15\x02"));
    let end = [0x16, 0x00, 0x19, 0x0c, 0x00];
    // The version, as bytes; nothing, as a list of booleans; and the schema after what follows it.
    let fronts: [&[u8]; 3] = [
        b"\x18\x01\x04\x19",
        b"\x15\x04\x09\x80\x02\x21\x01\x02\x09\x04",
        b"\x15\x04\x26\x00\x09\x04",
    ];
    for front in fronts {
        let said = refusal(&[front, &good, &end].concat());
        assert!(said.contains("its footer is malformed"), "{said}");
    }
}

/// Room is made for as many as there are to be, before the first is read.
#[test]
fn numbers_of_children_and_row_groups_fit_what_is_there() {
    for children in [2, 1 << 20, -1] {
        let children = varint(((children << 1) ^ (children >> 31)) as u32 as u64);
        let root = [b"\x48\x01r\x15", &children[..], &[0]].concat();
        let said = refusal(&footer(&[b"\x19", &list(&[root, LEAF.to_vec()])]));
        assert!(said.contains("its footer is malformed"), "{said}");
    }
    let schema = list(&[ROOT.to_vec(), LEAF.to_vec()]);
    let front = [b"\x15\x04\x19", &schema[..], b"\x16\x00"].concat();
    let groups = [b"\x19\xfc", &varint(100_000)[..], &[0; 100_001]].concat();
    assert!(refusal(&[&front[..], &groups].concat()).contains("its footer is malformed"));
}

/// Each column has the names of all groups that it is in.
#[test]
fn paths_of_columns_do_not_add_up_to_too_much() {
    let long = |name: usize| [b"\x48", &varint(name as u64)[..], &vec![b'r'; name]].concat();
    let group = [b"\x35\x00\x18", &long(100_000)[1..], b"\x15", &varint(4000), &[0]].concat();
    let mut elements = vec![ROOT.to_vec(), group];
    elements.extend(std::iter::repeat_n(LEAF.to_vec(), 2000));
    let said = refusal(&footer(&[b"\x19", &list(&elements)]));
    assert!(said.contains("names of its columns are too long"), "{said}");
}

fn column(schema: &str, values: i64, compression: Compression) -> ColumnChunkMetaData {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let column = ColumnChunkMetaData::builder(SchemaDescriptor::new(schema).column(0));
    column.set_num_values(values).set_compression(compression).build().unwrap()
}

/// A page of this kind, whose header ends in `rest`.
fn page(kind: u8, size: u64, rest: &[u8], body: &[u8]) -> Vec<u8> {
    let (size, stored) = (varint(size * 2), varint(body.len() as u64 * 2));
    [&[0x15, kind * 2, 0x15], &size[..], &[0x15], &stored, rest, &[0], body].concat()
}

fn look_at(pages: &[Vec<u8>], compression: Compression) -> Result<PageBytes, FooterError> {
    let column = column("message m { required binary x; }", 1, compression);
    let limits = Limits { max_record_bytes: Some(1 << 20), ..Limits::default() };
    check_pages(&pages.concat(), &column, PageLimits::new(&limits, 1))
}

const V1: &[u8] = b"\x2c\x15\x02\x15\x00\x15\x06\x15\x06\x00";

#[test]
fn a_page_says_to_all_what_it_said_to_the_check() {
    let plain = |pages: &[Vec<u8>]| look_at(pages, Compression::UNCOMPRESSED);
    let body = [0; 4];
    let good = page(0, 4, V1, &body);
    let dictionary = page(2, 4, b"\x4c\x15\x02\x15\x00\x00", &body);
    let bytes = PageBytes { all: 8, dictionary: 4, prefixed: 0 };
    assert_eq!(plain(&[dictionary, good.clone()]).unwrap(), bytes);
    // What is not compressed has the bytes that it has.
    let short = page(2, 1, b"\x4c\x15\x02\x15\x00\x00", &[0; 100]);
    let bytes = PageBytes { all: 104, dictionary: 100, prefixed: 0 };
    assert_eq!(plain(&[short, good.clone()]).unwrap(), bytes);
    let huge = varint(u64::from(u32::MAX) - 1);
    let dictionaries = [
        // Its number of values is of another type, is told by the header of another kind, or of its
        // own kind as well, or there is none.
        [b"\x4c\x16", &huge[..], b"\x15\x00\x00"].concat(),
        [b"\x4c\x15", &huge[..], b"\x15\x00\x00\x1c\x15\x02\x00"].concat(),
        [b"\x2c\x15\x02\x00\x2c\x15", &huge[..], b"\x15\x00\x00"].concat(),
        b"\x4c\x15\x02\x15\x00\x05\x02\x0a\x00".to_vec(),
        b"\x1c\x15\x02\x15\x00\x15\x06\x15\x06\x00".to_vec(),
        Vec::new(),
        // A checksum that is bytes, and its encoding.
        [b"\x18\x01\x0d\x3c\x15", &varint(2)[..], b"\x15\x00\x00"].concat(),
        b"\x4c\x15\x02\x18\x01\x00\x00".to_vec(),
    ];
    for header in dictionaries {
        let said = plain(&[page(2, 4, &header, &body), good.clone()]).unwrap_err().to_string();
        assert!(said.contains("the header of a page is malformed"), "{header:?}: {said}");
    }
}

#[test]
fn pages_decompress_to_no_more_than_they_say() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&[0; 1 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    // Values, nulls, rows, encoding, bytes of levels; then whether it is compressed.
    let v2 = |last: &[u8]| {
        [b"\x5c\x15\x02\x15\x00\x15\x02\x15\x00\x15\x00\x15\x00", last, &[0]].concat()
    };
    for last in [&b""[..], b"\x11", b"\x12\x01\x0e", b"\x12\x08\x0e\x01\x00"] {
        let pages = [page(3, 4, &v2(last), &bomb)];
        look_at(&pages, Compression::GZIP(Default::default())).unwrap_err();
    }
    let plain = [page(3, 4, &v2(b"\x12"), &[0; 4])];
    assert_eq!(look_at(&plain, Compression::GZIP(Default::default())).unwrap().all, 4);

    let frame = [page(0, 4, V1, b"\x04\x22\x4d\x18\x40\x40")];
    look_at(&frame, Compression::LZ4).unwrap_err();
    look_at(&frame, Compression::BROTLI(Default::default())).unwrap_err();
    assert_eq!(look_at(&frame, Compression::LZ4_RAW).unwrap().all, 4);
}

/// A file of one column, of values this wide, which are all null.
fn nulls(width: i32, rows: usize) -> Bytes {
    let schema = format!("message m {{ optional fixed_len_byte_array({width}) x; }}");
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let levels = vec![0; rows];
    column.typed::<FixedLenByteArrayType>().write_batch(&[], Some(&levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.into_inner().unwrap().into()
}

fn open<T: Record>(file: &Bytes, limits: &Limits) -> Result<Batches, crate::error::BoxError> {
    let footer = footer_of(file)?;
    let columns = footer.columns_of_records::<T>()?;
    Batches::open(&Arc::new(footer), &columns, 0, 0, file.clone(), limits)
}

/// How many rows are decoded at once, of all.
pub(super) fn batches_of<T: Record>(file: &Bytes) -> Vec<usize> {
    let mut batches = open::<T>(file, &Limits::default()).unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = batches.next().unwrap() {
        rows.push(batch.num_rows());
    }
    rows
}

/// Room is made for a batch of values before it is known that they are null.
#[test]
fn values_that_are_null_take_no_more_than_others() {
    let wide = nulls(i32::MAX, 1);
    assert!(wide.len() < 1000, "{}", wide.len());
    let error = open::<Trip>(&wide, &Limits::default()).map(|_| ()).unwrap_err();
    let limit = 1 << 30;
    assert!(
        matches!(error.downcast_ref(), Some(FooterError::TooLarge { limit: it, .. }) if *it == limit)
    );

    let rows = batches_of::<Trip>(&nulls(64 << 10, 1000));
    assert_eq!(rows.iter().sum::<usize>(), 1000);
    assert!(rows.iter().all(|&rows| rows <= 64), "{rows:?}");
}

/// Packed levels are as long as the number of values says, where others begin with their length: what
/// follows would be looked at in the wrong place.
#[test]
fn levels_are_run_lengths_where_there_are_levels() {
    let read = |schema: &str, encodings: [u8; 3]| {
        let encodings = encodings.map(|it| it * 2);
        // One value, the encoding of it, of definition levels, and of repetition levels.
        let [value, definition, repetition] = encodings.each_ref().map(std::slice::from_ref);
        let rest = [b"\x2c\x15\x02\x15", value, b"\x15", definition, b"\x15", repetition, &[0]];
        let mut pages = page(0, 4, &rest.concat(), &[0; 4]);
        let column = ColumnChunkMetaData::builder(
            SchemaDescriptor::new(Arc::new(parse_message_type(schema).unwrap())).column(0),
        );
        let column = column.set_num_values(1).set_data_page_offset(4);
        let column = column.set_total_compressed_size(pages.len() as i64).build().unwrap();
        pages.splice(0..0, [0; 4]);
        let mut pages = Pages::new(Pieces::one(0, pages.into()), &column, 1, None).unwrap();
        pages.next().unwrap().map(|_| ()).map_err(|e| e.to_string())
    };
    let flat = "message m { required int32 x; }";
    assert_eq!(read(flat, [0, 4, 4]), Ok(()));
    let other = Err("Parquet error: a page has levels of another encoding".to_owned());
    let optional = "message m { optional int32 x; }";
    for [definition, repetition] in [[4, 3], [4, 4], [0, 3]] {
        assert_eq!(read(optional, [5, definition, repetition]), other);
        // Only of values that are delta packed something is looked for behind the levels.
        assert_eq!(read(optional, [0, definition, repetition]), Ok(()));
    }
    assert_eq!(read("message m { repeated int32 x; }", [5, 3, 4]), other);
}

/// The file with other claims about its row groups, and so many rows.
fn claiming(
    file: &[u8],
    rows: i64,
    groups: impl Fn(Vec<RowGroupMetaData>) -> Vec<RowGroupMetaData>,
) -> Bytes {
    let found =
        ParquetMetaDataReader::new().parse_and_finish(&Bytes::copy_from_slice(file)).unwrap();
    let (old, groups) = (found.file_metadata(), groups(found.row_groups().to_vec()));
    let new = parquet::file::metadata::FileMetaData::new(
        old.version(),
        rows,
        old.created_by().map(str::to_owned),
        None,
        old.schema_descr_ptr(),
        old.column_orders().cloned(),
    );
    let tail = &file[file.len() - TAIL_BYTES as usize..];
    let len = footer_len(tail, file.len() as u64).unwrap() + TAIL_BYTES;
    let mut bytes = file[..file.len() - len as usize].to_vec();
    let found = ParquetMetaData::new(new, groups);
    ParquetMetaDataWriter::new(&mut bytes, &found).finish().unwrap();
    bytes.into()
}

/// The row group with other claims about its columns, and so many rows.
fn changed(
    group: RowGroupMetaData,
    rows: i64,
    change: impl Fn(ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> RowGroupMetaData {
    let columns = group.columns().iter();
    let columns = columns.map(|column| change(column.clone().into_builder()).build().unwrap());
    let columns = columns.collect();
    group.into_builder().set_num_rows(rows).set_column_metadata(columns).build().unwrap()
}

fn survey(file: &Bytes, predicate: Predicate<Ranked>) -> Survey {
    let footer = Arc::new(footer_of(file).unwrap());
    let filter = Filter::resolve(&Arc::new(predicate.into_expr()), &footer);
    let columns = footer.columns_of::<Ranked>().unwrap();
    Survey::new(footer, filter, columns, &Limits::default()).unwrap()
}

#[test]
fn rows_that_are_claimed_take_no_memory() {
    let file = encode(&Parquet::new(), &ranked(10)).unwrap();
    let rows = 1 << 62;
    let claiming = claiming(&file, rows, |mut groups| {
        vec![changed(groups.remove(0), rows, |column| column.set_num_values(rows))]
    });
    let survey = survey(&claiming, Ranked::columns().place.ge(3));
    let step = survey.steps().remove(0);
    assert_eq!(step.rows.first(), Some(&(0..rows as usize)));
    let error = survey.test(step, &Pieces::new(vec![(0, claiming)])).unwrap_err().to_string();
    assert!(error.contains("its pages do not hold the values"), "{error}");
}

#[test]
fn a_footer_that_claims_too_much_or_too_little_is_not_believed() {
    let file = encode(&Parquet::new(), &ranked(10)).unwrap();
    let large = claiming(&file, 10, |mut groups| {
        let large =
            |column: ColumnChunkMetaDataBuilder| column.set_total_uncompressed_size(i64::MAX);
        vec![changed(groups.remove(0), 10, large)]
    });
    assert_eq!(footer_of(&large).unwrap().uncompressed(), u64::MAX);

    let small = claiming(&file, 10, |mut groups| {
        vec![changed(groups.remove(0), 10, |column| column.set_total_uncompressed_size(0))]
    });
    // Some writers claim what pages have when they are compressed: that is no fault, within the limit.
    let limits = |most| Limits { max_decoded_bytes: Some(most), ..Limits::default() };
    assert_eq!(decode_with::<Ranked>(&small, &limits(1 << 20)).unwrap().len(), 10);
    let true_size = footer_of(&file).unwrap().uncompressed();
    let error = decode_with::<Ranked>(&small, &limits(true_size * 2 / 3)).unwrap_err();
    let error = format!("{error:?}");
    assert!(error.contains("what: \"the decompressed file\""), "{error}");
    assert_eq!(decode::<Ranked>(&small).unwrap(), decode::<Ranked>(&file).unwrap());
    assert_eq!(decode_with::<Ranked>(&file, &limits(true_size)).unwrap().len(), 10);

    // The same columns, as often as they are named.
    let many = claiming(&file, 1000, |groups| vec![groups[0].clone(); 100]);
    let error = footer_of(&many).map(|footer| footer.groups()).unwrap_err().to_string();
    assert!(error.contains("not apart from each other"), "{error}");
}

/// 100 row groups of one record, of whose columns nothing is known.
fn unknown(change: impl Fn(ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder) -> Bytes {
    let file = encode(&Parquet::new().row_group_rows(1), &ranked(100)).unwrap();
    claiming(&file, 100, |groups| {
        let change = |column: ColumnChunkMetaDataBuilder| change(column.clear_statistics());
        groups.into_iter().map(|group| changed(group, 1, change)).collect()
    })
}

#[test]
fn a_filter_of_many_row_groups_is_not_held_for_each() {
    let bitset = 1 << 20;
    let unions = b"\x1c\x1c\0\0\x1c\x1c\0\0\x1c\x1c\0\0\0";
    let filter = [&[0x15][..], &varint(2 << 20), unions, &vec![0xff; bitset]].concat();
    let own = unknown(|column| column);
    let begin = footer_of(&own).unwrap().begin() as usize;
    // The footer comes behind the filter, whose place it says.
    let with = unknown(|column| {
        column
            .set_bloom_filter_offset(Some(begin as i64))
            .set_bloom_filter_length(Some(filter.len() as i32))
    });
    let file = Bytes::from([&with[..begin], &filter, &with[begin..]].concat());
    let survey = survey(&file, Ranked::columns().place.eq(3));
    let steps = survey.steps();
    assert_eq!(steps.len(), 100);
    let survey = survey.with_blooms(&steps, &Pieces::new(vec![(0, file)]));
    assert_eq!(survey.held_blooms(), 63);
}

#[test]
fn an_index_of_many_columns_is_not_read() {
    let indexed = |place: fn(i64) -> i64| {
        let number = std::cell::Cell::new(4);
        unknown(|column| {
            number.set(number.get() + 1);
            let at = place(number.get());
            let column = column.set_offset_index_offset(None);
            column.set_column_index_offset(Some(at)).set_column_index_length(Some(1))
        })
    };
    let indexes = |file: &Bytes| survey(file, Ranked::columns().place.eq(3)).indexes();
    assert_eq!(indexes(&indexed(|at| at)), Some(5..305));
    assert_eq!(indexes(&indexed(|_| 5)), None);
}
