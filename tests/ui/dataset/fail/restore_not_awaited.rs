//~ error: unused `lode::Restore` that must be used

#![deny(unused_must_use)]

use lode::{Blob, Dataset, SnapshotId, Store, metadata};

async fn run(store: &Store, id: SnapshotId) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    backups.restore(id, metadata! {});
    Ok(())
}

fn main() -> lode::Result<()> {
    let _ = run(&Store::memory(), SnapshotId::new(1)?);
    Ok(())
}
