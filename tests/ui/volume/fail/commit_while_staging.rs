//~ error[E0505]: cannot move out of `staged` because it is borrowed

use lode::{Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    let block = staged.stage_write_at(512, b"data");
    let _volume = staged.commit(metadata! {}).await?;
    block.await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
