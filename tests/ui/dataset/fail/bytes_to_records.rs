//~ error[E0308]: mismatched types

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    readings.write(b"21.5", metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
