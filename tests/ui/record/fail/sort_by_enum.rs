//~ records cannot be sorted by `Status`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
enum Status {
    OnTime,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(sort)]
    status: Status,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
