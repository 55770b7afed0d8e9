//~ records cannot be sorted by `f64`
//~ there is no bloom filter of `f64`
//~ records cannot be partitioned by `f64`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(sort, bloom, partition)]
    distance: f64,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
