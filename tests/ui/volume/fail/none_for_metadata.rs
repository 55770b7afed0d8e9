//~ error[E0277]: every snapshot has metadata, and `Option<lode::Metadata>` is not metadata

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    let _volume = staged.commit(None::<lode::Metadata>).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
