//~ `#[serde(tag)]` would store a field that the schema has not

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
#[serde(tag = "kind")]
struct Flight {
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
