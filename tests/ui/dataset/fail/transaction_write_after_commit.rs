//~ error[E0382]: borrow of moved value: `transaction`

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let transaction = readings.begin(metadata! {}).await?;
    transaction.commit().await?;
    transaction.write(&[Reading { celsius: 21.5 }]).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
