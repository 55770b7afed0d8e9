//~ `Other` is not a lode record

use lode::{Dataset, Snapshot};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    delay: Option<i32>,
}

struct Other;

async fn scan(dataset: Dataset<Flight>, snapshot: Snapshot<Flight>) {
    let _ = dataset.scan(&snapshot).select::<Other>().collect().await;
}

fn main() {}
