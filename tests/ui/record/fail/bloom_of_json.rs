//~ a field stored as JSON cannot have a bloom filter

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(json, bloom)]
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
