//~ records cannot be partitioned by `Vec<

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition)]
    stops: Vec<String>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
