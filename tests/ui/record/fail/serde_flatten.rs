//~ `#[serde(flatten)]` hides fields from the schema

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Position {
    lat: f64,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    number: u32,
    #[serde(flatten)]
    position: Position,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
