//~ an enum of names has no parameters

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
enum Status<const N: usize> {
    OnTime,
}

fn main() {}
