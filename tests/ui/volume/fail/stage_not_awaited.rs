//~ error: unused pinned boxed `Future` trait object that must be used

#![deny(unused_must_use)]

use lode::{Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    staged.stage_write_at(512, b"data");
    let _volume = staged.commit(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
