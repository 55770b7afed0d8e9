//~ `Flight` is not a lode record

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Flight {
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
