//~ error[E0277]: `Reading` is not a lode record

use lode::{Dataset, Store};

#[derive(serde::Serialize, serde::Deserialize)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let _readings = Dataset::<Reading>::new(store, "readings")?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
