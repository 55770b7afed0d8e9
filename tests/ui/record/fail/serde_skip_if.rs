//~ `#[serde(skip_serializing_if)]` leaves fields out

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<i32>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
