//~ records cannot be partitioned by `DateTime<Utc>`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition)]
    time: chrono::DateTime<chrono::Utc>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
