//~ error[E0599]: no method named `commit` found for struct `Stager` in the current scope

use lode::{Store, Volume, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let stager = volume.stager();
    stager.stage_write_at(0, b"boot").await?;
    stager.commit(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
