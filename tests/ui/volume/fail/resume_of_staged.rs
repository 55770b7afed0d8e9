//~ error[E0277]: a session begins or goes on at a snapshot, and this handle is `Volume<lode::Staged>`

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    let session = volume.sessions().await?[0].id;
    staged.resume(session).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
