//~ a record has named fields

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight(u32, String);

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
