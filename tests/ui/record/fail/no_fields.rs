//~ a record has at least one stored field

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[serde(skip)]
    cache: Option<u32>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
