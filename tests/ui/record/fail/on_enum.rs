//~ a record is a struct: derive `lode::Enum` for an enum

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
enum Flight {
    Late,
    OnTime,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
