//~ does not hold a time

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(partition = "day")]
    time: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
