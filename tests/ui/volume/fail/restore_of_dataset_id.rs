//~ error[E0308]: mismatched types

use lode::{SnapshotId, Store, Volume, metadata};

async fn run(store: &Store, id: SnapshotId) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 100)?;
    let _ = volume.restore(id, metadata! {}).await?;
    Ok(())
}

fn main() -> lode::Result<()> {
    let _ = run(&Store::memory(), SnapshotId::new(1)?);
    Ok(())
}
