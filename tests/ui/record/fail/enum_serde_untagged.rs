//~ `#[serde(untagged)]` would not store the variant's name

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
#[serde(untagged)]
enum Status {
    OnTime,
}

fn main() {}
