//~ error[E0277]: `Blob` has no records to read

use lode::{Blob, Dataset, Store, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    let snapshot = backups.write(b"all of it", metadata! {}).await?;
    backups.read(&snapshot).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
