//~ mismatched types

use lode::Record;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    carrier: String,
    delay: Option<i32>,
    cancelled: bool,
    tags: Vec<String>,
    #[lode(json)]
    raw: Option<u8>,
}

fn main() {
    let _ = Flight::columns().delay.gt("60");
}
