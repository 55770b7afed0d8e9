//~ `#[serde(serialize_with)]` works one way only

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[serde(serialize_with = "chrono::serde::ts_seconds::serialize")]
    time: chrono::DateTime<chrono::Utc>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
