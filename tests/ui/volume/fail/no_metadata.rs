//~ error[E0061]: this method takes 1 argument but 0 arguments were supplied

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    let _volume = staged.commit().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
