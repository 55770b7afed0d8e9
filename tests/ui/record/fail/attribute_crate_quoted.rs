//~ write the path without quotes

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
#[lode(crate = "lode")]
struct Flight {
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
