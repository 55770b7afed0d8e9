//~ a record has one timestamp, and `departure` is it

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(timestamp)]
    departure: chrono::DateTime<chrono::Utc>,
    #[lode(timestamp)]
    arrival: chrono::DateTime<chrono::Utc>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
