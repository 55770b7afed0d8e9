//~ two fields are stored as `carrier`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    carrier: String,
    #[serde(rename = "carrier")]
    airline: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
