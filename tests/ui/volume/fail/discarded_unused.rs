//~ error: unused `Discarded` that must be used

#![deny(unused_must_use)]

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    staged.discard(0..4);
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
