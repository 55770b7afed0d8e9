//~ error[E0277]: `[u8; 3]` is not a source of `Reading` records

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let transaction = readings.begin(metadata! {}).await?;
    transaction.stream_write_records([1_u8, 2, 3]).await?;
    transaction.commit().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
