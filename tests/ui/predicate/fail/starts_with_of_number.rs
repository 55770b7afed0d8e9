//~ a column of `std::option::Option<i32>` is not text

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
    let _ = Flight::columns().delay.starts_with("6");
}
