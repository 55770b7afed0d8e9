//~ error[E0599]: no method named `commit` found for struct `TransactionWriter<T>` in the current scope

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let transaction = readings.begin(metadata! {}).await?;
    let writer = transaction.writer();
    writer.commit().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
