//~ a variant with data cannot be stored

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
enum Status {
    OnTime,
    Late(u32),
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    status: Status,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
