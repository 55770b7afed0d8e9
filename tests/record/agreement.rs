//! Schema and JSON agree on names and types, for every field type.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use lode::record::{RecordField, RecordSchema, RecordType, Scalar};
use lode::{Bytes, Record};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, lode::Enum)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
enum Status {
    OnTime,
    #[serde(rename = "late!")]
    Late,
    #[serde(alias = "gone")]
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Position {
    lat_deg: f64,
    lon_deg: f32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[serde(default)]
struct Everything {
    bool: bool,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    f32: f32,
    f64: f64,
    string: String,
    cow: Cow<'static, str>,
    bytes: Bytes,
    #[lode(timestamp)]
    time: DateTime<Utc>,
    date: NaiveDate,
    jiff_time: jiff::Timestamp,
    jiff_date: jiff::civil::Date,
    uuid: uuid::Uuid,
    r#type: Status,
    position: Position,
    list: Vec<i16>,
    bytes_as_numbers: Vec<u8>,
    array: [u8; 3],
    gaps: Vec<Option<f64>>,
    matrix: Vec<Vec<f32>>,
    sorted: BTreeMap<String, u64>,
    hashed: HashMap<String, Option<Status>>,
    track: Vec<Position>,
    maybe: Option<i32>,
    maybe_list: Option<Vec<Status>>,
    maybe_position: Option<Position>,
    #[serde(rename = "not the name", alias = "old")]
    renamed: u32,
    #[serde(skip)]
    skipped: Option<char>,
    #[lode(json)]
    json: Value,
    #[lode(json)]
    #[serde(with = "chrono::serde::ts_milliseconds")]
    millis: DateTime<Utc>,
}

impl Default for Everything {
    fn default() -> Self {
        let time = DateTime::from_timestamp(1_357_016_400, 123_456_789).unwrap();
        let position = Position { lat_deg: -0.0, lon_deg: 1.5 };
        Self {
            bool: true,
            i8: i8::MIN,
            i16: i16::MAX,
            i32: i32::MIN,
            i64: i64::MIN,
            u8: u8::MAX,
            u16: u16::MAX,
            u32: u32::MAX,
            u64: u64::MAX,
            f32: f32::MIN_POSITIVE,
            f64: f64::MAX,
            string: "\u{1F6EB}\n\"".into(),
            cow: Cow::Borrowed("cow"),
            bytes: Bytes::from([0, 255, 62, 63]),
            time,
            date: NaiveDate::from_ymd_opt(2013, 1, 1).unwrap(),
            jiff_time: "2013-01-01T05:00:00.5Z".parse().unwrap(),
            jiff_date: "2013-01-01".parse().unwrap(),
            uuid: uuid::Uuid::from_u128(7),
            r#type: Status::OnTime,
            position: position.clone(),
            list: vec![1, -1],
            bytes_as_numbers: vec![1, 255],
            array: [1, 2, 3],
            gaps: vec![Some(1.0), None],
            matrix: vec![vec![1.0], vec![]],
            sorted: BTreeMap::from([("a".into(), 1)]),
            hashed: HashMap::from([("b".into(), Some(Status::Late)), ("c".into(), None)]),
            track: vec![position],
            maybe: None,
            maybe_list: Some(vec![Status::Cancelled]),
            maybe_position: None,
            renamed: 4,
            skipped: None,
            json: serde_json::json!({"any": [1, null]}),
            millis: DateTime::from_timestamp_millis(5).unwrap(),
        }
    }
}

#[test]
fn schema_and_json_agree() {
    let schema = RecordSchema::of::<Everything>();
    let full = Everything {
        maybe: Some(1),
        maybe_position: Some(Position { lat_deg: 1.0, lon_deg: 2.0 }),
        ..Everything::default()
    };
    for record in [Everything::default(), full] {
        let json = serde_json::to_value(&record).unwrap();
        check_fields("", schema.fields(), &json);
        assert_eq!(serde_json::from_value::<Everything>(json).unwrap(), record);
    }
}

fn check_fields(path: &str, fields: &[RecordField], json: &Value) {
    let object = json.as_object().unwrap_or_else(|| panic!("{path}: not an object: {json}"));
    for field in fields {
        let path = format!("{path}.{}", field.name);
        let value = object.get(&field.name).unwrap_or_else(|| panic!("{path}: not in the JSON"));
        check(&path, &field.ty, field.nullable, value);
    }
    assert_eq!(object.len(), fields.len(), "{path}: other fields in {json}");
}

fn check(path: &str, ty: &RecordType, nullable: bool, json: &Value) {
    if json.is_null() && !matches!(ty, RecordType::Scalar(Scalar::Json)) {
        assert!(nullable, "{path}: null");
        return;
    }
    let fits = match ty {
        RecordType::Scalar(scalar) => fits(*scalar, json),
        RecordType::List(element) => {
            let items = json.as_array().unwrap_or_else(|| panic!("{path}: not a list: {json}"));
            items.iter().for_each(|item| check(path, &element.ty, element.nullable, item));
            true
        }
        RecordType::Map(element) => {
            let items = json.as_object().unwrap_or_else(|| panic!("{path}: not a map: {json}"));
            items.values().for_each(|item| check(path, &element.ty, element.nullable, item));
            true
        }
        RecordType::Struct(fields) => {
            check_fields(path, fields, json);
            true
        }
        RecordType::Enum(names) => {
            json.as_str().is_some_and(|name| names.iter().any(|known| known == name))
        }
        other => panic!("{path}: {other}"),
    };
    assert!(fits, "{path}: {json} is not {ty}");
}

fn fits(scalar: Scalar, json: &Value) -> bool {
    let signed = |min: i64, max: i64| json.as_i64().is_some_and(|n| (min..=max).contains(&n));
    let unsigned = |max: u64| json.as_u64().is_some_and(|n| n <= max);
    let text = |is: fn(&str) -> bool| json.as_str().is_some_and(is);
    match scalar {
        Scalar::Bool => json.is_boolean(),
        Scalar::Int8 => signed(i8::MIN.into(), i8::MAX.into()),
        Scalar::Int16 => signed(i16::MIN.into(), i16::MAX.into()),
        Scalar::Int32 => signed(i32::MIN.into(), i32::MAX.into()),
        Scalar::Int64 => signed(i64::MIN, i64::MAX),
        Scalar::Uint8 => unsigned(u8::MAX.into()),
        Scalar::Uint16 => unsigned(u16::MAX.into()),
        Scalar::Uint32 => unsigned(u32::MAX.into()),
        Scalar::Uint64 => unsigned(u64::MAX),
        Scalar::Float32 | Scalar::Float64 => json.is_f64(),
        Scalar::String => json.is_string(),
        Scalar::Bytes => text(|t| t.len() % 4 == 0 && t.bytes().all(|b| b.is_ascii_graphic())),
        Scalar::Date => text(|t| t.parse::<NaiveDate>().is_ok()),
        Scalar::Timestamp => text(|t| t.ends_with('Z') && DateTime::parse_from_rfc3339(t).is_ok()),
        Scalar::Uuid => text(|t| uuid::Uuid::parse_str(t).is_ok()),
        Scalar::Json => true,
        other => panic!("{other}"),
    }
}
