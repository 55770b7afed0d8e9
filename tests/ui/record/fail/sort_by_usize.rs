//~ records cannot be sorted by `usize`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(sort)]
    number: usize,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
