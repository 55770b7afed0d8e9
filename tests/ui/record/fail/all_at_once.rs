//~ unknown attribute `index`: expected `timestamp`, `partition`, `json`
//~ `#[serde(flatten)]` hides fields from the schema
//~ a record has one timestamp, and `departure` is it
//~ the partition key `arrival_day` collides with the field `arrival_day`
//~ does not hold a time
//~ a record cannot hold `usize`
//~ records cannot be partitioned by `f64`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Position {
    lat: f64,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(index)]
    number: usize,
    #[lode(timestamp)]
    departure: String,
    #[lode(timestamp, partition = "day")]
    arrival: chrono::DateTime<chrono::Utc>,
    #[serde(flatten)]
    arrival_day: Position,
    #[lode(partition)]
    delay: f64,
}

fn store<T: lode::Record + lode::Partitioned>() {}

fn main() {
    store::<Flight>();
}
