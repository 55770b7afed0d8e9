//~ a record cannot hold `DateTime<FixedOffset>`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    time: chrono::DateTime<chrono::FixedOffset>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
