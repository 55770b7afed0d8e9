//~ an enum has at least one variant

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
enum Status {}

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    status: Status,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
