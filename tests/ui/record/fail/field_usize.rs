//~ a record cannot hold `usize`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    number: usize,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
