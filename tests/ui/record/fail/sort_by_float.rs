//~ records cannot be sorted by `f64`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(sort)]
    distance: f64,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
