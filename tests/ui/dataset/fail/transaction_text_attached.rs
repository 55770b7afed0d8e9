//~ error[E0277]: `&str` is not bytes that can be stored

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let transaction = readings.begin(metadata! {}).await?;
    transaction.attach("notes", "beside").await?;
    transaction.commit().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
