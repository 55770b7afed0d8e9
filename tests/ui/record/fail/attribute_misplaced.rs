//~ `partition` belongs on a field of a record

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
#[lode(partition)]
struct Flight {
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
