//~ a skipped field cannot have `timestamp`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    number: u32,
    #[lode(timestamp)]
    #[serde(skip)]
    time: chrono::DateTime<chrono::Utc>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
