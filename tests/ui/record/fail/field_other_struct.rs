//~ a record cannot hold `Position`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Position {
    lat: f64,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    position: Position,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
