//~ unknown attribute `index`: expected `timestamp`, `partition`, `json`, `sort`, `bloom`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(index)]
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
