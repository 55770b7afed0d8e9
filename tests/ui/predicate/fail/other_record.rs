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

#[derive(Serialize, Deserialize, lode::Record)]
struct Weather {
    rain: f64,
}

fn main() {
    let _ = Flight::columns().delay.gt(60) & Weather::columns().rain.gt(1.0);
}
