//~ a field stored as JSON cannot be a partition key

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(json, partition)]
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
