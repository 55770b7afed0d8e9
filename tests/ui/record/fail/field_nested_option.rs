//~ a record cannot hold `

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    number: Option<Option<u32>>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
