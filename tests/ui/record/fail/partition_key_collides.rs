//~ the partition key `time_day` collides with the field `time_day`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition = "day")]
    time: chrono::DateTime<chrono::Utc>,
    time_day: chrono::NaiveDate,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
