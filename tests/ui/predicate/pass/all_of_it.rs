//! What columns can be asked, of records of every kind.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lode::predicate::Predicate;
use lode::{Bytes, Record};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, lode::Enum)]
enum Status {
    OnTime,
    Late,
}

/// Has the name that the derive would give to a struct of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, lode::Record)]
struct FlightColumns {
    of: u8,
    path: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, lode::Record)]
#[serde(bound = "")]
struct Flight<T: Record + Default, const N: usize> {
    #[lode(timestamp)]
    at: chrono::DateTime<chrono::Utc>,
    day: Option<chrono::NaiveDate>,
    #[lode(partition)]
    carrier: Cow<'static, str>,
    status: Option<Status>,
    bytes: Bytes,
    r#type: f32,
    of: FlightColumns,
    maybe: Option<FlightColumns>,
    list: [u8; 2],
    map: BTreeMap<String, u8>,
    more: T,
    #[lode(json)]
    json: (u8, u8),
    #[serde(skip)]
    skipped: Option<u16>,
    id: uuid::Uuid,
    when: jiff::Timestamp,
}

pub fn main() {
    type Of = Flight<FlightColumns, 2>;
    let at = "2013-01-01T05:00:00Z".parse().unwrap();
    let flight: fn() -> <Of as Record>::Columns = Of::columns;
    let predicates: Vec<Predicate<Of>> = vec![
        flight().at.ge(at) & flight().at.lt(at),
        flight().day.eq(chrono::NaiveDate::MIN) | flight().day.is_null(),
        flight().carrier.starts_with("U") & flight().carrier.is_in(["UA", "US"]),
        flight().carrier.is_in([String::from("UA")].iter().map(String::as_str)),
        flight().status.eq(Status::Late) & !flight().status.is_in([Status::OnTime]),
        flight().bytes.eq(b"ab") & flight().bytes.gt(&[1, 2]),
        flight().r#type.le(1.5),
        flight().of.of.gt(1) & flight().of.path.ne(2) & flight().of.is_not_null(),
        flight().maybe.path.is_null() & flight().maybe.is_null(),
        flight().list.is_null() & flight().map.is_not_null(),
        flight().more.path.eq(-1),
        flight().id.eq(uuid::Uuid::nil()) & flight().when.le(jiff::Timestamp::UNIX_EPOCH),
    ];
    let columns = flight();
    let twice = columns.r#type.gt(1.0) & columns.r#type.lt(2.0);
    assert_eq!(twice.to_string(), "type > 1.0 and type < 2.0");
    assert_eq!(predicates.len(), 12);
}
