//~ records cannot be sorted by `std::option::Option<Position>`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Position {
    cell: u64,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(sort)]
    position: Option<Position>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
