//~ records cannot be partitioned by `BTreeMap<

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition)]
    seats: std::collections::BTreeMap<String, u32>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
