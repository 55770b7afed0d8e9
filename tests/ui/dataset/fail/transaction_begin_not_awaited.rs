//~ error: unused `lode::Begin` that must be used

#![deny(unused_must_use)]

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    readings.begin(metadata! {});
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
