//~ the partition key `time_day` collides with the field `note`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition = "day")]
    time: chrono::DateTime<chrono::Utc>,
    #[serde(alias = "time_day")]
    note: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
