//~ error[E0277]: `&str` is not bytes that can be stored

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let _staged = volume.stage_write_at(0, "boot").await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
