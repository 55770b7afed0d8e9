//~ there is no bloom filter of `bool`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(bloom)]
    cancelled: bool,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
