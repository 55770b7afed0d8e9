//~ error[E0277]: `Reading` has no partition key

use lode::{Dataset, HiveLayout, Store};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let _readings = Dataset::<Reading>::new(store, "readings")?.layout(HiveLayout);
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
