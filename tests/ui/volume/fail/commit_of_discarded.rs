//~ error[E0599]: no method named `commit` found for enum `Discarded` in the current scope

use lode::{Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    let _volume = staged.discard(0..4).commit(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
