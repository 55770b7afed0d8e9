//! What is said of lints on a struct, or around it, holds for the code that is made for it.

#![deny(warnings)]
#![allow(dead_code)]

use serde::{Deserialize, Serialize};

#[allow(non_snake_case)]
#[derive(Serialize, Deserialize, lode::Record)]
struct Names {
    carrierCode: u8,
    #[lode(partition)]
    Day: String,
}

#[deprecated]
#[derive(Serialize, Deserialize, lode::Record)]
struct Old {
    id: u32,
}

#[allow(deprecated)]
#[derive(Serialize, Deserialize, lode::Record)]
struct Holder {
    old: Old,
    more: Vec<Option<Old>>,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Parts {
    #[deprecated]
    #[lode(timestamp, partition = "day")]
    time: chrono::DateTime<chrono::Utc>,
    #[deprecated]
    #[serde(default)]
    id: u32,
}

#[deprecated]
#[derive(Serialize, Deserialize, lode::Enum)]
enum Status {
    Late,
}

#[derive(Serialize, Deserialize, lode::Enum)]
enum Kind {
    #[deprecated]
    Charter,
    Line,
}

#[deprecated]
#[derive(Serialize, lode::Metadata)]
struct Source {
    file: String,
}

mod forbidding {
    #![forbid(missing_debug_implementations, missing_copy_implementations)]
    #![forbid(non_snake_case, deprecated)]

    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize, lode::Record)]
    pub struct Flight {
        pub carrier: String,
        pub status: Option<Status>,
    }

    #[derive(Debug, Clone, Copy, Serialize, Deserialize, lode::Enum)]
    pub enum Status {
        Late,
    }
}

pub fn main() {
    fn fields<T: lode::Record>() -> usize {
        T::SCHEMA.fields().len()
    }
    assert_eq!(fields::<Names>() + fields::<Holder>() + fields::<Parts>(), 6);
    assert_eq!(fields::<forbidding::Flight>(), 2);
}
