//~ a record owns its data

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight<'a> {
    carrier: &'a str,
}

fn main() {}
