//~ error[E0451]: fields `volume` and `name` of struct `StagedBlock` are private

use lode::{StagedBlock, Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let block = volume.stager().stage_write_at(0, b"boot").await?;
    let forged = StagedBlock { volume: "other".parse()?, ..block };
    let _staged = volume.accept(forged).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
