//~ expected "hour", "day", "month" or "year"

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition = "week")]
    time: chrono::DateTime<chrono::Utc>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
