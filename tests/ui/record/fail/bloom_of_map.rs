//~ there is no bloom filter of `BTreeMap<std::string::String, u32>`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(bloom)]
    delays: BTreeMap<String, u32>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
