//~ a field stored as JSON has no order to sort by

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(json, sort)]
    number: u32,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
