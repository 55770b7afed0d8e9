//~ error[E0277]: a volume is read at a snapshot, and this handle is `Volume<lode::New>`

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    volume.read_at(0..4).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
