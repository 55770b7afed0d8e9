//~ error[E0277]: every snapshot has metadata, and `std::option::Option<lode::Metadata>` is not metadata

use lode::{Dataset, Store};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    readings.write(&[Reading { celsius: 21.5 }], None::<lode::Metadata>).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
