//! A family of records that has every field type, alone, optional and inside others.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use lode::{Bytes, Record};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
pub struct Numbers {
    pub bool: bool,
    pub i8: i8,
    pub i16: i16,
    pub i32: i32,
    pub i64: i64,
    pub u8: u8,
    pub u16: u16,
    pub u32: u32,
    pub u64: u64,
    pub f32: f32,
    pub f64: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[serde(rename_all = "camelCase")]
pub struct Texts {
    pub string: String,
    pub cow: Cow<'static, str>,
    pub bytes: Bytes,
    #[serde(rename = "a \"name\"\n\u{1F6EB}")]
    pub renamed: String,
    #[serde(alias = "old_name")]
    pub new_name: u8,
    #[serde(default)]
    pub r#type: String,
    #[serde(skip)]
    pub skipped: Option<u64>,
    pub uuid: uuid::Uuid,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
pub struct Times {
    #[lode(timestamp)]
    pub at: Option<DateTime<Utc>>,
    pub until: DateTime<Utc>,
    pub date: NaiveDate,
    pub jiff_at: jiff::Timestamp,
    pub jiff_date: jiff::civil::Date,
    #[lode(json)]
    #[serde(with = "chrono::serde::ts_nanoseconds")]
    pub nanoseconds: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, lode::Enum)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    OnTime,
    #[serde(rename = "zu spät!", alias = "late")]
    Late,
    Cancelled,
}

/// A record over any type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
pub struct Pair<T: lode::record::Value> {
    pub left: T,
    pub right: Option<T>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[serde(deny_unknown_fields)]
pub struct Shapes {
    pub list: Vec<i64>,
    pub gaps: Vec<Option<f64>>,
    pub lists: Vec<Vec<f32>>,
    pub array: [i16; 3],
    pub sorted: BTreeMap<String, f32>,
    pub hashed: HashMap<String, Option<Status>>,
    pub status: Status,
    pub nested: Pair<u64>,
    pub many: Vec<Pair<String>>,
    pub deep: Pair<Pair<f64>>,
    #[lode(json)]
    pub json: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
pub struct Optional {
    pub number: Option<i64>,
    pub float: Option<f32>,
    pub bytes: Option<Bytes>,
    pub date: Option<NaiveDate>,
    pub uuid: Option<uuid::Uuid>,
    pub status: Option<Status>,
    pub list: Option<Vec<Option<bool>>>,
    pub map: Option<BTreeMap<String, Vec<u8>>>,
    pub nested: Option<Pair<f64>>,
    pub array: Option<[Option<f64>; 2]>,
}

/// Everything that records can be partitioned by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
pub struct Keyed {
    #[lode(partition)]
    pub text: String,
    #[lode(partition)]
    pub maybe: Option<String>,
    #[lode(partition)]
    pub number: i64,
    #[lode(partition)]
    pub flag: bool,
    #[lode(partition)]
    pub date: NaiveDate,
    #[lode(partition)]
    pub status: Option<Status>,
    #[lode(timestamp, partition = "hour")]
    pub at: DateTime<Utc>,
    pub value: f64,
}
