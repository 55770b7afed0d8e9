//~ unused `Predicate` that must be used

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

#[deny(unused_must_use)]
fn main() {
    Flight::columns().delay.gt(60);
}
