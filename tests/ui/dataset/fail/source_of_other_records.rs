//~ error[E0277]: `Vec<u32>` is not a source of `Reading` records

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    readings.stream_write_records(vec![1_u32, 2], metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
