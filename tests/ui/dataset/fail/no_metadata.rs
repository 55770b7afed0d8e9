//~ error[E0061]: this method takes 2 arguments but 1 argument was supplied

use lode::{Dataset, Store};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    readings.write(&[Reading { celsius: 21.5 }]).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
