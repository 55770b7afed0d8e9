//~ mismatched types

use lode::{Dataset, Record, Snapshot};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    delay: Option<i32>,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Weather {
    rain: f64,
}

async fn scan(dataset: Dataset<Flight>, snapshot: Snapshot<Flight>) {
    let _ = dataset.scan(&snapshot).filter(Weather::columns().rain.gt(1.0)).count().await;
}

fn main() {}
