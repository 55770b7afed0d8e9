//~ error[E0505]: cannot move out of `transaction` because it is borrowed

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let transaction = readings.begin(metadata! {}).await?;
    let attached = transaction.attach("notes", b"beside");
    transaction.commit().await?;
    attached.await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
