//~ error[E0382]: borrow of moved value: `staged`

use lode::{Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    let _volume = staged.commit(metadata! {}).await?;
    staged.stage_write_at(512, b"data").await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
