//~ `Enum` is for enums: derive `lode::Record` here

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
struct Status {
    late: bool,
}

fn main() {}
