//~ error: unused `Resume` that must be used

#![deny(unused_must_use)]

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    volume.resume(volume.sessions().await?[0].id);
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
