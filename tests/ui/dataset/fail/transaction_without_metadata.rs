//~ error[E0061]: this method takes 1 argument but 0 arguments were supplied

use lode::{Dataset, Store};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let _transaction = readings.begin().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
