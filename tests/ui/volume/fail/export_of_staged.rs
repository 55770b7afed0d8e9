//~ error[E0277]: a volume is read at a snapshot, and this handle is `Volume<lode::Staged>`

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    staged.export_to("disk.img").await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
