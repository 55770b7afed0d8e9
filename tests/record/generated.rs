//! Timestamps, partition values and the search for floats that JSON cannot hold.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use lode::record::{RecordSchema, Value};
use lode::{Partitioned, Record};
use serde::{Deserialize, Serialize};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[derive(Clone, Serialize, Deserialize, Record)]
struct Event {
    #[lode(timestamp)]
    at: Option<jiff::Timestamp>,
}

#[test]
fn timestamps_come_from_the_marked_field() {
    for text in
        ["2013-01-01T05:00:00.123456789Z", "1969-12-31T23:59:59.5Z", "-000001-01-01T00:00:00Z"]
    {
        let event = Event { at: Some(text.parse().unwrap()) };
        let expected = event.at.map(|at| at.as_nanosecond());
        let found = event.timestamp().unwrap();
        let nanos = i128::from(found.timestamp()) * 1_000_000_000
            + i128::from(found.timestamp_subsec_nanos());
        assert_eq!(Some(nanos), expected, "{text}");
    }
    assert_eq!(Event { at: None }.timestamp(), None);
    assert_eq!(Wrapper { value: 1_u8, rest: vec![] }.timestamp(), None);
}

#[derive(Clone, Copy, Serialize, Deserialize, lode::Enum)]
#[serde(rename_all = "kebab-case")]
enum Status {
    OnTime,
}

#[derive(Clone, Serialize, Deserialize, Record)]
struct Parts {
    #[lode(partition)]
    #[serde(rename = "Carrier")]
    carrier: String,
    #[lode(partition)]
    tail: Option<Cow<'static, str>>,
    #[lode(partition)]
    number: i64,
    #[lode(partition)]
    cancelled: bool,
    #[lode(partition)]
    date: NaiveDate,
    #[lode(partition)]
    jiff_date: jiff::civil::Date,
    #[lode(partition)]
    status: Status,
    #[lode(timestamp, partition = "year")]
    a: DateTime<Utc>,
    #[lode(partition = "month")]
    b: DateTime<Utc>,
    #[lode(partition = "day")]
    c: DateTime<Utc>,
    #[lode(partition = "hour")]
    #[serde(rename = "D")]
    d: Option<DateTime<Utc>>,
}

#[test]
fn partition_values_are_as_the_format_says() {
    let at = time("2013-01-09T05:59:59.9Z");
    let record = Parts {
        carrier: "9E/é=%".into(),
        tail: None,
        number: -7,
        cancelled: false,
        date: NaiveDate::from_ymd_opt(476, 9, 4).unwrap(),
        jiff_date: "-000044-03-15".parse().unwrap(),
        status: Status::OnTime,
        a: at,
        b: at,
        c: at,
        d: Some(at),
    };
    let found: Vec<_> = Parts::KEYS
        .iter()
        .enumerate()
        .map(|(i, key)| (*key, record.partition_value(i).map(Cow::into_owned)))
        .collect();
    let expected = [
        ("Carrier", Some("9E/é=%")),
        ("tail", None),
        ("number", Some("-7")),
        ("cancelled", Some("false")),
        ("date", Some("0476-09-04")),
        ("jiff_date", Some("-0044-03-15")),
        ("status", Some("on-time")),
        ("a_year", Some("2013")),
        ("b_month", Some("2013-01")),
        ("c_day", Some("2013-01-09")),
        ("D_hour", Some("2013-01-09T05")),
    ];
    assert_eq!(found, expected.map(|(key, value)| (key, value.map(str::to_owned))));
    assert_eq!(record.partition_value(Parts::KEYS.len()), None);
    let record = Parts { tail: Some("N1".into()), d: None, ..record };
    assert_eq!(record.partition_value(1).as_deref(), Some("N1"));
    assert_eq!(record.partition_value(10), None);
}

#[derive(Clone, Default, Serialize, Deserialize, Record)]
struct Position {
    lat: f64,
}

#[derive(Clone, Default, Serialize, Deserialize, Record)]
struct Floats {
    name: String,
    #[serde(rename = "plain value")]
    plain: f32,
    maybe: Option<f64>,
    scores: Vec<f64>,
    gaps: Vec<Option<Position>>,
    matrix: [Vec<f32>; 2],
    position: Position,
    sorted: BTreeMap<String, f64>,
    hashed: HashMap<String, Vec<Position>>,
    #[lode(json)]
    json: (u8, Option<Position>, BTreeMap<u8, f32>),
    #[lode(json)]
    #[serde(with = "as_text")]
    text: f64,
    #[serde(skip)]
    skipped: f64,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

type Change = fn(&mut Floats, Position);

#[test]
fn floats_that_are_not_finite_are_found_with_their_path() {
    const NAN: f64 = f64::NAN;
    let nowhere = Position { lat: f64::NEG_INFINITY };
    let cases: [(Change, &str); 11] = [
        (|r, _| r.plain = f32::INFINITY, "plain value"),
        (|r, _| r.maybe = Some(NAN), "maybe"),
        (|r, _| r.scores = vec![0.0, 1.0, NAN, NAN], "scores[2]"),
        (|r, p| r.gaps = vec![None, Some(p)], "gaps[1].lat"),
        (|r, _| r.matrix = [vec![], vec![0.0, f32::NAN]], "matrix[1][1]"),
        (|r, p| r.position = p, "position.lat"),
        (|r, _| r.sorted = BTreeMap::from([("k\"".into(), NAN)]), r#"sorted["k\""]"#),
        (|r, p| r.hashed = HashMap::from([("k".into(), vec![p])]), r#"hashed["k"][0].lat"#),
        (|r, p| r.json.1 = Some(p), "json[1].lat"),
        (|r, _| r.json.2 = BTreeMap::from([(7, f32::NAN)]), r#"json[2]["7"]"#),
        (|r, p| r.json = (0, Some(p), BTreeMap::from([(7, f32::NAN)])), "json[1].lat"),
    ];
    for (change, path) in cases {
        let mut record = Floats::default();
        assert_eq!(record.misfit(), None);
        change(&mut record, nowhere.clone());
        assert_eq!(record.misfit().map(|misfit| misfit.path).as_deref(), Some(path));
    }
}

#[test]
fn what_is_not_stored_as_a_float_may_be_anything() {
    let record = Floats { text: f64::NAN, skipped: f64::NAN, ..Floats::default() };
    assert_eq!(record.misfit(), None);
    let back: Floats = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    assert!(back.text.is_nan());
    assert_eq!(back.skipped, 0.0);
}

#[derive(Serialize, Deserialize, Record)]
struct Wrapper<T: Value> {
    value: T,
    rest: Vec<Option<T>>,
}

#[derive(Serialize, Deserialize, Record)]
#[serde(bound = "")]
struct Signed<T>
where
    T: Record,
{
    content: Option<T>,
    #[lode(json)]
    history: Vec<T>,
    signature: lode::Bytes,
}

#[test]
fn records_may_have_parameters() {
    fn schema<T: Record>() -> String {
        serde_json::to_string(&RecordSchema::of::<T>()).unwrap()
    }
    assert_eq!(
        schema::<Signed<Wrapper<u8>>>(),
        r#"{"name":"Signed","fields":[{"name":"content","type":{"struct":[{"name":"value","type":"uint8","nullable":false},{"name":"rest","type":{"list":{"nullable":"uint8"}},"nullable":false}]},"nullable":true},{"name":"history","type":"json","nullable":false},{"name":"signature","type":"bytes","nullable":false}]}"#
    );
    let inner = Wrapper { value: 1.0, rest: vec![None, Some(f64::NAN)] };
    let record = Signed { content: Some(inner), history: vec![], signature: [1].into() };
    let misfit = record.misfit().unwrap();
    assert_eq!(
        (&*misfit.path, misfit.reason),
        ("content.rest[1]", "JSON has no NaN and no infinity")
    );
}

#[test]
fn types_without_floats_are_not_searched() {
    let found = [
        <Wrapper<u8> as Value>::FLOATS,
        <Wrapper<f32> as Value>::FLOATS,
        <Parts as Value>::FLOATS,
        <Floats as Value>::FLOATS,
        <Signed<Wrapper<u8>> as Value>::FLOATS, // `#[lode(json)]` may hold floats
    ];
    assert_eq!(found, [false, true, false, true, true]);
}
