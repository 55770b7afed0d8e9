//~ error[E0277]: `Blob` is not written record by record

use lode::{Blob, Dataset, Store, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    let _transaction = backups.begin(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
