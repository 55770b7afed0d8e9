//~ `Flight` has no partition key

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    carrier: String,
}

fn partition<T: lode::Partitioned>() {}

fn main() {
    partition::<Flight>();
}
