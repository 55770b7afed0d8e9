//~ error[E0308]: mismatched types

use lode::{Blob, Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    backups.write(&[Reading { celsius: 21.5 }], metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
