//~ records cannot be partitioned by `f64`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition)]
    delay: f64,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
