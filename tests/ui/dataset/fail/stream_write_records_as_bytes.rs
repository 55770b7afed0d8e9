//~ error[E0277]: `Reading` is not a blob

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let _writer = readings.stream_write(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
