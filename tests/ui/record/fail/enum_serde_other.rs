//~ `#[serde(other)]` would lose the name that was read

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
enum Status {
    OnTime,
    #[serde(other)]
    Unknown,
}

fn main() {}
