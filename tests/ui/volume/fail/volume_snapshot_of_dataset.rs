//~ error[E0308]: mismatched types

use lode::{Blob, Dataset, Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "disk")?;
    let volume = Volume::open(store, "disk").await?;
    backups.snapshot(volume.snapshot_id()).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
