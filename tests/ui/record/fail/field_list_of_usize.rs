//~ a record cannot hold `Vec<usize>`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    numbers: Vec<usize>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
