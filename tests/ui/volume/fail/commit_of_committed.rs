//~ error[E0277]: nothing is staged through this handle, a `Volume<lode::Committed>`

use lode::{Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::open(store, "disk").await?;
    volume.commit(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
