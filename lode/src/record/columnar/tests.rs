use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::*;
use crate::Record;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crate::Enum)]
#[lode(crate = crate)]
enum Status {
    OnTime,
    #[serde(rename = "late", alias = "LATE")]
    Late,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Position {
    lat: f64,
    #[serde(alias = "longitude")]
    lon: Option<f32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Flight {
    #[lode(timestamp, sort)]
    at: DateTime<Utc>,
    #[lode(partition, bloom)]
    carrier: String,
    date: Option<NaiveDate>,
    status: Option<Status>,
    legs: Vec<Option<Position>>,
    pair: [u8; 2],
    map: BTreeMap<String, Option<Vec<i32>>>,
    hashed: HashMap<String, bool>,
    #[lode(json)]
    json: Option<(u8, String)>,
    #[lode(json)]
    #[serde(with = "chrono::serde::ts_seconds")]
    seconds: DateTime<Utc>,
    #[serde(skip)]
    skipped: usize,
    bytes: crate::Bytes,
}

#[test]
fn first() {
    let mut builder = BatchBuilder::<Flight>::new(&ColumnOptions::default());
    let flight = Flight {
        at: "2013-01-01T05:00:00.000000001Z".parse().unwrap(),
        carrier: "UA".into(),
        date: NaiveDate::from_ymd_opt(1, 1, 1),
        status: Some(Status::Late),
        legs: vec![None, Some(Position { lat: 1.0, lon: None })],
        pair: [1, 2],
        map: BTreeMap::from([("a".into(), None), ("b".into(), Some(vec![-1]))]),
        hashed: HashMap::from([("x".into(), true)]),
        json: Some((1, "é".into())),
        seconds: "2013-01-01T05:00:00Z".parse().unwrap(),
        skipped: 0,
        bytes: vec![1, 2].into(),
    };
    let flights = [flight.clone(), Flight { status: None, date: None, ..flight }];
    for flight in &flights {
        builder.push(flight).unwrap();
    }
    let batch = builder.finish().unwrap();
    println!("{:?}", batch.schema());
    let mut back = Vec::new();
    BatchReader::<Flight>::open(&batch).unwrap().read(0..2, &mut back).unwrap();
    assert_eq!(back, flights);
}
