//~ a skipped field cannot have `sort`: it is not stored
//~ a skipped field cannot have `bloom`: it is not stored

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    carrier: String,
    #[lode(sort, bloom)]
    #[serde(skip)]
    number: u32,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
