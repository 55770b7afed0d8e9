//~ records cannot be sorted by `Vec<u8>`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(sort)]
    bytes: Vec<u8>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
