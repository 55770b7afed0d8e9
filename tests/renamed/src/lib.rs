//! That this crate compiles is the test: what the derives generate names everything by its path.

#![no_implicit_prelude]
#![deny(warnings)]
#![forbid(missing_copy_implementations, missing_debug_implementations)]

use ::core::clone::Clone;
use ::core::fmt::Debug;
use ::core::marker::Copy;

use ::serde::{Deserialize, Serialize};
use ::storage::{Enum, Record};

/// An enum.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Enum)]
#[lode(crate = ::storage)]
pub enum Status {
    /// A variant.
    OnTime,
    /// Another.
    Late,
}

/// A nested record.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Record)]
#[lode(crate = ::storage)]
pub struct Position {
    lat: f64,
}

/// Every construct of the derive.
#[derive(Debug, Serialize, Deserialize, Record)]
#[lode(crate = ::storage)]
#[serde(bound = "")]
pub struct Flight<T: Record + ::storage::record::Value> {
    #[lode(timestamp, partition = "day")]
    departure: ::chrono::DateTime<::chrono::Utc>,
    #[lode(partition)]
    status: ::core::option::Option<Status>,
    position: ::std::vec::Vec<Position>,
    #[lode(json)]
    json: f32,
    #[lode(json)]
    #[serde(with = "::chrono::serde::ts_seconds")]
    arrival: ::chrono::DateTime<::chrono::Utc>,
    more: T,
}

/// Uses it as a user would.
pub fn keys<T: ::storage::Partitioned>() -> &'static [&'static str] {
    T::KEYS
}

/// The keys of a flight.
pub fn keys_of_flight() -> &'static [&'static str] {
    keys::<Flight<Position>>()
}
