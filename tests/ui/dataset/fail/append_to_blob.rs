//~ error[E0277]: `Blob` cannot be appended to

use lode::{Blob, Dataset, Store, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    backups.append(b"more", metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
