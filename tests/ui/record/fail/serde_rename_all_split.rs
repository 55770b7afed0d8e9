//~ use `rename_all = "…"` for both ways

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
#[serde(rename_all(serialize = "camelCase", deserialize = "snake_case"))]
struct Flight {
    dep_delay: i32,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
