//~ error[E0308]: mismatched types

use lode::{Blob, Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let backups = Dataset::<Blob>::new(store, "backups")?;
    let snapshot = backups.write(b"all of it", metadata! {}).await?;
    let _transaction = readings.begin(metadata! {}).on(&snapshot).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
