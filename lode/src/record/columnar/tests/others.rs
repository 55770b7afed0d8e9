//! Columns as other writers make them.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, UInt8Builder};
use arrow_array::types::{Float32Type, Int8Type, Int32Type, UInt64Type};
use arrow_array::*;
use arrow_schema::{DataType, Field, TimeUnit as ArrowUnit};
use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::family::{Scalars, Status, Times, Top, records};
use super::{TimeUnit, batch, columns, decode, try_decode};
use crate::{Bytes, Record};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_order_of_columns_does_not_matter(records in records(TimeUnit::Nanosecond)) {
        let batch = batch(&records);
        let reversed: Vec<_> = (0..batch.num_columns()).rev().collect();
        prop_assert_eq!(decode::<Top>(&batch.project(&reversed).unwrap()), records);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct One<T> {
    value: T,
}

/// The values of a column of this one.
fn values<T: crate::record::Field>(column: impl Array + 'static) -> Vec<T>
where
    One<T>: Record,
{
    try_values(column).unwrap()
}

fn try_values<T: crate::record::Field>(column: impl Array + 'static) -> Result<Vec<T>, String>
where
    One<T>: Record,
{
    let batch = columns(&[("value", Arc::new(column))]);
    Ok(try_decode::<One<T>>(&batch)?.into_iter().map(|one| one.value).collect())
}

#[test]
fn narrower_numbers_widen() {
    assert_eq!(values::<i64>(Int8Array::from(vec![-128, 127])), [-128, 127]);
    assert_eq!(values::<i64>(UInt32Array::from(vec![u32::MAX])), [i64::from(u32::MAX)]);
    assert_eq!(values::<i32>(UInt16Array::from(vec![u16::MAX])), [i32::from(u16::MAX)]);
    assert_eq!(values::<i16>(UInt8Array::from(vec![255])), [255]);
    assert_eq!(values::<u64>(UInt8Array::from(vec![255])), [255]);
    assert_eq!(values::<u32>(UInt16Array::from(vec![1])), [1]);
    assert_eq!(values::<u16>(UInt8Array::from(vec![1])), [1]);
    assert_eq!(
        values::<Option<f64>>(PrimitiveArray::<Float32Type>::from(vec![Some(0.5), None])),
        [Some(0.5), None]
    );
}

#[test]
fn wider_and_other_types_are_refused() {
    let wrong = |found: Result<_, String>, text: &str| assert_eq!(found.unwrap_err(), text);
    wrong(
        try_values::<i32>(Int64Array::from(vec![1])).map(|_| ()),
        "column `value`: expected Int32, found Int64",
    );
    wrong(
        try_values::<i8>(UInt8Array::from(vec![1])).map(|_| ()),
        "column `value`: expected Int8, found UInt8",
    );
    wrong(
        try_values::<u64>(Int8Array::from(vec![1])).map(|_| ()),
        "column `value`: expected UInt64, found Int8",
    );
    wrong(
        try_values::<f32>(Float64Array::from(vec![1.0])).map(|_| ()),
        "column `value`: expected Float32, found Float64",
    );
    wrong(
        try_values::<String>(BinaryArray::from_vec(vec![b"a"])).map(|_| ()),
        "column `value`: expected Utf8, found Binary",
    );
    wrong(
        try_values::<Bytes>(StringArray::from(vec!["a"])).map(|_| ()),
        "column `value`: expected Binary, found Utf8",
    );
    wrong(
        try_values::<Vec<Vec<u8>>>(list()).map(|_| ()),
        "column `value[]`: expected a list, found UInt8",
    );
    wrong(
        try_values::<bool>(Int8Array::from(vec![1])).map(|_| ()),
        "column `value`: expected Boolean, found Int8",
    );
    let scalars = DataType::Int8;
    wrong(
        try_values::<Scalars>(new_null(&scalars)).map(|_| ()),
        "column `value`: expected a struct, found Int8",
    );
    wrong(
        try_values::<std::collections::BTreeMap<String, u8>>(list()).map(|_| ()),
        "column `value`: expected a map, found List(UInt8)",
    );
    wrong(
        try_values::<NaiveDate>(Int32Array::from(vec![1])).map(|_| ()),
        "column `value`: expected Date32, found Int32",
    );
    wrong(
        try_values::<DateTime<Utc>>(Int64Array::from(vec![1])).map(|_| ()),
        "column `value`: expected Timestamp, found Int64",
    );
    wrong(
        try_values::<Status>(Int64Array::from(vec![1])).map(|_| ()),
        "column `value`: expected Utf8, found Int64",
    );
}

fn new_null(ty: &DataType) -> ArrayRef {
    new_null_array(ty, 1)
}

fn list() -> ListArray {
    let mut lists = ListBuilder::new(UInt8Builder::new());
    lists.append_value([Some(1), Some(2)]);
    lists.finish()
}

#[test]
fn texts_are_read_whichever_way_they_are_kept() {
    let texts = [Some("a"), None, Some("a text of more than twelve bytes")];
    let owned = texts.map(|text| text.map(str::to_owned));
    let check = |found: Vec<Option<String>>| assert_eq!(found, owned);
    check(values(StringArray::from(texts.to_vec())));
    check(values(LargeStringArray::from(texts.to_vec())));
    check(values(StringViewArray::from(texts.to_vec())));
    check(values::<_>(texts.into_iter().collect::<DictionaryArray<Int8Type>>()));
    check(values::<_>(texts.into_iter().collect::<DictionaryArray<UInt64Type>>()));
    let dictionary = DictionaryArray::new(
        Int16Array::from(vec![Some(2), None, Some(0)]),
        Arc::new(LargeStringArray::from(vec![texts[2], Some("unused"), texts[0]])),
    );
    check(values(dictionary.clone()));
    let keys = UInt32Array::from(vec![0, 1, 2]);
    check(values(DictionaryArray::new(keys, Arc::new(dictionary))));
}

#[test]
fn nulls_may_stand_in_the_dictionary() {
    let keys = Int32Array::from(vec![Some(0), Some(1), None]);
    let texts: ArrayRef = Arc::new(StringArray::from(vec![None, Some("b")]));
    let column = DictionaryArray::new(keys.clone(), texts);
    assert_eq!(values::<Option<String>>(column.clone()), [None, Some("b".to_owned()), None]);
    let error = try_values::<String>(column).unwrap_err();
    assert_eq!(error, "row 0, field `value`: null, and the field is not an `Option`");
    let numbers = DictionaryArray::new(keys, Arc::new(Int8Array::from(vec![None, Some(7)])));
    assert_eq!(values::<Option<i64>>(numbers), [None, Some(7), None]);
}

#[test]
fn byte_strings_are_read_whichever_way_they_are_kept() {
    let bytes: [&[u8]; 2] = [b"ab", b"\xff\x00"];
    let owned = bytes.map(Bytes::from);
    assert_eq!(values::<Bytes>(BinaryArray::from_vec(bytes.to_vec())), owned);
    assert_eq!(values::<Bytes>(LargeBinaryArray::from_vec(bytes.to_vec())), owned);
    assert_eq!(values::<Bytes>(BinaryViewArray::from_iter_values(bytes)), owned);
    let fixed = FixedSizeBinaryArray::try_from_iter(bytes.into_iter()).unwrap();
    assert_eq!(values::<Bytes>(fixed.clone()), owned);
    let keys = PrimitiveArray::<Int32Type>::from(vec![0, 1]);
    assert_eq!(values::<Bytes>(DictionaryArray::new(keys, Arc::new(fixed))), owned);
}

#[test]
fn lists_are_read_whichever_way_they_are_kept() {
    let item = Arc::new(Field::new("item", DataType::UInt8, true));
    let elements = || Arc::new(UInt8Array::from(vec![1, 2, 3, 4]));
    let fixed = FixedSizeListArray::new(Arc::clone(&item), 2, elements(), None);
    assert_eq!(values::<Vec<u8>>(fixed.clone()), [[1, 2], [3, 4]]);
    assert_eq!(values::<[u8; 2]>(fixed.slice(1, 1)), [[3, 4]]);
    let ends = arrow_buffer::OffsetBuffer::new(vec![1, 1, 4].into());
    let large = LargeListArray::new(item, ends, elements(), None);
    assert_eq!(values::<Vec<u8>>(large.clone()), [vec![], vec![2, 3, 4]]);
    assert_eq!(
        try_values::<[u8; 3]>(large).unwrap_err(),
        "row 0, field `value`: expected a list of 3, found one of 0"
    );
}

#[test]
fn times_are_read_whatever_they_are_counted_in() {
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let check = |found: Vec<DateTime<Utc>>, text| assert_eq!(found, [time(text)]);
    check(values(TimestampSecondArray::from(vec![-1])), "1969-12-31T23:59:59Z");
    check(values(TimestampMillisecondArray::from(vec![-1])), "1969-12-31T23:59:59.999Z");
    check(values(TimestampMicrosecondArray::from(vec![-1])), "1969-12-31T23:59:59.999999Z");
    check(values(TimestampNanosecondArray::from(vec![-1])), "1969-12-31T23:59:59.999999999Z");
    let zoned = TimestampSecondArray::from(vec![0]).with_timezone("+05:30");
    check(values(zoned), "1970-01-01T00:00:00Z");
    let error = try_values::<DateTime<Utc>>(TimestampSecondArray::from(vec![i64::MAX]));
    assert_eq!(
        error.unwrap_err(),
        "row 0, field `value`: a time 9223372036854775807 seconds from 1970 is out of range"
    );
    let days = Date64Array::from(vec![-1, 86_400_000]);
    let date = |day| NaiveDate::from_yo_opt(1970, 1).unwrap() + chrono::TimeDelta::days(day);
    assert_eq!(values::<NaiveDate>(days), [date(-1), date(1)]);
    for days in [i32::MAX, i32::MIN] {
        let error = try_values::<NaiveDate>(Date32Array::from(vec![days])).unwrap_err();
        let expected =
            format!("row 0, field `value`: a date {days} days from 1970 is out of range");
        assert_eq!(error, expected);
    }
    let ty = DataType::Timestamp(ArrowUnit::Second, None);
    assert_eq!(values::<Option<DateTime<Utc>>>(new_null(&ty)), [None]);
}

#[test]
fn enums_are_read_by_name_or_alias() {
    let names = ["late", "on-time", "né", "delayed"];
    let expected = [Status::Late, Status::OnTime, Status::Unnamed, Status::Late];
    assert_eq!(values::<Status>(StringArray::from(names.to_vec())), expected);
    assert_eq!(values::<Status>(StringViewArray::from(names.to_vec())), expected);
    assert_eq!(
        values::<Status>(names.into_iter().collect::<DictionaryArray<Int8Type>>()),
        expected
    );
    let unknown = "row 1, field `value`: unknown variant `lost`, \
                   expected one of `on-time`, `late`, `né`";
    let names = ["late", "lost"];
    assert_eq!(try_values::<Status>(StringArray::from(names.to_vec())).unwrap_err(), unknown);
    let column = names.into_iter().collect::<DictionaryArray<Int8Type>>();
    assert_eq!(try_values::<Status>(column.clone()).unwrap_err(), unknown);
    // A name that no row has does no harm.
    assert_eq!(values::<Status>(column.slice(0, 1)), [Status::Late]);
}

#[test]
fn a_column_without_type_is_null() {
    assert_eq!(values::<Option<i32>>(NullArray::new(2)), [None, None]);
    assert_eq!(values::<Option<Vec<Times>>>(NullArray::new(1)), [None]);
    assert_eq!(
        try_values::<i32>(NullArray::new(1)).unwrap_err(),
        "column `value`: expected Int32, found Null"
    );
}
