//~ a record cannot hold itself

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    number: u32,
    connections: Vec<Flight>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
