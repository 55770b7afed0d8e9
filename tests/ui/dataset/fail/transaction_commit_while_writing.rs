//~ error[E0505]: cannot move out of `transaction` because it is borrowed

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let transaction = readings.begin(metadata! {}).await?;
    let source = [Reading { celsius: 21.5 }];
    let staged = transaction.stream_write_records(source);
    transaction.commit().await?;
    staged.await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
