//~ error[E0308]: mismatched types

use lode::{Blob, Dataset, Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "disk")?;
    let snapshot = backups.write(b"boot", metadata! {}).await?;
    let _volume = Volume::open_at(store, "disk", snapshot.id()).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
