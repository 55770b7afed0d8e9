//~ `sort` takes no value

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(sort = "descending")]
    number: u32,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
