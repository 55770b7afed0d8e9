//~ `#[serde(skip_deserializing)]` works one way only

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    number: u32,
    #[serde(skip_deserializing)]
    delay: Option<i32>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
