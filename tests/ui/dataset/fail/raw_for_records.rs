//~ error[E0277]: `Raw` is not a codec for `Reading`

use lode::{Dataset, Store, codec::Raw};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let _readings = Dataset::<Reading>::new(store, "readings")?.codec(Raw::new());
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
