//~ two variants are stored as `late`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Enum)]
#[serde(rename_all = "lowercase")]
enum Status {
    Late,
    LATE,
}

fn main() {}
