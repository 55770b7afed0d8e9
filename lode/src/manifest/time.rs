//! Points in time, as manifests write them.

use chrono::{DateTime, Utc};
use serde::Serializer;

/// The earliest point in time that a manifest can hold.
pub(crate) const MIN_TIMESTAMP: DateTime<Utc> = seconds(-62_167_219_200, 0);

/// The latest point in time that a manifest can hold.
pub(crate) const MAX_TIMESTAMP: DateTime<Utc> = seconds(253_402_300_799, 999_999_999);

const fn seconds(seconds: i64, nanoseconds: u32) -> DateTime<Utc> {
    match DateTime::from_timestamp(seconds, nanoseconds) {
        Some(time) => time,
        None => DateTime::UNIX_EPOCH,
    }
}

/// Whether a manifest can hold this time: RFC 3339 has the years 0 to 9999.
pub(crate) fn is_writable(time: DateTime<Utc>) -> bool {
    (MIN_TIMESTAMP..=MAX_TIMESTAMP).contains(&canonical(time))
}

/// The same time without chrono's notation for leap seconds (nanoseconds of a second and more),
/// whose text would not sort as it does.
pub(crate) fn canonical(time: DateTime<Utc>) -> DateTime<Utc> {
    match time.timestamp_subsec_nanos().checked_sub(1_000_000_000) {
        None => time,
        Some(rest) => DateTime::from_timestamp(time.timestamp().saturating_add(1), rest)
            .unwrap_or(DateTime::<Utc>::MAX_UTC),
    }
}

/// RFC 3339 with any offset.
pub(super) fn parse_any(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    Some(canonical(time)).filter(|time| is_writable(*time))
}

/// RFC 3339 in UTC, as lode writes it.
pub(super) fn parse_utc(text: &str) -> Option<DateTime<Utc>> {
    if text.ends_with('Z') { parse_any(text) } else { None }
}

pub(super) fn serialize<S: Serializer>(
    time: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&canonical(*time).format("%Y-%m-%dT%H:%M:%S%.9fZ"))
}

pub(super) fn serialize_some<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// As statistics hold it.
pub(crate) fn time_json(time: DateTime<Utc>) -> serde_json::Value {
    serde_json::Value::String(canonical(time).format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string())
}
