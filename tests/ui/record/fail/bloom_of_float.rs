//~ there is no bloom filter of `std::option::Option<f32>`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(bloom)]
    distance: Option<f32>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
