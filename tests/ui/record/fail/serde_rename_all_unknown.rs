//~ unknown rename rule `Camel`, expected one of
//~ lode does not know this rule

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
#[serde(rename_all = "Camel")]
struct Flight {
    dep_delay: u32,
}

fn main() {}
