//~ error[E0277]: nothing is staged through this handle, a `Volume<lode::New>`

use lode::{Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    volume.commit(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
