//~ error[E0277]: `DefaultLayout` has no partitions to replace

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    #[lode(partition)]
    sensor: String,
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let _transaction = readings.begin(metadata! {}).replace_partitions().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
